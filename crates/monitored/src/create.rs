//! How a session is made ready to train.

use std::fmt;

use everstep_hook::StartedFrom;
use everstep_session::{Session, Stop};
use everstep_tensor::{CopyRules, Result, Variables};

/// Makes a session ready to train: a chief restores or initialises, a worker waits; `everstep-train` has both.
pub trait Create {
    /// What is made.
    type Session: Session;

    /// Makes a session. A wait must end when `attempt.stop` is requested.
    ///
    /// # Errors
    /// `Aborted` or `Unavailable` if another attempt may succeed; anything else ends the training.
    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<Self::Session>>;
}

/// What is known when a session is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Sessions lost before.
    pub restarts: u32,
    /// The step at which the last one was lost: a model below it is not the one that was trained.
    pub lost_step: Option<u64>,
    /// Ends waits.
    pub stop: &'a Stop,
}

/// A session that is ready to train.
pub struct Created<S> {
    /// The session.
    pub session: S,
    /// Where its values come from.
    pub from: StartedFrom,
    /// Where hooks' states are restored from: variables `hook/<name>/…` beside others; `None` if nothing was restored.
    pub hook_states: Option<Box<dyn Variables + Send>>,
    /// What may be missing of hooks' states; by default nothing.
    pub rules: CopyRules,
}

impl<S> Created<S> {
    /// A session whose values come from no checkpoint.
    pub fn new(session: S, from: StartedFrom) -> Self {
        Self { session, from, hook_states: None, rules: CopyRules::default() }
    }
}

impl<S> fmt::Debug for Created<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Created").field("from", &self.from).field("rules", &self.rules).finish_non_exhaustive()
    }
}
