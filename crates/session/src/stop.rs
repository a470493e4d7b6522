//! A request to stop.

use std::sync::{Arc, OnceLock};

/// A request to stop, shared by the loop, hooks, signal handlers and waits; the first reason is kept.
///
/// ```
/// let stop = everstep_session::Stop::default();
/// let shared = stop.clone();
/// shared.request("the last step is reached");
/// stop.request("too late");
/// assert_eq!(stop.reason(), Some("the last step is reached"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<OnceLock<String>>);

impl Stop {
    /// Asks for the end; the step in flight is finished first.
    pub fn request(&self, reason: impl Into<String>) {
        self.0.get_or_init(|| reason.into());
    }

    /// Why the end was asked for, if it was.
    pub fn reason(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        self.0.get().is_some()
    }
}
