//! A step of several runs.

use everstep_session::Session;
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::{
    Create, Monitored, Ran,
    monitored::{FetchOf, InputOf},
};

/// What a step of several runs works with; given by [`Monitored::run_step_fn`].
#[derive(Debug)]
pub struct StepContext<'m, 'a, C: Create> {
    monitored: &'m mut Monitored<'a, C>,
}

impl<'m, 'a, C: Create> StepContext<'m, 'a, C> {
    pub(crate) fn new(monitored: &'m mut Monitored<'a, C>) -> Self {
        Self { monitored }
    }

    /// The session as it is now, for runs that no hook sees; another one after a lost session was replaced.
    ///
    /// # Errors
    /// `FailedPrecondition` if a run with hooks has failed the training.
    pub fn session(&mut self) -> Result<&mut C::Session> {
        self.monitored.check_open()?;
        Ok(self.monitored.open_session())
    }

    /// A run with hooks, as [`Monitored::run`]: a lost session is replaced within it.
    ///
    /// # Errors
    /// As [`Monitored::run`].
    pub fn run_with_hooks(&mut self, fetches: &[FetchOf<C>], feeds: &[(InputOf<C>, Tensor)]) -> Result<Ran<'_>> {
        self.monitored.run_inner(fetches, feeds)
    }

    /// Asks for the end; return the error to leave the step at once: `return Err(step.request_stop("enough"))`.
    #[must_use = "returning the error leaves the step"]
    pub fn request_stop(&mut self, reason: impl Into<String>) -> Error {
        let reason = reason.into();
        self.monitored.stop().request(reason.clone());
        Error::new(ErrorKind::EndOfInput, reason)
    }

    /// Updates applied so far.
    pub fn global_step(&self) -> u64 {
        self.monitored.global_step()
    }
}

impl<C: Create> Monitored<'_, C> {
    /// Runs a function of several runs, with hooks or without; `None` if a stop was requested before or by it.
    ///
    /// If a run without hooks in it loses the session, the session is replaced and the function called again.
    ///
    /// # Errors
    /// What the function returns; a lost session only when the recovery gives up.
    pub fn run_step_fn<T>(
        &mut self,
        mut step: impl FnMut(&mut StepContext<'_, '_, C>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.check_open()?;
        while !self.should_stop() {
            let step_before = self.open_session().global_step();
            match step(&mut StepContext::new(self)) {
                Ok(value) => {
                    self.succeeded();
                    return self.replace_if_reported().map(|()| Some(value));
                }
                Err(error) if self.check_open().is_err() => return Err(error),
                Err(error) if error.kind() == ErrorKind::EndOfInput => self.stop().request(error.to_string()),
                Err(error) if error.is_lost_session() => {
                    self.replace_unwatched(error, step_before)?;
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
        Ok(None)
    }
}
