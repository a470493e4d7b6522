//! What a hook sees before and after a run.

use std::time::Duration;

use everstep_session::{Purpose, Request, RunMetadata, Session, Stop};
use everstep_tensor::{Result, Tensor};

use crate::{Feeders, SaveRequest};

/// Adds to the coming run; may not see or remove what others asked for.
pub struct BeforeRun<'a, S: Session> {
    session: &'a mut S,
    request: &'a mut Request<S::Fetch, S::Input>,
    feeders: &'a mut Feeders,
}

impl<'a, S: Session> BeforeRun<'a, S> {
    /// For loop drivers: what one hook may add to `request`.
    pub fn new(session: &'a mut S, request: &'a mut Request<S::Fetch, S::Input>, feeders: &'a mut Feeders) -> Self {
        Self { session, request, feeders }
    }

    /// Updates applied so far.
    pub fn global_step(&self) -> u64 {
        self.session.global_step()
    }

    /// What the run is for; a hook acts on training runs unless it says otherwise.
    pub fn purpose(&self) -> Purpose {
        self.request.purpose
    }

    /// The session, for runs of the hook's own; no hook sees them.
    pub fn session(&mut self) -> &mut S {
        self.session
    }

    /// Asks for a value of this run; [`AfterRun::values`] gives it.
    pub fn fetch(&mut self, fetch: S::Fetch) {
        self.request.fetches.push(fetch);
    }

    /// Feeds an input in this run.
    ///
    /// # Errors
    /// `InvalidArgument` naming both sides if the input is fed already.
    pub fn feed(&mut self, input: S::Input, value: Tensor) -> Result<()> {
        self.feeders.feed(&mut self.request.feeds, input, value)
    }

    /// Asks for a trace of this run; [`AfterRun::metadata`] gives it, to every hook.
    pub fn trace(&mut self) {
        self.request.options.trace = true;
    }

    /// Asks that this run be given up after `limit`, with `DeadlineExceeded`; of all limits asked for, the least holds.
    pub fn timeout(&mut self, limit: Duration) {
        let timeout = &mut self.request.options.timeout;
        *timeout = Some(timeout.map_or(limit, |others| others.min(limit)));
    }
}

/// What a run gave to one hook.
pub struct AfterRun<'a, S: Session> {
    session: &'a mut S,
    request: &'a Request<S::Fetch, S::Input>,
    values: &'a [Tensor],
    metadata: Option<&'a RunMetadata>,
    step_before: u64,
    stop: &'a Stop,
    save: &'a mut SaveRequest,
}

impl<'a, S: Session> AfterRun<'a, S> {
    /// For loop drivers: `values` are those the hook asked for; its requests go to `stop` and `save`.
    pub fn new(
        session: &'a mut S,
        request: &'a Request<S::Fetch, S::Input>,
        values: &'a [Tensor],
        metadata: Option<&'a RunMetadata>,
        step_before: u64,
        stop: &'a Stop,
        save: &'a mut SaveRequest,
    ) -> Self {
        Self { session, request, values, metadata, step_before, stop, save }
    }

    /// Exactly what this hook asked for in this run, in that order; empty if it asked for nothing.
    pub fn values(&self) -> &'a [Tensor] {
        self.values
    }

    /// Updates applied so far, this run's among them.
    pub fn global_step(&self) -> u64 {
        self.session.global_step()
    }

    /// Updates applied before this run.
    pub fn step_before(&self) -> u64 {
        self.step_before
    }

    /// What the run was for.
    pub fn purpose(&self) -> Purpose {
        self.request.purpose
    }

    /// What was traced, if somebody asked for it.
    pub fn metadata(&self) -> Option<&'a RunMetadata> {
        self.metadata
    }

    /// The session, for runs of the hook's own; no hook sees them.
    pub fn session(&mut self) -> &mut S {
        self.session
    }

    /// Asks for the end after this step; the other hooks still see it.
    pub fn request_stop(&mut self, reason: impl Into<String>) {
        self.stop.request(reason);
    }

    /// Hooks ask, the loop saves: once, after every hook's `after_run` has succeeded, so a bad step is never saved.
    pub fn request_save(&mut self, reason: impl Into<String>) {
        self.save.request(reason);
    }

    /// The same, and no rule of the saver's ever deletes that save.
    pub fn request_pinned_save(&mut self, reason: impl Into<String>) {
        self.save.request_pinned(reason);
    }
}

impl<S: Session> std::fmt::Debug for BeforeRun<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BeforeRun").field("request", &self.request).finish_non_exhaustive()
    }
}

impl<S: Session> std::fmt::Debug for AfterRun<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { values, step_before, .. } = self;
        f.debug_struct("AfterRun").field("step_before", step_before).field("values", values).finish_non_exhaustive()
    }
}
