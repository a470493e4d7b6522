//! Tells when periodic work is due.

use std::{sync::Arc, time::Duration};

use everstep_session::{Clock, Monotonic};

use crate::{Every, When};

/// Tells when periodic work is due: an [`Every`] at the first step it is asked about, and then a period after the last
/// time the work was done, as TensorFlow's `SecondOrStepTimer`; on a monotonic clock. Never twice at one step.
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
    when: When,
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
    pub fn new(when: impl Into<When>) -> Self {
        Self::with_clock(when, Arc::new(Monotonic))
    }

    /// A trigger on a clock of the caller's.
    pub fn with_clock(when: impl Into<When>, clock: Arc<dyn Clock>) -> Self {
        Self { when: when.into(), clock, last: None }
    }

    /// When its work is wanted.
    pub fn when(&self) -> &When {
        &self.when
    }

    /// What its periods are measured by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Whether the work is due at this step: never twice at one step.
    pub fn is_due(&self, step: u64) -> bool {
        self.last_step() != Some(step) && self.holds(&self.when, step)
    }

    /// Whether the work is due because this step was the last; to be asked once, when training ends well.
    pub fn is_due_at_end(&self, step: u64) -> bool {
        self.last_step() != Some(step) && self.holds_at_end(&self.when, step)
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

    fn holds(&self, when: &When, step: u64) -> bool {
        match when {
            When::Every(every) => self.has_passed(*every, step),
            When::At(steps) => steps.contains(&step),
            When::First => self.last.is_none(),
            When::Last => false,
            When::Any(parts) => parts.iter().any(|part| self.holds(part, step)),
            When::All(parts) => parts.iter().all(|part| self.holds(part, step)),
        }
    }

    /// The end alone makes nothing due that does not ask for it: a part that does must be there.
    fn holds_at_end(&self, when: &When, step: u64) -> bool {
        match when {
            When::Last => true,
            When::Any(parts) => parts.iter().any(|part| self.holds_at_end(part, step)),
            When::All(parts) => {
                let both = |part| self.holds_at_end(part, step) || self.holds(part, step);
                parts.iter().any(|part| self.holds_at_end(part, step)) && parts.iter().all(both)
            }
            When::Every(_) | When::At(_) | When::First => false,
        }
    }

    fn has_passed(&self, Every { steps, time }: Every, step: u64) -> bool {
        let Some((last_step, last_time)) = self.last else {
            return steps > 0 || !time.is_zero();
        };
        let by_steps = steps > 0 && step >= last_step.saturating_add(steps);
        by_steps || (!time.is_zero() && self.clock.now() >= last_time.saturating_add(time))
    }
}
