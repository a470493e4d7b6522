//! A session whose runs hooks watch, which is saved, replaced when it is lost, and closed cleanly.

use std::{fmt, sync::Arc, time::Duration};

use everstep_hook::{Hook, Part, SaveRequest, StartedFrom, Times, Verdict};
use everstep_session::{Clock, Monotonic, Purpose, Request, RunMetadata, RunOptions, Session, Stop};
use everstep_tensor::{Error, ErrorKind, Result, Save, Saving, Tensor, Variables};

use crate::{
    Attempt, Coordinator, Create, Created, Recovery, Union,
    hooks::{Hooks, Restart},
    recovery::Attempts,
    step::{Failure, Step},
    stopwatch::Stopwatch,
};

/// What a [`Monitored`] session is given beside its hooks.
#[derive(Clone)]
pub struct Options {
    /// Keeps what hooks ask to be saved; `None` is nothing.
    pub saver: Option<Arc<dyn Save>>,
    /// How a lost session is replaced.
    pub recovery: Recovery,
    /// What the waits of the recovery and the times are measured by.
    pub clock: Arc<dyn Clock>,
    /// Where the loop enters what the parts of a step took; `None` looks at no clock.
    pub times: Option<Times>,
    /// The threads beside the loop, and the stop that the loop shares with them.
    pub threads: Coordinator,
    /// How long threads may go on after the stop before they are named as stragglers.
    pub grace: Duration,
    /// What every run with hooks is for.
    pub purpose: Purpose,
    /// How every run with hooks is run; what hooks ask for in one run is added for that run alone.
    pub run_options: RunOptions,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            saver: None,
            recovery: Recovery::default(),
            clock: Arc::new(Monotonic),
            times: None,
            threads: Coordinator::default(),
            grace: Duration::from_secs(120),
            purpose: Purpose::Train,
            run_options: RunOptions::default(),
        }
    }
}

/// A session whose runs hooks watch: the layer between a training loop and an engine.
///
/// It calls the hooks in list order in every phase, saves once per step at most and only after every hook has accepted
/// the step, replaces a session that is lost, and does not apply a step twice that is known to have been applied.
/// After an error it is at its end: the hooks have been told, and every further run returns `FailedPrecondition`.
/// Dropping it before [`finish`](Self::finish) counts as a failure.
pub struct Monitored<'a, C: Create> {
    create: C,
    hooks: Hooks<'a, C::Session>,
    saver: Option<Arc<dyn Save>>,
    attempts: Attempts,
    threads: Coordinator,
    grace: Duration,
    stop: Stop,
    step: Step<C::Session>,
    save: SaveRequest,
    session: Option<C::Session>,
    started: StartedFrom,
    restarts: u32,
    lost_step: Option<u64>,
    saved_step: Option<u64>,
    /// What the saver was told beside that step.
    saved_metrics: Vec<(String, f64)>,
    over: bool,
}

