//! The list of what is there, and the removal of what is too much.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    time::UNIX_EPOCH,
};

use everstep_tensor::{ErrorKind, Result, Which};

use crate::{
    Kept, Listed,
    directory::{Directory, lock},
    fact,
    name::Stem,
    state,
};

impl Directory {
    /// Everything that has a main file, ascending, whether it is in order or not.
    pub(crate) fn list(&self) -> Result<Vec<Kept>> {
        let listed = self.listed()?;
        let mut times = self.read_text(state::NAME).map(|text| state::times(&text)).unwrap_or_default();
        times.extend(lock(&self.saved_at).iter());
        let mut stems = self.stems_of(&listed, Which::Newest);
        stems.reverse();
        Ok(stems.into_iter().map(|stem| self.kept(stem, &listed, &times)).collect())
    }

    fn kept(&self, stem: Stem, listed: &[Listed], times: &BTreeMap<Stem, f64>) -> Kept {
        let main = self.main_of(stem);
        let own: Vec<(&str, &Listed)> =
            listed.iter().filter_map(|file| Some((self.suffix_in(stem, file)?, file))).collect();
        let metric = |(suffix, file): &(&str, &Listed)| Some((fact::metric_of(suffix)?, self.measure(&file.name)?));
        let modified = listed.iter().find(|file| file.name == main).and_then(|file| file.modified);
        let modified = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs_f64());
        Kept {
            stem,
            step: stem.step,
            location: self.storage.location(&main),
            bytes: own.iter().map(|(_, file)| file.length).sum(),
            saved_at: times.get(&stem).copied().or(modified),
            metrics: own.iter().filter_map(metric).collect(),
            pinned: own.iter().any(|(suffix, _)| *suffix == fact::PINNED),
        }
    }

    /// The file's suffix, if it belongs to this checkpoint.
    fn suffix_in<'f>(&self, stem: Stem, file: &'f Listed) -> Option<&'f str> {
        let (of, suffix) = Stem::of(&file.name)?;
        (of == stem && (suffix == self.format.extension() || self.is_beside(suffix))).then_some(suffix)
    }

    fn measure(&self, name: &str) -> Option<f64> {
        self.read_text(name)?.trim().parse().ok()
    }

    /// A small file; `None` if it cannot be read.
    fn read_text(&self, name: &str) -> Option<String> {
        const MOST: u64 = 16 << 20;
        let file = self.storage.open(name).ok().filter(|file| file.length() < MOST)?;
        let mut bytes = vec![0; usize::try_from(file.length()).ok()?];
        file.read_at(0, &mut bytes).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// Adds a measure to a checkpoint that is there.
    pub(crate) fn annotate(&self, step: u64, metric: &str, value: f64) -> Result<()> {
        let stem = self.newest_of(step)?;
        let name = stem.file(&fact::suffix_of(metric));
        let put = || self.put(&name, format!("{value:?}\n").as_bytes());
        // A writer that starts just now may take the temporary file for what a dead one left.
        let done = put().or_else(|error| if error.kind() == io::ErrorKind::NotFound { put() } else { Err(error) });
        done.map_err(|error| self.unusable("write", &name, error.into()))
    }

    /// Deletes the surplus, and says what is left in the state file; neither ever fails a save.
    pub(crate) fn retain(&self, written: Option<Stem>) {
        let all = match self.list() {
            Ok(all) => all,
            Err(error) => return log::warn!("the surplus stays: {error}"),
        };
        let surplus = self.surplus(&all, written);
        self.remove_all(&surplus);
        let left: Vec<Kept> = all.into_iter().filter(|kept| !surplus.contains(&kept.stem)).collect();
        match self.put(state::NAME, state::text(&left).as_bytes()) {
            Ok(()) => lock(&self.saved_at).clear(),
            Err(error) => log::warn!("cannot write {}: {error}", self.storage.location(state::NAME)),
        }
    }

    /// Everything, of which those are known that are damaged.
    pub(crate) fn verified_list(&self) -> Result<Vec<Kept>> {
        let all = self.list()?;
        for kept in &all {
            if self.read(kept.stem).is_err_and(|error| error.kind() == ErrorKind::DataLoss) {
                lock(&self.damaged).insert(kept.stem);
            }
        }
        Ok(all)
    }

    /// What no rule keeps, and what is damaged and older than what was just written.
    pub(crate) fn surplus(&self, all: &[Kept], written: Option<Stem>) -> BTreeSet<Stem> {
        let (mut complete, mut damaged) = (Vec::new(), Vec::new());
        for kept in all {
            match self.check(kept.stem) {
                Ok(()) => complete.push(kept.clone()),
                Err(error) if error.kind() == ErrorKind::DataLoss => damaged.push(kept),
                // It may be in order, and cannot be read just now.
                Err(_) => {}
            }
        }
        let mut stay = self.keep.choose(&complete);
        stay.extend(complete.last().map(|newest| newest.stem));
        stay.extend(written);
        let surplus = complete.iter().filter(|kept| !stay.contains(&kept.stem));
        let superseded = damaged.into_iter().filter(|kept| written.is_some_and(|written| kept.stem < written));
        surplus.chain(superseded).filter(|kept| !kept.pinned).map(|kept| kept.stem).collect()
    }

    /// Main files first, durably: what is left without them is debris.
    pub(crate) fn remove_all(&self, stems: &BTreeSet<Stem>) {
        if stems.is_empty() {
            return;
        }
        stems.iter().for_each(|stem| self.remove_file(&self.main_of(*stem)));
        if let Err(error) = self.storage.sync() {
            return log::warn!("{} cannot be synced: {error}", self.storage.location(""));
        }
        let listed = self.listed().unwrap_or_default();
        let is_of = |file: &Listed| stems.iter().any(|stem| self.suffix_in(*stem, file).is_some());
        listed.iter().filter(|file| is_of(file)).for_each(|file| self.remove_file(&file.name));
    }
}
