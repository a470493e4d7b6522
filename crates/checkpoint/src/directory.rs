//! The directory of checkpoints: names, commits, retention, and the search for one that restores.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use everstep_tensor::{Checkpoint, Error, ErrorKind, Result, Which};

use crate::{
    Claim, Contents, Draft, Files, Format, Manifest, Storage,
    name::{self, Stem},
};

/// The file by which a writer claims the directory.
const CLAIM: &str = ".checkpoint.lock";
/// The suffix of the empty file that keeps a checkpoint from being deleted, whoever put it there.
const PINNED: &str = "pinned";

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) keep: usize,
    pub(crate) format: Arc<dyn Format>,
    pub(crate) instruction_set: String,
    /// Held from the first save on.
    pub(crate) claim: Mutex<Option<Box<dyn Claim>>>,
    /// Those that were found damaged when they were opened.
    pub(crate) damaged: Mutex<BTreeSet<Stem>>,
}

/// Who may delete the checkpoint that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    Retention,
    Pinned,
}

impl Directory {
    /// What every checkpoint notes.
    pub(crate) fn manifest(&self) -> Manifest {
        let instruction_set = Some(&self.instruction_set).filter(|set| !set.is_empty());
        instruction_set.into_iter().map(|set| ("instruction_set".into(), set.clone())).collect()
    }

    fn main_of(&self, stem: Stem) -> String {
        stem.file(self.format.extension())
    }

    pub(crate) fn location(&self, step: u64) -> String {
        let stems = self.stems(Which::Step(step)).unwrap_or_default();
        self.storage.location(&self.main_of(stems.first().copied().unwrap_or(Stem::first(step))))
    }

    /// Makes the directory, refuses a second writer, and removes what dead ones left; nothing if it is claimed.
    pub(crate) fn claim(&self) -> Result<()> {
        let mut claim = lock(&self.claim);
        if claim.is_some() {
            return Ok(());
        }
        self.storage.prepare().map_err(|error| self.unusable("create the checkpoint directory", "", error.into()))?;
        *claim = self.lock_out_others()?;
        self.sweep()
    }

