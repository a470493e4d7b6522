//! The pieces around a session.

use std::{fmt, sync::Arc};

use everstep_event::{EventSink, Summary};
use everstep_session::{Request, Session};
use everstep_tensor::{CopyRules, Result, Save};

use crate::WarmStart;

/// What is called on a session that was initialised and not restored.
pub type InitFn<'a, S> = Box<dyn FnMut(&mut S) -> Result<()> + 'a>;

/// Tells what is not ready yet, by names for people; nothing if all is.
pub type CheckFn<'a, S> = Box<dyn FnMut(&mut S) -> Result<Vec<String>> + 'a>;

/// The pieces around a session; what is left out gets the default.
pub struct Scaffold<'a, S: Session> {
    /// Run once on a model that was initialised and not restored.
    pub init: Option<Request<S::Fetch, S::Input>>,
    /// Called after `init`: a warm start, a vocabulary.
    pub init_fn: Option<InitFn<'a, S>>,
    /// What is not ready to train; by default the variables without a value. An error of kind `FailedPrecondition`
    /// says so too.
    pub ready: Option<CheckFn<'a, S>>,
    /// What must be there before `local_init`; by default every global variable.
    pub ready_for_local_init: Option<CheckFn<'a, S>>,
    /// Called on each session, restored or not; by default it initialises the local variables.
    pub local_init: Option<InitFn<'a, S>>,
    /// How a checkpoint may differ from the model; by default not at all.
    pub restore: CopyRules,
    /// Values of another training for a model that was initialised and not restored; after `init`, before `init_fn`.
    pub warm_start: Option<WarmStart<'a>>,
    /// What is recorded every `save_summaries_steps`, computed in the run of the train op; `(tag, fetch).into()` is a scalar.
    pub summaries: Vec<Summary<S::Fetch>>,
    /// How many samples a step sees, for the scalar `samples/sec`.
    pub samples_per_step: Option<u64>,
    /// The computation for TensorBoard's graph page, a serialised `GraphDef`.
    pub graph: Option<Arc<[u8]>>,
    /// Keeps checkpoints; by default files in the log directory, of which those stay that `keep_checkpoints` says.
    pub saver: Option<Arc<dyn Save>>,
    /// Takes events; by default an event file in the log directory.
    pub events: Option<Arc<dyn EventSink>>,
}

impl<S: Session> Default for Scaffold<'_, S> {
    fn default() -> Self {
        Self {
            init: None,
            init_fn: None,
            ready: None,
            ready_for_local_init: None,
            local_init: None,
            restore: CopyRules::default(),
            warm_start: None,
            summaries: Vec::new(),
            samples_per_step: None,
            graph: None,
            saver: None,
            events: None,
        }
    }
}

impl<S: Session> Scaffold<'_, S> {
    /// What this one leaves out is taken from `other`.
    pub fn or(self, other: Self) -> Self {
        Self {
            init: self.init.or(other.init),
            init_fn: self.init_fn.or(other.init_fn),
            ready: self.ready.or(other.ready),
            ready_for_local_init: self.ready_for_local_init.or(other.ready_for_local_init),
            local_init: self.local_init.or(other.local_init),
            restore: if self.restore == CopyRules::default() { other.restore } else { self.restore },
            warm_start: self.warm_start.or(other.warm_start),
            summaries: if self.summaries.is_empty() { other.summaries } else { self.summaries },
            samples_per_step: self.samples_per_step.or(other.samples_per_step),
            graph: self.graph.or(other.graph),
            saver: self.saver.or(other.saver),
            events: self.events.or(other.events),
        }
    }
}

impl<S: Session> fmt::Debug for Scaffold<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tags: Vec<&str> = self.summaries.iter().map(|summary| &**summary.tag()).collect();
        f.debug_struct("Scaffold").field("restore", &self.restore).field("summaries", &tags).finish_non_exhaustive()
    }
}
