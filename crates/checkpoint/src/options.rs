//! How a saver works.

use std::{sync::Arc, time::SystemTime};

use crate::{Format, Keep, Native, platform};

/// How a [`Saver`](crate::Saver) works.
///
/// ```
/// use everstep_checkpoint::{Keep, Options, Saver, Writing};
///
/// let saver = Saver::new("runs/1", Options { keep: Keep::Last(3), writing: Writing::Blocking, ..Default::default() });
/// assert_eq!(saver.format().extension(), "everstep");
/// ```
#[derive(Clone, Debug)]
pub struct Options {
    /// Which complete checkpoints stay; by default the last five.
    pub keep: Keep,
    /// Who waits for the disk; a background thread by default.
    pub writing: Writing,
    /// How files are written and read; [`Native`] by default.
    pub format: Arc<dyn Format>,
    /// The instruction set that the values are computed with, recorded in each checkpoint; detected by default.
    pub instruction_set: String,
    /// The configuration of the run as text, recorded in each checkpoint with its SHA-256; empty for none.
    ///
    /// Opening a checkpoint that was saved under another one warns.
    pub config: String,
    /// What saves are dated by; the system's clock by default.
    pub now: fn() -> SystemTime,
}

/// Who waits for the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// A thread; `save` shares the values and returns. One checkpoint is written at a time.
    Background(Overlap),
    /// The caller; `save` returns when the checkpoint is durable.
    Blocking,
}

/// What becomes of a save that comes while an earlier one is still being written; a pinned one is always written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlap {
    /// The caller waits for the earlier one.
    #[default]
    Wait,
    /// The later one is left out; the loop makes the last one of a training all the same, for it asks
    /// [`is_kept`](everstep_tensor::Save::is_kept) first.
    Skip,
    /// The later one waits its turn on the thread, in place of one that waited before it.
    Replace,
}

/// On a thread; a save that comes too soon waits.
impl Default for Writing {
    fn default() -> Self {
        Self::Background(Overlap::default())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keep: Keep::default(),
            writing: Writing::default(),
            format: Arc::new(Native::default()),
            instruction_set: platform::instruction_set(),
            config: String::new(),
            now: SystemTime::now,
        }
    }
}
