//! How a session came to be.

use everstep_session::Stop;

use crate::SaveRequest;

/// How a session came to be, and what a hook may ask for before its first run.
#[derive(Debug)]
pub struct Start<'a> {
    /// Sessions lost before this one.
    pub restarts: u32,
    /// Where the model's values come from.
    pub from: StartedFrom,
    /// Whether the run that was in flight when the last session was lost has been applied although no hook saw its
    /// answer; a hook that counts runs must count it now.
    pub applied_unseen: bool,
    stop: &'a Stop,
    save: &'a mut SaveRequest,
}

/// Where a session's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartedFrom {
    /// Initialised.
    Fresh,
    /// Restored from the checkpoint of this step.
    Restored(u64),
    /// The model was still there, at this step.
    Live(u64),
}

impl<'a> Start<'a> {
    /// For loop drivers: a start whose requests go to `stop` and `save`.
    pub fn new(restarts: u32, from: StartedFrom, stop: &'a Stop, save: &'a mut SaveRequest) -> Self {
        Self { restarts, from, applied_unseen: false, stop, save }
    }

    /// A handle that can ask for the end at any time, from any thread.
    pub fn stop(&self) -> &Stop {
        self.stop
    }

    /// Asks for the end before the first run.
    pub fn request_stop(&mut self, reason: impl Into<String>) {
        self.stop.request(reason);
    }

    /// Asks the loop to save, once every hook has seen the session.
    pub fn request_save(&mut self, reason: impl Into<String>) {
        self.save.request(reason);
    }

    /// The same, and no rule of the saver's ever deletes that save.
    pub fn request_pinned_save(&mut self, reason: impl Into<String>) {
        self.save.request_pinned(reason);
    }

    /// Asks the loop to save the last step when training ends well; a request of any save asks for this too.
    pub fn save_at_end(&mut self) {
        self.save.request_at_end();
    }
}
