//! One step: hooks ask, the session runs, hooks see.

use std::ops::Range;

use everstep_hook::{AfterRun, BeforeRun, Feeders, Part, SaveRequest, Verdict};
use everstep_session::{Outcome, Purpose, Request, RunOptions, Session, Stop};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::{
    hooks::{Hooks, at},
    stopwatch::Stopwatch,
};

/// What a step needs, kept from step to step so that a steady loop allocates nothing.
pub(crate) struct Step<S: Session> {
    request: Request<S::Fetch, S::Input>,
    pub(crate) outcome: Outcome,
    ranges: Vec<Range<usize>>,
    feeders: Feeders,
    options: RunOptions,
    pub(crate) stopwatch: Stopwatch,
    /// Which hooks fed the last run: their time before the next one is the input's.
    feeding: Vec<bool>,
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

impl Failure {
    /// Whether the model is still at the step that every hook has accepted, by the laws of sessions.
    pub(crate) fn left_the_model(&self) -> bool {
        match self {
            Self::Before(_) => true,
            Self::During(error) => matches!(error.kind(), ErrorKind::InvalidArgument | ErrorKind::DeadlineExceeded),
            Self::After(..) => false,
        }
    }

    pub(crate) fn into_error(self) -> Error {
        let (Self::Before(error) | Self::During(error) | Self::After(error, _)) = self;
        error
    }
}

/// Of what is not part of a step: a save, another session.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::After(error, usize::MAX)
    }
}

impl<S: Session> Step<S> {
    pub(crate) fn new(
        names: impl IntoIterator<Item = String>,
        purpose: Purpose,
        options: RunOptions,
        stopwatch: Stopwatch,
    ) -> Self {
        let (request, feeders) = (Request { purpose, ..Request::train(Vec::new()) }, Feeders::new(names));
        let (outcome, ranges, feeding) = (Outcome::default(), Vec::new(), Vec::new());
        Self { request, outcome, ranges, feeders, options, stopwatch, feeding }
    }

    /// Runs the caller's fetches and feeds, with what the hooks add; tells whether the hooks let the run count.
    pub(crate) fn run(
        &mut self,
        session: &mut S,
        hooks: &mut Hooks<'_, S>,
        fetches: &[S::Fetch],
        feeds: &[(S::Input, Tensor)],
        stop: &Stop,
        save: &mut SaveRequest,
    ) -> std::result::Result<Verdict, Failure> {
        self.stopwatch.start();
        self.ask(session, hooks, fetches, feeds).map_err(Failure::Before)?;
        let step_before = session.global_step();
        // An engine that traces nothing need not know of metadata; nor may a failed run leave those of the last one.
        self.outcome.metadata = None;
        self.stopwatch.lap(Part::Hooks);
        session.run(&self.request, &mut self.outcome).and_then(|()| self.check_answer()).map_err(Failure::During)?;
        self.stopwatch.lap(Part::Compute);
        let mut verdict = Verdict::Kept;
        for (index, hook) in hooks.iter_mut().enumerate() {
            let mut run = self.shown(index, session, step_before, stop, save);
            let judged = hook.judge(&mut run).map_err(|error| Failure::After(at(hook, error), 0))?;
            verdict = if judged == Verdict::Undone { judged } else { verdict };
        }
        for (index, hook) in hooks.iter_mut().enumerate() {
            let mut run = self.shown(index, session, step_before, stop, save);
            let seen = match verdict {
                Verdict::Kept => hook.after_run(&mut run),
                Verdict::Undone => hook.undone(&mut run),
            };
            seen.map_err(|error| Failure::After(at(hook, error), index + 1))?;
        }
        // The values fed are the caller's and the hooks' again: whoever made them may write their next ones in place.
        self.request.feeds.clear();
        self.stopwatch.lap(Part::Hooks);
        Ok(verdict)
    }

    /// What the run gave to the hook of this place in the list.
    fn shown<'r>(
        &'r self,
        hook: usize,
        session: &'r mut S,
        step_before: u64,
        stop: &'r Stop,
        save: &'r mut SaveRequest,
    ) -> AfterRun<'r, S> {
        let values = &self.outcome.values[self.ranges[hook].clone()];
        AfterRun::new(session, &self.request, values, self.outcome.metadata.as_ref(), step_before, stop, save)
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
        let Self { request, ranges, feeders, options, stopwatch, feeding, .. } = self;
        request.options = *options;
        request.fetches.clear();
        request.fetches.extend_from_slice(fetches);
        request.feeds.clear();
        request.feeds.extend_from_slice(feeds);
        feeders.start(feeds.len());
        ranges.clear();
        for (index, hook) in hooks.iter_mut().enumerate() {
            feeders.hook(index);
            let (from, fed) = (request.fetches.len(), request.feeds.len());
            if feeding.get(index) == Some(&true) {
                stopwatch.lap(Part::Hooks);
            }
            hook.before_run(&mut BeforeRun::new(session, request, feeders)).map_err(|error| at(hook, error))?;
            ranges.push(from..request.fetches.len());
            if stopwatch.is_on() {
                note_input(feeding, index, request.feeds.len() > fed, stopwatch);
            }
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

/// A hook is not known to feed before it has done so once; its first time counts with the hooks.
fn note_input(feeding: &mut Vec<bool>, hook: usize, feeds: bool, stopwatch: &mut Stopwatch) {
    feeding.resize(feeding.len().max(hook + 1), false);
    if std::mem::replace(&mut feeding[hook], feeds) {
        stopwatch.lap(Part::Input);
    }
}
