//! The directory of checkpoints: names, commits, retention, and the search for one that restores.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
};

use everstep_tensor::{Checkpoint, Error, ErrorKind, Result, Which};

use crate::{Contents, Format, platform};

/// What the names of temporary files have behind the name that they will get, before the writer's process number.
const TEMPORARY: &str = ".tmp-";
/// What the name of the file that pins a checkpoint has behind the checkpoint's.
const PINNED: &str = ".pinned";

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) path: PathBuf,
    pub(crate) keep: usize,
    pub(crate) format: Arc<dyn Format>,
    pub(crate) instruction_set: String,
    pub(crate) swept: Once,
    /// The steps whose files were found damaged when they were opened.
    pub(crate) damaged: Mutex<BTreeSet<u64>>,
}

/// Who may delete the checkpoint that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Retention,
    Pinned,
}

impl Directory {
    pub(crate) fn path_of(&self, step: u64) -> PathBuf {
        self.path.join(format!("checkpoint-{step}.{}", self.format.extension()))
    }

    /// Writes a checkpoint so that it is there whole or not at all, then deletes the surplus.
    pub(crate) fn write(&self, contents: &Contents, lifetime: Lifetime) -> Result<()> {
        self.create()?;
        self.swept.call_once(|| self.sweep());
        let target = self.path_of(contents.step);
        if lifetime == Lifetime::Pinned {
            let pin = pin(&target);
            File::create(&pin).map_err(|error| unusable("write", &pin, error.into()))?;
        }
        self.commit(contents, &target)?;
        self.damaged().remove(&contents.step);
        self.retain(contents.step);
        Ok(())
    }

