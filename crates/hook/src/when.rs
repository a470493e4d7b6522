//! At which steps periodic work is wanted: plain data.

use std::{collections::BTreeSet, time::Duration};

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

    /// As [`When::or`].
    pub fn or(self, other: impl Into<When>) -> When {
        When::from(self).or(other)
    }

    /// As [`When::and`].
    pub fn and(self, other: impl Into<When>) -> When {
        When::from(self).and(other)
    }
}

/// When periodic work is wanted; a [`Trigger`](crate::Trigger) tells when that is so.
///
/// Periods are measured from the last time the work was done, whatever it was due by; an [`Every`] is wanted at once
/// while the work has not been done. So `or` adds occasions, and `and` with a period keeps them apart.
///
/// ```
/// use everstep_hook::{Every, Trigger, When};
///
/// let mut trigger = Trigger::new(Every::steps(4).or(When::at([3])).or(When::Last));
/// let mut done: Vec<u64> = (1..=9).filter(|step| trigger.is_due(*step) && { trigger.done(*step); true }).collect();
/// done.extend(trigger.is_due_at_end(9).then_some(9));
/// assert_eq!(done, [1, 3, 7, 9]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum When {
    /// At the first step that is asked about, and then a period after the work was last done.
    Every(Every),
    /// At exactly these steps; a run of several steps may pass one by.
    At(BTreeSet<u64>),
    /// While the work has not been done: at the first step that is asked about.
    First,
    /// At the last step of a training, which is known only when it ends well.
    Last,
    /// When any of these is; of none is never.
    Any(Vec<When>),
    /// When all of these are; of none is at every step.
    All(Vec<When>),
}

impl When {
    /// At exactly these steps.
    pub fn at(steps: impl IntoIterator<Item = u64>) -> Self {
        Self::At(steps.into_iter().collect())
    }

    /// When this or the other is.
    pub fn or(self, other: impl Into<Self>) -> Self {
        Self::Any(vec![self, other.into()])
    }

    /// When this and the other are.
    pub fn and(self, other: impl Into<Self>) -> Self {
        Self::All(vec![self, other.into()])
    }

    /// Whether it may be due at the end: what is then to be told must be kept from run to run.
    pub fn may_be_last(&self) -> bool {
        match self {
            Self::Last => true,
            Self::Any(parts) | Self::All(parts) => parts.iter().any(Self::may_be_last),
            Self::Every(_) | Self::At(_) | Self::First => false,
        }
    }
}

impl From<Every> for When {
    fn from(every: Every) -> Self {
        Self::Every(every)
    }
}
