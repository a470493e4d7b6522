//! Which checkpoints stay: rules that compose.

use std::{cmp::Ordering, collections::BTreeSet};

use crate::{Kept, name::Stem};

/// Which checkpoints stay; what no rule keeps is surplus and goes.
///
/// Every rule is a function of what is there now, of steps, times and measures that are stored with the checkpoints, so
/// that it decides the same after any restart. Whatever the rule, these stay: the newest that is complete, the one just
/// written, and pinned ones.
///
/// ```
/// use everstep_checkpoint::{Better, Keep};
///
/// let keep = Keep::Last(3).or(Keep::EveryHours(2.0)).or(Keep::best("loss", 2, Better::Lower));
/// assert_eq!(keep, Keep::Any(vec![Keep::Last(3), Keep::EveryHours(2.0), Keep::best("loss", 2, Better::Lower)]));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    /// All of them.
    All,
    /// The last so many by step.
    Last(usize),
    /// The first at or after each multiple of so many steps; 0 keeps none.
    EverySteps(u64),
    /// The oldest, and from each that stays the next one saved at least so many hours later.
    EveryHours(f64),
    /// The best so many by a metric; those without it do not stay, so let [`Keep::Last`] keep them until they have it.
    Best {
        /// Its name, as `Saving::metrics` or `annotate` gave it.
        metric: String,
        /// How many stay.
        count: usize,
        /// Which values are better; NaN is worse than all, and of equal ones the newer is better.
        better: Better,
    },
    /// What one of these rules keeps.
    Any(Vec<Keep>),
}

/// Which values of a metric are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Those of a loss.
    Lower,
    /// Those of an accuracy.
    Higher,
}

/// The last five.
impl Default for Keep {
    fn default() -> Self {
        Self::Last(5)
    }
}

impl Keep {
    /// The best `count` by `metric`.
    pub fn best(metric: impl Into<String>, count: usize, better: Better) -> Self {
        Self::Best { metric: metric.into(), count, better }
    }

    /// What this rule or `other` keeps.
    pub fn or(self, other: Self) -> Self {
        match self {
            Self::Any(mut rules) => {
                rules.push(other);
                Self::Any(rules)
            }
            rule => Self::Any(vec![rule, other]),
        }
    }

    /// Those of `all`, ascending by step, that stay.
    pub(crate) fn choose(&self, all: &[Kept]) -> BTreeSet<Stem> {
        match self {
            Self::All => all.iter().map(|kept| kept.stem).collect(),
            Self::Last(count) => all.iter().rev().take(*count).map(|kept| kept.stem).collect(),
            Self::EverySteps(steps) => every_steps(all, *steps),
            Self::EveryHours(hours) => every_hours(all, *hours),
            Self::Best { metric, count, better } => best(all, metric, *count, *better),
            Self::Any(rules) => rules.iter().flat_map(|rule| rule.choose(all)).collect(),
        }
    }
}

fn every_steps(all: &[Kept], steps: u64) -> BTreeSet<Stem> {
    let mut last = None;
    let mut is_first = |kept: &&Kept| {
        let multiple = kept.step.checked_div(steps);
        multiple.is_some() && std::mem::replace(&mut last, multiple) != multiple
    };
    all.iter().filter(|kept| is_first(kept)).map(|kept| kept.stem).collect()
}

fn every_hours(all: &[Kept], hours: f64) -> BTreeSet<Stem> {
    let mut last = f64::NEG_INFINITY;
    let mut is_due = |kept: &&Kept| {
        let is_due = kept.saved_at.is_some_and(|at| at - last >= hours * 3600.0);
        last = kept.saved_at.filter(|_| is_due).unwrap_or(last);
        is_due
    };
    all.iter().filter(|kept| is_due(kept)).map(|kept| kept.stem).collect()
}

fn best(all: &[Kept], metric: &str, count: usize, better: Better) -> BTreeSet<Stem> {
    let measured = |kept: &Kept| kept.metrics.get(metric).map(|value| (*value, kept.stem));
    let mut measured: Vec<(f64, Stem)> = all.iter().filter_map(measured).collect();
    measured.sort_by(|a, b| order(a.0, b.0, better).then(b.1.cmp(&a.1)));
    measured.into_iter().take(count).map(|(_, stem)| stem).collect()
}

/// The better one first, NaN last; −0 is as good as 0.
fn order(a: f64, b: f64, better: Better) -> Ordering {
    let (first, second) = if better == Better::Lower { (a, b) } else { (b, a) };
    first.partial_cmp(&second).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}