    fn lock_out_others(&self) -> Result<Option<Box<dyn Claim>>> {
        match self.storage.claim(CLAIM, &holder()) {
            Ok(claim) => Ok(Some(claim)),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                let place = self.storage.location("");
                let message = format!("{place} is saved to by {error}; end that, or choose another directory");
                Err(Error::new(ErrorKind::FailedPrecondition, message))
            }
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                log::warn!("{} cannot be locked: nothing keeps a second writer out", self.storage.location(""));
                Ok(None)
            }
            Err(error) => Err(self.unusable("lock", CLAIM, error.into())),
        }
    }

    /// Writes a checkpoint so that it is there whole or not at all, then deletes the surplus; tells its bytes.
    pub(crate) fn write(&self, contents: &Contents, lifetime: Lifetime) -> Result<u64> {
        self.claim()?;
        let earlier = self.stems(Which::Step(contents.step))?;
        let attempt = earlier.first().map_or(1, |stem| stem.attempt + 1);
        let stem = Stem { step: contents.step, attempt };
        if lifetime == Lifetime::Pinned {
            self.pin(stem).map_err(|error| self.unusable("write", &stem.file(PINNED), error.into()))?;
        }
        let bytes = self.commit(contents, stem)?;
        earlier.into_iter().for_each(|stem| self.remove(stem));
        self.retain(stem);
        Ok(bytes)
    }

    fn pin(&self, stem: Stem) -> io::Result<()> {
        self.storage.create(&stem.file(PINNED))?.sync()
    }

    /// Opens the newest that fits and restores; warns of each that was passed over.
    pub(crate) fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        let mut stems = self.stems(which)?;
        loop {
            let mut faults = Vec::new();
            for stem in &stems {
                match self.open_stem(*stem) {
                    Ok(checkpoint) => return Ok(Some(checkpoint)),
                    Err(error) if is_in_order(&error) => return Err(error),
                    Err(error) => faults.push(self.pass_over(*stem, error)),
                }
            }
            // Another process may have saved and deleted meanwhile: what counts is a directory that stands still.
            let now = self.stems(which)?;
            if now == stems {
                return if faults.is_empty() { Ok(None) } else { Err(self.none_restores(&faults)) };
            }
            stems = now;
        }
    }

    /// By the files' names alone; opening may pass over the newest.
    pub(crate) fn newest_step(&self) -> Result<Option<u64>> {
        Ok(self.stems(Which::Newest)?.first().map(|stem| stem.step))
    }

    /// Those that fit, newest first; none if there is no directory.
    fn stems(&self, which: Which) -> Result<Vec<Stem>> {
        let names = self.names()?;
        let main = |name: &String| {
            Stem::of(name).and_then(|(stem, suffix)| (suffix == self.format.extension()).then_some(stem))
        };
        let mut stems: Vec<Stem> = names.iter().filter_map(main).collect();
        stems.retain(|stem| match which {
            Which::Newest => true,
            Which::Step(wanted) => stem.step == wanted,
            Which::NewestBefore(limit) => stem.step < limit,
        });
        stems.sort_unstable_by(|a, b| b.cmp(a));
        Ok(stems)
    }

    fn names(&self) -> Result<Vec<String>> {
        match self.storage.list() {
            Ok(listed) => Ok(listed.into_iter().map(|file| file.name).collect()),
            Err(error) => Err(self.unusable("read the checkpoint directory", "", error.into())),
        }
    }

    fn files(&self, stem: Stem) -> Files {
        Files::new(self.storage.clone(), self.main_of(stem))
    }

    fn open_stem(&self, stem: Stem) -> Result<Checkpoint> {
        let files = self.files(stem);
        let location = files.location();
        let contents = self.format.open(&files).map_err(|error| error.context(&location))?;
        check_step(&location, stem.step, contents.step)?;
        let saved = contents.manifest.get("instruction_set").map_or("", String::as_str);
        let here = &self.instruction_set;
        if saved != here && !saved.is_empty() && !here.is_empty() {
            log::warn!("{location} was saved on {saved}, this is {here}: a resume may differ in the last bits");
        }
        Ok(Checkpoint { step: stem.step, location, variables: Box::new(contents.variables) })
    }

    /// Remembers the damage, so that retention does not count the file, and gives the fault in a line.
    fn pass_over(&self, stem: Stem, error: Error) -> String {
        log::warn!("passed over the checkpoint of step {}: {error}", stem.step);
        lock(&self.damaged).insert(stem);
        error.to_string()
    }

    fn none_restores(&self, faults: &[String]) -> Error {
        let message = format!(
            "no checkpoint in {} restores: {}; bring back a copy that does, or remove them to start anew",
            self.storage.location(""),
            faults.join("; ")
        );
        Error::new(ErrorKind::DataLoss, message)
    }

    /// Parts, then the main file under a temporary name, then its own; a failure leaves nothing.
    fn commit(&self, contents: &Contents, stem: Stem) -> Result<u64> {
        let main = self.main_of(stem);
        let mut draft = Draft::new(self.storage.clone(), main.clone(), name::temporary(&main));
        let written = self.format.write(contents, &mut draft).and_then(|()| draft.commit());
        written.map_err(|error| {
            draft.discard();
            self.unusable("save", &main, error)
        })
    }

    /// Removes temporary files, and parts without a main file: what dead writers left.
    fn sweep(&self) -> Result<()> {
        let names = self.names()?;
        let has_main = |stem: Stem| names.contains(&self.main_of(stem));
        let is_debris = |name: &str| match name::of_temporary(name) {
            Some(target) => Stem::of(target).is_some(),
            None => Stem::of(name).is_some_and(|(stem, suffix)| self.is_beside(suffix) && !has_main(stem)),
        };
        names.iter().filter(|name| is_debris(name)).for_each(|name| self.remove_file(name));
        Ok(())
    }

    /// Whether a file of this suffix belongs to the main one beside it.
    fn is_beside(&self, suffix: &str) -> bool {
        suffix == PINNED || self.format.is_part(suffix)
    }

    /// Deletes what is older than the newest `keep` that are complete; never the one just written, nor a pinned one.
    fn retain(&self, written: Stem) {
        if self.keep == 0 {
            return;
        }
        let names = self.names().unwrap_or_default();
        let mut kept = 0;
        for stem in self.stems(Which::Newest).unwrap_or_default() {
            if names.contains(&stem.file(PINNED)) {
                continue;
            }
            if kept >= self.keep && stem != written {
                self.remove(stem);
            } else if stem == written || self.is_complete(stem) {
                kept += 1;
            }
        }
    }

    fn is_complete(&self, stem: Stem) -> bool {
        let described = || self.format.describe(&self.files(stem));
        !lock(&self.damaged).contains(&stem) && described().is_ok_and(|found| found.step == stem.step)
    }

    /// The main file first: what is left without it is debris.
    fn remove(&self, stem: Stem) {
        self.remove_file(&self.main_of(stem));
        let beside = |name: &&String| Stem::of(name).is_some_and(|(of, suffix)| of == stem && self.is_beside(suffix));
        self.names().unwrap_or_default().iter().filter(beside).for_each(|name| self.remove_file(name));
    }

    /// A file that stays costs space, never a run.
    fn remove_file(&self, name: &str) {
        if let Err(error) = self.storage.remove(name) {
            log::warn!("cannot remove {}: {error}; it stays", self.storage.location(name));
        }
    }

    fn unusable(&self, action: &str, name: &str, error: Error) -> Error {
        let remedy = match error.kind() {
            ErrorKind::ResourceExhausted => "free some space or choose another directory",
            _ => "check permissions or choose another directory",
        };
        let message = format!("cannot {action} {}: {error}; {remedy}", self.storage.location(name));
        Error::new(error.kind(), message).with_source(error)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This process, for the one that is refused.
fn holder() -> String {
    let host = ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let host = host.or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    format!("process {} on {}", std::process::id(), host.as_deref().map_or("this host", str::trim))
}

fn check_step(location: &str, name: u64, content: u64) -> Result<()> {
    if name == content {
        return Ok(());
    }
    let message = format!("{location} holds step {content}; give it its name back");
    Err(Error::new(ErrorKind::DataLoss, message))
}

/// Whether the file may well be in order (no permission, no free handle, a disk that does not answer), so that an older
/// one must not take its place; only what is damaged, or deleted meanwhile, is passed over.
fn is_in_order(error: &Error) -> bool {
    !matches!(error.kind(), ErrorKind::DataLoss | ErrorKind::NotFound)
}