/// What [`Monitored::run`] did.
#[derive(Debug)]
pub enum Ran<'m> {
    /// The run took place: one value per fetch of the caller's, in order.
    Values(&'m [Tensor]),
    /// A hook has undone the run: the values are of a step that was not made.
    Undone(&'m [Tensor]),
    /// The session was lost in mid-run and the model is still there, with the run applied: its answer is lost.
    AppliedUnseen,
    /// Nothing ran: a stop was requested, or a hook's input is used up.
    Stopped,
}

pub(crate) type FetchOf<C> = <<C as Create>::Session as Session>::Fetch;
pub(crate) type InputOf<C> = <<C as Create>::Session as Session>::Input;

impl<'a, C: Create> Monitored<'a, C> {
    /// Begins the hooks and makes the first session.
    ///
    /// # Errors
    /// What a hook or the making of the session returns; hooks that began have then been told.
    pub fn begin(create: C, hooks: Vec<Box<dyn Hook<C::Session> + 'a>>, options: Options) -> Result<Self> {
        let hooks = Hooks::new(hooks)?;
        let stopwatch = Stopwatch::new(options.times, options.clock.clone());
        let mut this = Self {
            create,
            step: Step::new(hooks.names(), options.purpose, options.run_options, stopwatch),
            hooks,
            saver: options.saver,
            attempts: Attempts::new(options.recovery, options.clock),
            stop: options.threads.stop().clone(),
            threads: options.threads,
            grace: options.grace,
            save: SaveRequest::default(),
            session: None,
            started: StartedFrom::Fresh,
            restarts: 0,
            lost_step: None,
            saved_step: None,
            saved_metrics: Vec::new(),
            over: false,
        };
        match this.hooks.begin().and_then(|()| this.open(None)) {
            Ok(_) => Ok(this),
            Err(error) => Err(this.fail(error)),
        }
    }

    /// Runs the caller's fetches and feeds as a training run, with what the hooks add.
    ///
    /// # Errors
    /// What the session, a hook or the saver returns; a lost session only when the recovery gives up.
    pub fn run(&mut self, fetches: &[FetchOf<C>], feeds: &[(InputOf<C>, Tensor)]) -> Result<Ran<'_>> {
        self.check_open()?;
        match self.run_until_applied(fetches, feeds) {
            Ok(done) => {
                self.replace_if_reported()?;
                Ok(self.ran(done, fetches.len()))
            }
            Err(failure) => {
                if failure.left_the_model() && self.save.is_at_end() {
                    self.save_in_passing();
                }
                Err(self.fail(failure.into_error()))
            }
        }
    }

    /// The run of a step function, whose errors the function's caller judges.
    pub(crate) fn run_inner(&mut self, fetches: &[FetchOf<C>], feeds: &[(InputOf<C>, Tensor)]) -> Result<Ran<'_>> {
        self.check_open()?;
        match self.run_until_applied(fetches, feeds) {
            Ok(done) => Ok(self.ran(done, fetches.len())),
            Err(failure) if self.session.is_none() => Err(self.fail(failure.into_error())),
            Err(failure) => Err(failure.into_error()),
        }
    }

    /// Runs a request that no hook sees: an evaluation, a probe. A lost session is replaced.
    ///
    /// # Errors
    /// What the session returns; a lost session only when the recovery gives up.
    pub fn run_without_hooks(&mut self, request: &Request<FetchOf<C>, InputOf<C>>) -> Result<Ran<'_>> {
        self.check_open()?;
        loop {
            let session = self.open_session();
            let step_before = session.global_step();
            match self.step.run_alone(self.session.as_mut().expect(OPEN), request) {
                Ok(()) => {
                    self.attempts.succeeded();
                    return Ok(Ran::Values(&self.step.outcome.values));
                }
                Err(error) if error.is_lost_session() => {
                    let applied = self.replace_unwatched(error, step_before)?;
                    if applied && request.purpose == Purpose::Train {
                        return Ok(Ran::AppliedUnseen);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn ran(&self, done: Done, fetches: usize) -> Ran<'_> {
        match done {
            Done::Values => Ran::Values(&self.step.outcome.values[..fetches]),
            Done::Undone => Ran::Undone(&self.step.outcome.values[..fetches]),
            Done::AppliedUnseen => Ran::AppliedUnseen,
            Done::Stopped => Ran::Stopped,
        }
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.over {
            return Err(Error::new(ErrorKind::FailedPrecondition, "the training has ended; begin another"));
        }
        Ok(())
    }

    pub(crate) fn succeeded(&mut self) {
        self.attempts.succeeded();
    }

    pub(crate) fn open_session(&mut self) -> &mut C::Session {
        self.session.as_mut().expect(OPEN)
    }

    /// A thread beside the loop may have found that the session is lost.
    pub(crate) fn replace_if_reported(&mut self) -> Result<()> {
        let Some(error) = self.threads.take_lost_session() else { return Ok(()) };
        self.replace(error, None).map(|_| ()).map_err(|error| self.fail(error))
    }

    /// Replaces a session that a run without hooks has lost, of which no hook need hear; tells as `replace`.
    pub(crate) fn replace_unwatched(&mut self, error: Error, step_before: u64) -> Result<bool> {
        let unseen = Some(Unseen { step_before, from_hook: usize::MAX });
        self.replace(error, unseen).map_err(|error| self.fail(error))
    }

    fn run_until_applied(
        &mut self,
        fetches: &[FetchOf<C>],
        feeds: &[(InputOf<C>, Tensor)],
    ) -> std::result::Result<Done, Failure> {
        while !self.stop.is_requested() {
            let session = self.session.as_mut().expect(OPEN);
            let step_before = session.global_step();
            let ran = self.step.run(session, &mut self.hooks, fetches, feeds, &self.stop, &mut self.save);
            match ran {
                Ok(verdict) => {
                    self.attempts.succeeded();
                    self.save_if_asked()?;
                    return Ok(if verdict == Verdict::Kept { Done::Values } else { Done::Undone });
                }
                // A hook that waited was told to end.
                Err(Failure::Before(error)) if error.kind() == ErrorKind::Cancelled && self.stop.is_requested() => {}
                Err(Failure::Before(error) | Failure::During(error)) if error.kind() == ErrorKind::EndOfInput => {
                    self.stop.request(error.to_string());
                }
                Err(Failure::Before(error)) if error.is_lost_session() => {
                    self.replace(error, None)?;
                }
                Err(Failure::During(error)) if error.is_lost_session() => {
                    if self.replace(error, Some(Unseen { step_before, from_hook: 0 }))? {
                        return Ok(Done::AppliedUnseen);
                    }
                }
                Err(Failure::After(error, from_hook)) if error.is_lost_session() => {
                    self.replace(error, Some(Unseen { step_before, from_hook }))?;
                    return Ok(Done::Values);
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(Done::Stopped)
    }

    /// Puts another session in place of one that was lost; tells whether the run in flight is known to be applied.
    fn replace(&mut self, error: Error, unseen: Option<Unseen>) -> Result<bool> {
        self.give_up_session();
        self.save.take();
        self.save.take_pinned();
        self.restarts += 1;
        self.attempts.next(error, &self.stop)?;
        self.open(unseen)
    }

    /// Makes a session and shows it to the hooks, until that succeeds or the recovery gives up; tells as `replace`.
    fn open(&mut self, mut unseen: Option<Unseen>) -> Result<bool> {
        loop {
            let (error, told) = match self.try_open(unseen) {
                Ok(applied) => return Ok(applied),
                Err((error, told)) if error.is_lost_session() => (error, told),
                Err((error, _)) => return Err(error),
            };
            if let Some(unseen) = &mut unseen {
                unseen.from_hook = unseen.from_hook.max(told);
            }
            self.give_up_session();
            self.restarts += 1;
            self.attempts.next(error, &self.stop)?;
        }
    }

    /// An error comes with the number of hooks that were told of the session.
    fn try_open(&mut self, unseen: Option<Unseen>) -> std::result::Result<bool, (Error, usize)> {
        let attempt = Attempt { restarts: self.restarts, lost_step: self.lost_step, stop: &self.stop };
        let Created { session, from, hook_states, rules } = self.create.create(&attempt).map_err(|error| (error, 0))?;
        let session = self.session.insert(session);
        check_names(session.variables()).map_err(|error| (error, 0))?;
        self.started = from;
        if let StartedFrom::Restored(step) = from {
            (self.saved_step, self.saved_metrics) = (Some(step), Vec::new());
        }
        let applied = unseen.filter(|unseen| matches!(from, StartedFrom::Live(step) if step > unseen.step_before));
        let states = hook_states.as_deref().map(|states| states as &dyn Variables);
        let unseen_from = applied.map(|unseen| unseen.from_hook);
        let restart = Restart { restarts: self.restarts, from, unseen_from, states, rules: &rules };
        self.hooks.start(session, &restart, &self.stop, &mut self.save)?;
        self.save_if_asked().map_err(|error| (error, usize::MAX))?;
        Ok(applied.is_some())
    }

    fn save_if_asked(&mut self) -> Result<()> {
        let pinned = self.save.take_pinned();
        self.save.take().map_or(Ok(()), |reason| self.save_now(&reason, pinned))
    }

    /// Saves the last step, unless that was done; a saver that was too busy for it has left it out.
    fn save_last(&mut self, reason: &str) -> Result<()> {
        if let (Some(saver), Some(step)) = (&self.saver, self.saved_step)
            && !saver.is_kept(step)?
        {
            self.saved_step = None;
        }
        self.save_now(reason, false)
    }

    /// Saves the session's variables and the hooks' states together, once per step.
    fn save_now(&mut self, reason: &str, pinned: bool) -> Result<()> {
        let (Some(saver), Some(session)) = (&self.saver, &self.session) else { return Ok(()) };
        let step = session.global_step();
        let metrics = self.hooks.metrics(step);
        if self.saved_step == Some(step) && !pinned {
            let mut later = metrics.iter().filter(|metric| !self.saved_metrics.contains(metric));
            later.try_for_each(|metric| annotate(&**saver, step, metric))?;
            self.saved_metrics = metrics;
            return Ok(());
        }
        self.step.stopwatch.start();
        self.hooks.before_save(step, session.variables())?;
        let own = (String::new(), session.variables());
        let variables = Union::new(std::iter::once(own).chain(self.hooks.states()));
        saver
            .save(&Saving { step, variables: &variables, metrics: &metrics, pinned })
            .map_err(|error| error.context(format!("step {step} could not be saved")))?;
        log::debug!("saved step {step} as {} ({reason})", saver.location(step));
        (self.saved_step, self.saved_metrics) = (Some(step), metrics);
        self.step.stopwatch.lap(Part::Save);
        Ok(())
    }

    /// Every hook has accepted the step that the model is still at: the work up to it is kept, whatever comes after.
    fn save_in_passing(&mut self) {
        if let Err(error) = self.save_last("the training fails") {
            log::error!("the last step is lost too: {error}");
        }
    }

    /// Ends the hooks, saves the last step if a hook asked for saves, and closes the session and the saver.
    ///
    /// Everything is done even if a part of it fails. Returns the closed session, for its variables where it lets them
    /// be read; none if the training failed before.
    ///
    /// # Errors
    /// The first error of a hook's `end`, of the last save, of the saver, of the threads beside the loop, or of closing
    /// the session.
    pub fn finish(mut self) -> Result<Option<C::Session>> {
        let Some(session) = self.session.as_mut().filter(|_| !self.over) else { return Ok(None) };
        let ended = self.hooks.end(session);
        self.over = true;
        let saved = if self.save.is_at_end() { self.save_last("the last step") } else { Ok(()) };
        let kept = self.saver.as_ref().map_or(Ok(()), |saver| saver.finish());
        self.stop.request("the training has ended");
        let joined = self.threads.join(self.grace);
        let closed = self.session.as_mut().map_or(Ok(()), Session::close);
        ended.and(saved).and(kept).and(joined).and(closed).map(|()| self.session.take())
    }

    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.over = true;
        self.stop.request(error.to_string());
        self.hooks.failed(&error);
        if let Err(error) = self.threads.join(self.grace) {
            log::error!("{error}");
        }
        if let Some(Err(unsaved)) = self.saver.as_ref().map(|saver| saver.finish()) {
            log::error!("an earlier save failed too: {unsaved}");
        }
        self.give_up_session();
        error
    }

    /// A session that failed may fail to close as well, which adds nothing to what is known.
    fn give_up_session(&mut self) {
        let Some(mut session) = self.session.take() else { return };
        self.lost_step = Some(session.global_step());
        if let Err(error) = session.close() {
            log::debug!("a lost session did not close: {error}");
        }
    }

    /// Whether nothing more will run.
    pub fn should_stop(&self) -> bool {
        self.over || self.stop.is_requested()
    }

    /// Asks for the end; the first reason is kept.
    pub fn request_stop(&self, reason: impl Into<String>) {
        self.stop.request(reason);
    }

    /// Why the end was asked for, if it was.
    pub fn stop_reason(&self) -> Option<&str> {
        self.stop.reason()
    }

    /// A handle that asks for the end from any thread.
    pub fn stop(&self) -> &Stop {
        &self.stop
    }

    /// The session, for runs that no hook sees; none while a lost one is being replaced.
    pub fn session(&mut self) -> Option<&mut C::Session> {
        self.session.as_mut()
    }

    /// Updates applied so far; 0 without a session.
    pub fn global_step(&self) -> u64 {
        self.session.as_ref().map_or(0, Session::global_step)
    }

    /// Where the values of the present session came from.
    pub fn started(&self) -> StartedFrom {
        self.started
    }

    /// Sessions lost so far.
    pub fn restarts(&self) -> u32 {
        self.restarts
    }

    /// What the last run traced, if somebody asked for it.
    pub fn metadata(&self) -> Option<&RunMetadata> {
        self.step.outcome.metadata.as_ref()
    }
}

/// Adds what was measured of a step after it was saved, if it is still kept.
fn annotate(saver: &dyn Save, step: u64, (metric, value): &(String, f64)) -> Result<()> {
    match saver.annotate(step, metric, *value) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            log::debug!("{metric} is not noted: {error}");
            Ok(())
        }
        noted => noted.map_err(|error| error.context(format!("step {step}: {metric} could not be noted"))),
    }
}

/// Checkpoints hold hooks' states beside the variables.
fn check_names(variables: &dyn Variables) -> Result<()> {
    let Some(spec) = variables.specs().into_iter().find(|spec| spec.name.starts_with("hook/")) else { return Ok(()) };
    let message = format!("variable {} is named as hooks' states are; name it without the leading hook/", spec.name);
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

const OPEN: &str = "a session is open until the training is over";

enum Done {
    Values,
    Undone,
    AppliedUnseen,
    Stopped,
}

/// A run whose answer not every hook has seen.
#[derive(Clone, Copy)]
struct Unseen {
    step_before: u64,
    /// Hooks from this place in the list on have not seen it.
    from_hook: usize,
}

impl<C: Create> Drop for Monitored<'_, C> {
    fn drop(&mut self) {
        if !self.over {
            let error = Error::new(ErrorKind::Cancelled, "the training was dropped before it was finished");
            self.fail(error);
        }
    }
}

impl<C: Create> fmt::Debug for Monitored<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { started, restarts, saved_step, over, stop, .. } = self;
        f.debug_struct("Monitored")
            .field("started", started)
            .field("restarts", restarts)
            .field("saved_step", saved_step)
            .field("over", over)
            .field("stop", stop)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saver = self.saver.as_ref().map(|_| "…");
        f.debug_struct("Options").field("saver", &saver).field("recovery", &self.recovery).finish_non_exhaustive()
    }
}