    /// Opens the newest that fits and restores; warns of each that was passed over.
    pub(crate) fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        let mut steps = self.steps(which)?;
        loop {
            let mut faults = Vec::new();
            for step in &steps {
                match self.open_step(*step) {
                    Ok(checkpoint) => return Ok(Some(checkpoint)),
                    Err(error) if is_in_order(&error) => return Err(error),
                    Err(error) => faults.push(self.pass_over(*step, error)),
                }
            }
            // Another process may have saved and deleted meanwhile: what counts is a directory that stands still.
            let now = self.steps(which)?;
            if now == steps {
                return if faults.is_empty() { Ok(None) } else { Err(self.none_restores(&faults)) };
            }
            steps = now;
        }
    }

    /// By the files' names alone; opening may pass over the newest.
    pub(crate) fn newest_step(&self) -> Result<Option<u64>> {
        Ok(self.steps(Which::Newest)?.first().copied())
    }

    /// The steps that fit, newest first; none if there is no directory.
    fn steps(&self, which: Which) -> Result<Vec<u64>> {
        let mut steps: Vec<u64> = self.names()?.iter().filter_map(|name| self.step_of(name)).collect();
        steps.retain(|step| match which {
            Which::Newest => true,
            Which::Step(wanted) => *step == wanted,
            Which::NewestBefore(limit) => *step < limit,
        });
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    fn names(&self) -> Result<Vec<String>> {
        let read = || fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name())).collect();
        match read() {
            Ok(names) => {
                let names: Vec<std::ffi::OsString> = names;
                Ok(names.into_iter().filter_map(|name| name.into_string().ok()).collect())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(unusable("read the checkpoint directory", &self.path, error.into())),
        }
    }

    /// The step in a name that [`path_of`](Self::path_of) gives; foreign names are left alone.
    fn step_of(&self, name: &str) -> Option<u64> {
        let step = name.strip_prefix("checkpoint-")?.strip_suffix(self.format.extension())?.strip_suffix('.')?;
        step.parse().ok().filter(|number: &u64| number.to_string() == step)
    }

    fn open_step(&self, step: u64) -> Result<Checkpoint> {
        let path = self.path_of(step);
        let contents = self.format.open(&path)?;
        check_step(&path, step, contents.step)?;
        let (saved, here) = (&contents.instruction_set, &self.instruction_set);
        if saved != here && !saved.is_empty() && !here.is_empty() {
            log::warn!("{} was saved on {saved}, this is {here}: a resume may differ in the last bits", path.display());
        }
        Ok(Checkpoint { step, location: path.display().to_string(), variables: Box::new(contents.variables) })
    }

    /// Remembers the damage, so that retention does not count the file, and gives the fault in a line.
    fn pass_over(&self, step: u64, error: Error) -> String {
        log::warn!("passed over the checkpoint of step {step}: {error}");
        self.damaged().insert(step);
        error.to_string()
    }

    fn none_restores(&self, faults: &[String]) -> Error {
        let message = format!(
            "no checkpoint in {} restores: {}; bring back a copy that does, or remove them to start anew",
            self.path.display(),
            faults.join("; ")
        );
        Error::new(ErrorKind::DataLoss, message)
    }

    /// Creates the directory and those above it, durably.
    fn create(&self) -> Result<()> {
        let missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let created: Vec<&Path> = self.path.ancestors().take_while(missing).collect();
        let sync = |path: &Path| path.parent().map_or(Ok(()), platform::sync_directory);
        let done = fs::create_dir_all(&self.path).and_then(|()| created.into_iter().try_for_each(sync));
        done.map_err(|error| unusable("create the checkpoint directory", &self.path, error.into()))
    }

    /// Temporary name, content, file sync, rename, directory sync; a failure leaves no temporary file.
    fn commit(&self, contents: &Contents, target: &Path) -> Result<()> {
        let temporary = temporary(target);
        let file = lock(&temporary).map_err(|error| unusable("save", target, error))?;
        // The lock is held until the file has its name: nobody takes it for debris.
        let renamed = self.fill(&file, contents).and_then(|()| Ok(fs::rename(&temporary, target)?));
        if let Err(error) = renamed {
            // What is left where even this fails is debris for the next process to sweep.
            fs::remove_file(&temporary).ok();
            return Err(unusable("save", target, error));
        }
        platform::sync_directory(&self.path).map_err(|error| unusable("save", target, error.into()))
    }

    /// Writes the contents, durably.
    fn fill(&self, file: &File, contents: &Contents) -> Result<()> {
        let mut writer = BufWriter::new(file);
        self.format.write(contents, &mut writer)?;
        writer.flush()?;
        Ok(file.sync_all()?)
    }

    /// Removes the temporary files of writers that are dead.
    fn sweep(&self) {
        let names = self.names().unwrap_or_default();
        names.iter().filter(|name| self.is_temporary(name)).map(|name| self.path.join(name)).for_each(remove_if_dead);
    }

    fn is_temporary(&self, name: &str) -> bool {
        let parts = name.strip_prefix('.').and_then(|name| name.split_once(TEMPORARY));
        parts.is_some_and(|(target, process)| self.step_of(target).is_some() && process.parse::<u32>().is_ok())
    }

    /// Deletes what is older than the newest `keep` that are complete; never the one just written, nor a pinned one.
    fn retain(&self, written: u64) {
        if self.keep == 0 {
            return;
        }
        let mut kept = 0;
        for step in self.steps(Which::Newest).unwrap_or_default() {
            let path = self.path_of(step);
            if pin(&path).exists() {
                continue;
            }
            if kept >= self.keep && step != written {
                remove(&path);
            } else if step == written || self.is_complete(step, &path) {
                kept += 1;
            }
        }
    }

    fn is_complete(&self, step: u64, path: &Path) -> bool {
        !self.damaged().contains(&step) && self.format.step(path).is_ok_and(|found| found == step)
    }

    fn damaged(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.damaged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_step(path: &Path, name: u64, content: u64) -> Result<()> {
    if name == content {
        return Ok(());
    }
    let message = format!("{} holds step {content}; give it its name back", path.display());
    Err(Error::new(ErrorKind::DataLoss, message))
}

/// Whether the file may well be in order (no permission, no free handle, a disk that does not answer), so that an older
/// one must not take its place; only what is damaged, or deleted meanwhile, is passed over.
fn is_in_order(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::DataLoss | ErrorKind::NotFound)
}

/// Beside the target, so that the rename stays within one file system; hidden, and named after the process.
fn temporary(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}{TEMPORARY}{}", std::process::id()))
}

/// The empty file that keeps a checkpoint from being deleted, whoever put it there.
fn pin(target: &Path) -> PathBuf {
    let mut path = target.as_os_str().to_owned();
    path.push(PINNED);
    path.into()
}

/// An empty file, locked for as long as it is held: the mark of a living writer.
fn lock(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(Error::new(ErrorKind::FailedPrecondition, "another saver is writing it"));
    }
    file.set_len(0)?;
    Ok(file)
}

/// A writer holds the lock while it lives; where there are no locks, nothing is known to be dead.
fn remove_if_dead(path: PathBuf) {
    if OpenOptions::new().write(true).open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
        remove(&path);
    }
}

/// A file that stays costs space, never a run.
fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        log::warn!("cannot remove {}: {error}; it stays", path.display());
    }
}

fn unusable(action: &str, path: &Path, error: Error) -> Error {
    let remedy = match error.kind() {
        ErrorKind::ResourceExhausted => "free some space or choose another directory",
        _ => "check permissions or choose another directory",
    };
    Error::new(error.kind(), format!("cannot {action} {}: {error}; {remedy}", path.display())).with_source(error)
}
