//! Where the time of a training goes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// A part of a training's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Making and feeding what the model learns from: the hooks that feed a run, before it.
    Input,
    /// The runs of the session.
    Compute,
    /// The other hooks, and feeding hooks after the run.
    Hooks,
    /// Saving, as far as the loop waits for it.
    Save,
}

impl Part {
    /// Every part, in the order of a step.
    pub const ALL: [Self; 4] = [Self::Input, Self::Compute, Self::Hooks, Self::Save];

    /// The name: `input`, `compute`, `hooks`, `save`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Compute => "compute",
            Self::Hooks => "hooks",
            Self::Save => "save",
        }
    }
}

/// Where the time of a training went so far, part by part; a clone is the same account.
///
/// The loop enters what it measures, and whoever makes batches outside of hooks may enter that, from any thread.
///
/// ```
/// use std::time::Duration;
/// use everstep_hook::{Part, Times};
///
/// let times = Times::default();
/// times.clone().add(Part::Input, Duration::from_millis(2));
/// assert_eq!(times.total(Part::Input), Duration::from_millis(2));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Times(Arc<[AtomicU64; Part::ALL.len()]>);

impl Times {
    /// Enters time that a part took.
    pub fn add(&self, part: Part, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0[part as usize].fetch_add(nanos, Ordering::Relaxed);
    }

    /// What a part took so far.
    pub fn total(&self, part: Part) -> Duration {
        Duration::from_nanos(self.0[part as usize].load(Ordering::Relaxed))
    }
}
