//! A saver that keeps its sets in memory.

use std::sync::{Mutex, PoisonError};

use everstep_tensor::{Checkpoint, Result, Save, Saving, Snapshot, Which};

/// A saver that keeps every set in memory; the smallest `Save` that holds the laws.
#[derive(Debug, Default)]
pub struct MemorySave(Mutex<Vec<(u64, Snapshot)>>);

impl MemorySave {
    /// A saver that keeps nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The steps that were saved, in the order of the saves.
    pub fn steps(&self) -> Vec<u64> {
        self.lock().iter().map(|(step, _)| *step).collect()
    }

    /// The set that was saved last.
    pub fn last(&self) -> Option<Snapshot> {
        self.lock().last().map(|(_, set)| set.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Snapshot)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Save for MemorySave {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let set = Snapshot::of(saving.variables)?;
        self.lock().push((saving.step, set));
        Ok(())
    }

    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        let fits = |step: u64| match which {
            Which::Newest => true,
            Which::Step(wanted) => step == wanted,
            Which::NewestBefore(limit) => step < limit,
        };
        let kept = self.lock();
        let found = kept.iter().filter(|(step, _)| fits(*step)).max_by_key(|(step, _)| *step);
        let checkpoint = |(step, set): &(u64, Snapshot)| Checkpoint {
            step: *step,
            location: self.location(*step),
            variables: Box::new(set.clone()),
        };
        Ok(found.map(checkpoint))
    }
}
