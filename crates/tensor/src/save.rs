//! What keeps variable sets by step.

use std::{fmt, sync::Arc};

use crate::{Result, Variables};

/// Which of the kept sets to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest that can be restored.
    Newest,
    /// The one of this step.
    Step(u64),
    /// The newest of a step below this one.
    NewestBefore(u64),
}

/// An opened checkpoint.
pub struct Checkpoint {
    /// The global step it was saved at.
    pub step: u64,
    /// Where it is, for people: a path, an address.
    pub location: String,
    /// What it holds: the session's variables under their names, hooks' states as `hook/<name>/…`.
    pub variables: Box<dyn Variables + Send>,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint").field("step", &self.step).field("location", &self.location).finish_non_exhaustive()
    }
}

/// What is to be saved.
#[derive(Clone, Copy)]
pub struct Saving<'a> {
    /// The global step: the number of updates applied so far.
    pub step: u64,
    /// Everything that a resume needs.
    pub variables: &'a dyn Variables,
    /// Measures of this model, for retention.
    pub metrics: &'a [(String, f64)],
    /// Never delete this one.
    pub pinned: bool,
}

impl fmt::Debug for Saving<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, metrics, pinned, .. } = self;
        f.debug_struct("Saving")
            .field("step", step)
            .field("metrics", metrics)
            .field("pinned", pinned)
            .finish_non_exhaustive()
    }
}

/// Keeps variable sets by step; shared as `Arc<dyn Save>` by the loop, the scaffold and evaluation.
///
/// Laws: whenever the process ends, the newest set that was there or the new one can be opened; the only set that can
/// be opened is never deleted.
///
/// ```
/// use std::sync::Mutex;
/// use everstep_tensor::{Checkpoint, Result, Save, Saving, Snapshot, Tensor, Which};
///
/// /// Keeps every set in memory.
/// #[derive(Default)]
/// struct Memory(Mutex<Vec<(u64, Snapshot)>>);
///
/// impl Save for Memory {
///     fn save(&self, saving: &Saving<'_>) -> Result<()> {
///         self.0.lock().unwrap().push((saving.step, Snapshot::of(saving.variables)?));
///         Ok(())
///     }
///     fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
///         let fits = |step: u64| match which {
///             Which::Newest => true,
///             Which::Step(wanted) => step == wanted,
///             Which::NewestBefore(limit) => step < limit,
///         };
///         let kept = self.0.lock().unwrap();
///         let found = kept.iter().filter(|(step, _)| fits(*step)).max_by_key(|(step, _)| *step);
///         Ok(found.map(|(step, set)| Checkpoint { step: *step, location: "memory".into(), variables: Box::new(set.clone()) }))
///     }
/// }
///
/// let saver = Memory::default();
/// let model = Snapshot::from_iter([("weight", Tensor::scalar(1.0f32))]);
/// saver.save(&Saving { step: 3, variables: &model, metrics: &[], pinned: false })?;
/// assert_eq!(saver.open(Which::Newest)?.map(|checkpoint| checkpoint.step), Some(3));
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot keep checkpoints",
    note = "implement `Save::save` and `Save::open`"
)]
pub trait Save: Send + Sync {
    /// Keeps the set under its step; one that is there already is replaced.
    ///
    /// May return before it is durable: it must then hold values that later assignments do not change
    /// ([`Snapshot::of`](crate::Snapshot::of)), and return an error of an earlier save at the next call.
    ///
    /// # Errors
    /// Why this save, or an earlier one, is not kept.
    fn save(&self, saving: &Saving<'_>) -> Result<()>;

    /// Opens a kept set, verified.
    ///
    /// `Ok(None)` must mean that nothing that fits was ever kept.
    ///
    /// # Errors
    /// `DataLoss` if some exist and none of them verifies.
    fn open(&self, which: Which) -> Result<Option<Checkpoint>>;

    /// The step of the newest set, if that can be told without opening it; for those who wait for another one.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn newest_step(&self) -> Result<Option<u64>> {
        Ok(self.open(Which::Newest)?.map(|checkpoint| checkpoint.step))
    }

    /// Whether the set of this step is kept, once every save under way has ended; a saver that leaves saves out must say
    /// so here, for the loop then saves its last step again.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn is_kept(&self, _step: u64) -> Result<bool> {
        Ok(true)
    }

    /// Where the set of this step is or would be, for people: a path, an address.
    fn location(&self, step: u64) -> String {
        format!("step {step}")
    }

    /// Adds a measure that is known only after a later evaluation, for retention.
    ///
    /// # Errors
    /// `NotFound` if the step is not kept.
    fn annotate(&self, _step: u64, _metric: &str, _value: f64) -> Result<()> {
        Ok(())
    }

    /// Returns when everything is durable, or why it is not.
    ///
    /// # Errors
    /// The error of an earlier save that no call has returned yet.
    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

impl<T: Save + ?Sized> Save for Arc<T> {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        (**self).save(saving)
    }
    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        (**self).open(which)
    }
    fn newest_step(&self) -> Result<Option<u64>> {
        (**self).newest_step()
    }
    fn is_kept(&self, step: u64) -> Result<bool> {
        (**self).is_kept(step)
    }
    fn location(&self, step: u64) -> String {
        (**self).location(step)
    }
    fn annotate(&self, step: u64, metric: &str, value: f64) -> Result<()> {
        (**self).annotate(step, metric, value)
    }
    fn finish(&self) -> Result<()> {
        (**self).finish()
    }
}
