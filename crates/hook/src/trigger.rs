//! When periodic work is due.

use std::{sync::Arc, time::Duration};

use everstep_session::{Clock, Monotonic};

/// A period in steps, in seconds, or in both: then whichever comes first. Zero is never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Every {
    /// Steps between two times; 0 is never.
    pub steps: u64,
    /// Time between two times; zero is never.
    pub time: Duration,
}

impl Every {
    /// Never.
    pub const NEVER: Self = Self { steps: 0, time: Duration::ZERO };

    /// A period in steps; 0 is never.
    pub const fn steps(steps: u64) -> Self {
        Self { steps, time: Duration::ZERO }
    }

    /// A period of time; zero is never.
    pub const fn time(time: Duration) -> Self {
        Self { steps: 0, time }
    }

    /// A period in seconds; 0 and what is no positive number is never.
    pub fn secs(secs: f64) -> Self {
        Self::time(if secs > 0.0 { Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX) } else { Duration::ZERO })
    }

    /// Whether it never comes.
    pub const fn is_never(self) -> bool {
        self.steps == 0 && self.time.is_zero()
    }
}

/// Tells when periodic work is due: at the first step it is asked about, and then a period after the last time it
/// was done, as TensorFlow's `SecondOrStepTimer`; on a monotonic clock.
///
/// ```
/// use everstep_hook::{Every, Trigger};
///
/// let mut trigger = Trigger::new(Every::steps(3));
/// let done: Vec<u64> = (1..=10).filter(|step| trigger.is_due(*step) && { trigger.done(*step); true }).collect();
/// assert_eq!(done, [1, 4, 7, 10]);
/// ```
#[derive(Clone, Debug)]
pub struct Trigger {
    every: Every,
    clock: Arc<dyn Clock>,
    last: Option<(u64, Duration)>,
}

/// What passed between two times that a [`Trigger`]'s work was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    /// Steps; 0 if the step went back.
    pub steps: u64,
    /// Time.
    pub time: Duration,
}

impl Trigger {
    /// A trigger on the system's monotonic clock.
    pub fn new(every: Every) -> Self {
        Self::with_clock(every, Arc::new(Monotonic))
    }

    /// A trigger on a clock of the caller's.
    pub fn with_clock(every: Every, clock: Arc<dyn Clock>) -> Self {
        Self { every, clock, last: None }
    }

    /// Whether the work is due at this step: never twice at one step.
    pub fn is_due(&self, step: u64) -> bool {
        let Some((last_step, last_time)) = self.last else {
            return !self.every.is_never();
        };
        let Every { steps, time } = self.every;
        let by_steps = steps > 0 && step >= last_step.saturating_add(steps);
        let by_time = !time.is_zero() && self.clock.now() >= last_time.saturating_add(time);
        step != last_step && (by_steps || by_time)
    }

    /// Notes that the work was done at this step; tells what passed since the last time.
    pub fn done(&mut self, step: u64) -> Option<Elapsed> {
        let now = self.clock.now();
        let last = self.last.replace((step, now));
        last.map(|(last_step, last_time)| Elapsed { steps: step.saturating_sub(last_step), time: now - last_time })
    }

    /// The step at which the work was last done.
    pub fn last_step(&self) -> Option<u64> {
        self.last.map(|(step, _)| step)
    }
}
