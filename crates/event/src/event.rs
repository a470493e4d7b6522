//! One thing that a run says about itself.

use std::{sync::Arc, time::SystemTime};

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

    /// A scalar of this moment.
    pub fn scalar(step: u64, tag: impl Into<String>, value: f64) -> Self {
        Self::now(step, What::Scalar { tag: tag.into(), value })
    }
}

/// The content of an [`Event`]; a sink must pass over what it does not know.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum What {
    /// One number: a loss, a rate, a norm.
    Scalar {
        /// The name of its curve; `/` groups curves.
        tag: String,
        /// The number; NaN and infinities are allowed.
        value: f64,
    },
    /// A text, read as Markdown by TensorBoard.
    Text {
        /// The name under which texts of several steps are shown together.
        tag: String,
        /// The text.
        text: String,
    },
    /// The computation, as a serialised TensorFlow `GraphDef`.
    Graph(Arc<[u8]>),
    /// A session began to train at this step.
    SessionStart,
    /// Training ended well at this step.
    SessionStop,
    /// A checkpoint of this step was handed to the saver.
    Checkpoint {
        /// Where it is.
        path: String,
    },
}
