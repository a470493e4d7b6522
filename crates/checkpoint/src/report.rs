//! What a save cost.

use std::time::Duration;

/// What became of a save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is durable.
    Written,
    /// An earlier one was being written, and [`Overlap::Skip`](crate::Overlap::Skip) left it out.
    Skipped,
    /// It waited, and a later one took its place.
    Replaced,
    /// It is not kept, and why.
    Failed(String),
}

/// What a save cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveReport {
    /// The global step.
    pub step: u64,
    /// What became of it.
    pub saved: Saved,
    /// How long the caller waited in `save`.
    pub stall: Duration,
    /// How long it was written, from its first byte until it was durable; what it makes surplus is removed after that.
    pub duration: Duration,
    /// The bytes of its files.
    pub bytes: u64,
}

impl SaveReport {
    /// Of a save of which nothing was written.
    pub(crate) fn left_out(step: u64, saved: Saved, stall: Duration) -> Self {
        Self { step, saved, stall, duration: Duration::ZERO, bytes: 0 }
    }
}
