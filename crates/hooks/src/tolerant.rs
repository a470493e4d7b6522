//! What becomes of a training when a hook of it fails.

use everstep_hook::{AfterRun, BeforeRun, Hook, Start, Verdict};
use everstep_session::Session;
use everstep_tensor::{Error, ErrorKind, Result, Variables, VariablesMut};

/// What becomes of a training when a hook of it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The training fails.
    Fail,
    /// The hook is told that it failed, and is called no more; the training goes on with a warning.
    Disable,
    /// The hook misses this run and is called in the next one; the training goes on with a warning.
    ///
    /// The start of a training or of a session has no next time: an error there fails the training.
    Retry,
}

/// A hook whose errors are dealt with by a policy; named as the hook it holds, and with its state.
///
/// What is said through an error to the loop itself passes always: a lost session, `EndOfInput`, `Diverged` and
/// `Cancelled`. A value that the hook fetches and the engine does not have fails the run, and so does not come here.
///
/// ```
/// use everstep_hook::{AfterRun, Hook};
/// use everstep_hooks::{OnFailure, Tolerant};
/// use everstep_session::Session;
/// use everstep_tensor::{Error, ErrorKind, Result};
///
/// /// Tells another process how far the training is.
/// struct Tell;
///
/// impl<S: Session> Hook<S> for Tell {
///     fn after_run(&mut self, _run: &mut AfterRun<'_, S>) -> Result<()> {
///         Err(Error::new(ErrorKind::NotFound, "nobody listens"))
///     }
/// }
///
/// /// The training goes on when nobody listens.
/// fn tell<S: Session>() -> Box<dyn Hook<S>> {
///     Box::new(Tolerant::new(Tell, OnFailure::Retry))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Tolerant<H> {
    hook: H,
    on_failure: OnFailure,
    failures: u64,
    began: bool,
    disabled: bool,
    /// Whether the hook has asked in this run and so is to be answered.
    asked: bool,
}

impl<H> Tolerant<H> {
    /// Calls `hook`, and does as `on_failure` says when it fails.
    pub fn new(hook: H, on_failure: OnFailure) -> Self {
        Self { hook, on_failure, failures: 0, began: false, disabled: false, asked: false }
    }

    /// How many errors were tolerated.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether the hook has failed and is called no more.
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// An error at a start: there is no next time.
    fn at_start<S: Session>(&mut self, error: Error) -> Result<()>
    where
        H: Hook<S>,
    {
        if self.on_failure == OnFailure::Retry { Err(error) } else { self.in_run(error) }
    }

    fn in_run<S: Session>(&mut self, error: Error) -> Result<()>
    where
        H: Hook<S>,
    {
        if is_for_the_loop(&error) {
            return Err(error);
        }
        match self.on_failure {
            OnFailure::Fail => return Err(error),
            OnFailure::Disable => self.disable(&error),
            OnFailure::Retry => log::warn!("hook {} failed and is tried again: {error}", self.hook.name()),
        }
        self.failures += 1;
        Ok(())
    }

    fn disable<S: Session>(&mut self, error: &Error)
    where
        H: Hook<S>,
    {
        log::warn!("hook {} failed and is disabled: {error}", self.hook.name());
        self.disabled = true;
        if self.began {
            self.hook.failed(error);
        }
    }
}

/// Whether an error is the hook's way to tell the loop something.
fn is_for_the_loop(error: &Error) -> bool {
    let told = matches!(error.kind(), ErrorKind::EndOfInput | ErrorKind::Diverged | ErrorKind::Cancelled);
    told || error.is_lost_session()
}

impl<S: Session, H: Hook<S>> Hook<S> for Tolerant<H> {
    fn name(&self) -> &str {
        self.hook.name()
    }

    /// A disabled hook's state too is saved, and given back to it by the next training.
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        self.hook.state()
    }

    fn begin(&mut self) -> Result<()> {
        let result = self.hook.begin();
        self.began = result.is_ok();
        result.or_else(|error| self.at_start(error))
    }

    fn after_create_session(&mut self, session: &mut S, start: &mut Start<'_>) -> Result<()> {
        if self.disabled {
            return Ok(());
        }
        self.hook.after_create_session(session, start).or_else(|error| self.at_start(error))
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if self.disabled {
            return Ok(());
        }
        let result = self.hook.before_run(run);
        self.asked = result.is_ok();
        result.or_else(|error| self.in_run(error))
    }

    /// A hook that could not judge a run leaves it to the others.
    fn judge(&mut self, run: &mut AfterRun<'_, S>) -> Result<Verdict> {
        if self.disabled || !self.asked {
            return Ok(Verdict::Kept);
        }
        self.hook.judge(run).or_else(|error| self.in_run(error).map(|()| Verdict::Kept))
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if self.disabled || !self.asked {
            return Ok(());
        }
        self.hook.after_run(run).or_else(|error| self.in_run(error))
    }

    fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if self.disabled || !self.asked {
            return Ok(());
        }
        self.hook.undone(run).or_else(|error| self.in_run(error))
    }

    fn before_save(&mut self, step: u64, variables: &dyn Variables) -> Result<()> {
        if self.disabled {
            return Ok(());
        }
        self.hook.before_save(step, variables).or_else(|error| self.in_run(error))
    }

    fn metrics(&self, step: u64) -> &[(String, f64)] {
        if self.disabled { &[] } else { self.hook.metrics(step) }
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        if self.disabled {
            return Ok(());
        }
        let Err(error) = self.hook.end(session) else { return Ok(()) };
        if self.on_failure == OnFailure::Fail || is_for_the_loop(&error) {
            return Err(error);
        }
        log::warn!("hook {} failed at the end of the training: {error}", self.hook.name());
        self.failures += 1;
        Ok(())
    }

    fn failed(&mut self, error: &Error) {
        if self.began && !self.disabled {
            self.hook.failed(error);
        }
    }
}
