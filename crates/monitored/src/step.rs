//! One step: hooks ask, the session runs, hooks see.

use std::ops::Range;

use everstep_hook::{AfterRun, BeforeRun, Feeders, SaveRequest};
use everstep_session::{Outcome, Purpose, Request, Session, Stop};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::hooks::{Hooks, at};

/// What a step needs, kept from step to step so that a steady loop allocates nothing.
pub(crate) struct Step<S: Session> {
    request: Request<S::Fetch, S::Input>,
    pub(crate) outcome: Outcome,
    ranges: Vec<Range<usize>>,
    feeders: Feeders,
}

/// How far a step came before it failed.
pub(crate) enum Failure {
    /// The model has not been asked: nothing has changed.
    Before(Error),
    /// The model was asked and no answer came: it may have been changed.
    During(Error),
    /// The model has changed; hooks from this place in the list on have not seen it.
    After(Error, usize),
}

impl<S: Session> Step<S> {
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let feeders = Feeders::new(names);
        Self { request: Request::train(Vec::new()), outcome: Outcome::default(), ranges: Vec::new(), feeders }
    }

    /// Runs the caller's fetches and feeds, with what the hooks add.
    pub(crate) fn run(
        &mut self,
        session: &mut S,
        hooks: &mut Hooks<'_, S>,
        fetches: &[S::Fetch],
        feeds: &[(S::Input, Tensor)],
        stop: &Stop,
        save: &mut SaveRequest,
    ) -> std::result::Result<(), Failure> {
        self.ask(session, hooks, fetches, feeds).map_err(Failure::Before)?;
        let step_before = session.global_step();
        session.run(&self.request, &mut self.outcome).and_then(|()| self.check_answer()).map_err(Failure::During)?;
        for (index, (hook, range)) in hooks.iter_mut().zip(&self.ranges).enumerate() {
            let values = &self.outcome.values[range.clone()];
            let metadata = self.outcome.metadata.as_ref();
            let mut run = AfterRun::new(session, &self.request, values, metadata, step_before, stop, save);
            hook.after_run(&mut run).map_err(|error| Failure::After(at(hook, error), index + 1))?;
        }
        // The values fed are the caller's and the hooks' again: whoever made them may write their next ones in place.
        self.request.feeds.clear();
        Ok(())
    }

    /// Runs a request that no hook sees.
    pub(crate) fn run_alone(&mut self, session: &mut S, request: &Request<S::Fetch, S::Input>) -> Result<()> {
        session.run(request, &mut self.outcome)
    }

    fn ask(
        &mut self,
        session: &mut S,
        hooks: &mut Hooks<'_, S>,
        fetches: &[S::Fetch],
        feeds: &[(S::Input, Tensor)],
    ) -> Result<()> {
        let Self { request, ranges, feeders, .. } = self;
        request.purpose = Purpose::Train;
        request.options = Default::default();
        request.fetches.clear();
        request.fetches.extend_from_slice(fetches);
        request.feeds.clear();
        request.feeds.extend_from_slice(feeds);
        feeders.start(feeds.len());
        ranges.clear();
        for (index, hook) in hooks.iter_mut().enumerate() {
            feeders.hook(index);
            let from = request.fetches.len();
            hook.before_run(&mut BeforeRun::new(session, request, feeders)).map_err(|error| at(hook, error))?;
            ranges.push(from..request.fetches.len());
        }
        Ok(())
    }

    fn check_answer(&self) -> Result<()> {
        let (asked, given) = (self.request.fetches.len(), self.outcome.values.len());
        if asked == given {
            return Ok(());
        }
        let message = format!("the session gave {given} values for {asked} fetches; a session must give one for each");
        Err(Error::new(ErrorKind::Internal, message))
    }
}
