//! One thing that a run says about itself.

use std::{sync::Arc, time::SystemTime};

use crate::What;

/// One thing that a run says about itself, at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When it was said, by the wall clock.
    pub wall_time: SystemTime,
    /// The global step it belongs to: the number of updates applied so far.
    pub step: u64,
    /// What is said.
    pub what: What,
}

impl Event {
    /// An event of this moment.
    pub fn now(step: u64, what: What) -> Self {
        Self { wall_time: SystemTime::now(), step, what }
    }

    /// A scalar of this moment; with an `Arc<str>` for a tag, nothing is allocated.
    pub fn scalar(step: u64, tag: impl Into<Arc<str>>, value: f64) -> Self {
        Self::now(step, What::Scalar { tag: tag.into(), value })
    }
}
