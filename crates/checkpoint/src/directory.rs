//! The directory of checkpoints: what is there, and the search for one that restores.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use everstep_tensor::{Checkpoint, Error, ErrorKind, Result, Which};
use sha2::{Digest, Sha256};

use crate::{Claim, Contents, Files, Format, Keep, Listed, Manifest, Options, Storage, fact, name::Stem};

#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) keep: Keep,
    pub(crate) format: Arc<dyn Format>,
    pub(crate) now: fn() -> SystemTime,
    /// What every checkpoint notes.
    pub(crate) manifest: Manifest,
    /// Held from the first save on.
    pub(crate) claim: Mutex<Option<Box<dyn Claim>>>,
    /// Those that were found damaged when they were opened.
    pub(crate) damaged: Mutex<BTreeSet<Stem>>,
    /// Times that the state file does not tell yet.
    pub(crate) saved_at: Mutex<BTreeMap<Stem, f64>>,
    /// Held while a small file is replaced.
    pub(crate) putting: Mutex<()>,
}

impl Directory {
    pub(crate) fn new(storage: Arc<dyn Storage>, options: &Options) -> Self {
        Self {
            storage,
            keep: options.keep.clone(),
            format: options.format.clone(),
            now: options.now,
            manifest: manifest(options),
            claim: Mutex::default(),
            damaged: Mutex::default(),
            saved_at: Mutex::default(),
            putting: Mutex::default(),
        }
    }

    pub(crate) fn main_of(&self, stem: Stem) -> String {
        stem.file(self.format.extension())
    }

    pub(crate) fn location(&self, step: u64) -> String {
        let stems = self.stems(Which::Step(step)).unwrap_or_default();
        self.storage.location(&self.main_of(stems.first().copied().unwrap_or(Stem::first(step))))
    }

    /// Whether a file of this suffix belongs to the main one beside it.
    pub(crate) fn is_beside(&self, suffix: &str) -> bool {
        fact::is_fact(suffix) || self.format.is_part(suffix)
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
    pub(crate) fn stems(&self, which: Which) -> Result<Vec<Stem>> {
        Ok(self.stems_of(&self.listed()?, which))
    }

    /// The one of this step.
    pub(crate) fn newest_of(&self, step: u64) -> Result<Stem> {
        self.stems(Which::Step(step))?.first().copied().ok_or_else(|| {
            let message = format!("{} keeps no checkpoint of step {step}", self.storage.location(""));
            Error::new(ErrorKind::NotFound, message)
        })
    }

    pub(crate) fn stems_of(&self, listed: &[Listed], which: Which) -> Vec<Stem> {
        let main = |file: &Listed| {
            Stem::of(&file.name).and_then(|(stem, suffix)| (suffix == self.format.extension()).then_some(stem))
        };
        let mut stems: Vec<Stem> = listed.iter().filter_map(main).collect();
        stems.retain(|stem| match which {
            Which::Newest => true,
            Which::Step(wanted) => stem.step == wanted,
            Which::NewestBefore(limit) => stem.step < limit,
        });
        stems.sort_unstable_by(|a, b| b.cmp(a));
        stems
    }

    pub(crate) fn listed(&self) -> Result<Vec<Listed>> {
        self.storage.list().map_err(|error| self.unusable("read the checkpoint directory", "", error.into()))
    }

    fn files(&self, stem: Stem) -> Files {
        Files::new(self.storage.clone(), self.main_of(stem))
    }

    /// Whether it is complete, as far as can be told without reading its elements.
    pub(crate) fn check(&self, stem: Stem) -> Result<()> {
        if lock(&self.damaged).contains(&stem) {
            return Err(Error::new(ErrorKind::DataLoss, "it was found damaged when it was opened"));
        }
        let files = self.files(stem);
        let description = self.format.describe(&files).map_err(|error| error.context(files.location()))?;
        check_step(&files.location(), stem.step, description.step)
    }

    /// Reads and verifies every byte.
    pub(crate) fn read(&self, stem: Stem) -> Result<Contents> {
        let contents = crate::read(&self.files(stem), &*self.format)?;
        check_step(&self.files(stem).location(), stem.step, contents.step)?;
        Ok(contents)
    }

    fn open_stem(&self, stem: Stem) -> Result<Checkpoint> {
        let contents = self.read(stem)?;
        let location = self.files(stem).location();
        self.compare(&location, &contents.manifest);
        Ok(Checkpoint { step: stem.step, location, variables: Box::new(contents.variables) })
    }

    /// Warns where the run that saved was another one.
    fn compare(&self, location: &str, saved: &Manifest) {
        let differ = |note: &str| self.manifest.get(note).zip(saved.get(note)).filter(|(here, saved)| here != saved);
        if let Some((here, saved)) = differ(INSTRUCTION_SET) {
            log::warn!("{location} was saved on {saved}, this is {here}: a resume may differ in the last bits");
        }
        if let Some((here, saved)) = differ(CONFIG_HASH) {
            log::warn!("{location} was saved under another configuration: its SHA-256 is {saved}, this one's {here}");
        }
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

    pub(crate) fn unusable(&self, action: &str, name: &str, error: Error) -> Error {
        let remedy = match error.kind() {
            ErrorKind::ResourceExhausted => "free some space or choose another directory",
            _ => "check permissions or choose another directory",
        };
        let message = format!("cannot {action} {}: {error}; {remedy}", self.storage.location(name));
        Error::new(error.kind(), message).with_source(error)
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const INSTRUCTION_SET: &str = "instruction_set";
const CONFIG: &str = "config";
const CONFIG_HASH: &str = "config_sha256";

fn manifest(options: &Options) -> Manifest {
    let mut manifest = Manifest::new();
    if !options.instruction_set.is_empty() {
        manifest.insert(INSTRUCTION_SET.into(), options.instruction_set.clone());
    }
    if !options.config.is_empty() {
        let hash = Sha256::digest(options.config.as_bytes());
        manifest.insert(CONFIG_HASH.into(), hash.iter().map(|byte| format!("{byte:02x}")).collect());
        manifest.insert(CONFIG.into(), options.config.clone());
    }
    manifest
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
