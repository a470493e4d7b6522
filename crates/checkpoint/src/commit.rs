//! The writer's side of a directory: its claim, its commits, and what dead writers left.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    time::UNIX_EPOCH,
};

use everstep_tensor::{Error, ErrorKind, Result, Which};

use crate::{
    Claim, Contents, Draft,
    directory::{Directory, lock},
    fact,
    name::{self, Stem},
};

/// The file by which a writer claims the directory.
const CLAIM: &str = ".checkpoint.lock";

/// What is stored beside the checkpoint that is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) metrics: Vec<(String, f64)>,
    pub(crate) pinned: bool,
}

/// A checkpoint that is durable.
#[derive(Debug)]
pub(crate) struct Committed {
    stem: Stem,
    pub(crate) bytes: u64,
    /// Saves of the same step.
    earlier: Vec<Stem>,
}

impl Directory {
    /// Makes the directory, refuses a second writer, and removes what dead ones left; nothing if it is claimed.
    pub(crate) fn claim(&self) -> Result<()> {
        let mut claim = lock(&self.claim);
        if claim.is_some() {
            return Ok(());
        }
        self.storage.prepare().map_err(|error| self.unusable("create the checkpoint directory", "", error.into()))?;
        let claimed = self.lock_out_others()?;
        self.sweep()?;
        *claim = claimed;
        Ok(())
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

    /// Writes a checkpoint so that it is there whole or not at all; tells its bytes and what it supersedes.
    pub(crate) fn write(&self, contents: &Contents, facts: &Facts) -> Result<Committed> {
        self.claim()?;
        let earlier = self.stems(Which::Step(contents.step))?;
        let stem = Stem { step: contents.step, attempt: earlier.first().map_or(1, |stem| stem.attempt + 1) };
        let bytes = self.commit(contents, stem, facts, &earlier).map_err(|error| {
            self.discard(stem);
            self.unusable("save", &self.main_of(stem), error)
        })?;
        if let Ok(since) = (self.now)().duration_since(UNIX_EPOCH) {
            lock(&self.saved_at).insert(stem, since.as_secs_f64());
        }
        Ok(Committed { stem, bytes, earlier })
    }

    /// Removes what this checkpoint supersedes, and what the rules do not keep beside it.
    pub(crate) fn tidy(&self, committed: Committed) {
        self.remove_all(&committed.earlier.into_iter().collect());
        self.retain(Some(committed.stem));
    }

    /// Facts and parts, then the main file under a temporary name, then its own.
    fn commit(&self, contents: &Contents, stem: Stem, facts: &Facts, earlier: &[Stem]) -> Result<u64> {
        for (metric, value) in &facts.metrics {
            self.put_new(&stem.file(&fact::suffix_of(metric)), format!("{value:?}\n").as_bytes())?;
        }
        let names: BTreeSet<String> = self.listed()?.into_iter().map(|file| file.name).collect();
        if facts.pinned || earlier.iter().any(|stem| names.contains(&stem.file(fact::PINNED))) {
            self.put_new(&stem.file(fact::PINNED), b"")?;
        }
        let mut draft = Draft::new(self.storage.clone(), self.main_of(stem));
        let written = self.format.write(contents, &mut draft).and_then(|()| draft.commit());
        written.inspect_err(|_| draft.discard())
    }

    /// Removes the facts of a checkpoint that was not committed.
    fn discard(&self, stem: Stem) {
        let listed = self.listed().unwrap_or_default();
        if listed.iter().any(|file| file.name == self.main_of(stem)) {
            // It got its name, and only that is not durable.
            return;
        }
        let facts = listed
            .iter()
            .filter(|file| Stem::of(&file.name).is_some_and(|(of, suffix)| of == stem && fact::is_fact(suffix)));
        facts.for_each(|file| self.remove_file(&file.name));
    }

    /// A small file under a name that nobody looks at yet.
    fn put_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.storage.create(name)?;
        file.write_all(bytes)?;
        file.sync()
    }

    /// A small file, whole or as it was before.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let _one_at_a_time = lock(&self.putting);
        if self.storage.appears_whole() {
            return self.put_new(name, bytes);
        }
        let temporary = name::temporary(name);
        let put = self.put_new(&temporary, bytes).and_then(|()| self.storage.rename(&temporary, name));
        if put.is_err() {
            self.storage.remove(&temporary).ok();
        }
        put.and_then(|()| self.storage.sync())
    }

    /// Removes temporary files, and parts and facts without a main file: what dead writers left.
    fn sweep(&self) -> Result<()> {
        let names: BTreeSet<String> = self.listed()?.into_iter().map(|file| file.name).collect();
        let has_main = |stem: Stem| names.contains(&self.main_of(stem));
        let is_debris = |name: &str| match name::of_temporary(name) {
            Some(target) => target == crate::state::NAME || Stem::of(target).is_some(),
            None => Stem::of(name).is_some_and(|(stem, suffix)| self.is_beside(suffix) && !has_main(stem)),
        };
        names.iter().filter(|name| is_debris(name)).for_each(|name| self.remove_file(name));
        Ok(())
    }

    /// A file that stays costs space, never a run.
    pub(crate) fn remove_file(&self, name: &str) {
        if let Err(error) = self.storage.remove(name) {
            log::warn!("cannot remove {}: {error}; it stays", self.storage.location(name));
        }
    }
}

/// This process, for the one that is refused.
fn holder() -> String {
    let host = ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let host = host.or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok());
    format!("process {} on {}", std::process::id(), host.as_deref().map_or("this host", str::trim))
}
