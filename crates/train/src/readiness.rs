//! What must hold before a session trains.

use everstep_session::{Scope, Session};
use everstep_tensor::{Error, ErrorKind, Result};

use crate::{CheckFn, InitFn, Scaffold};

/// What must hold before a session trains, and how its local variables get there; the same for chief and worker.
pub(crate) struct Readiness<'a, S> {
    ready: Option<CheckFn<'a, S>>,
    ready_for_local_init: Option<CheckFn<'a, S>>,
    local_init: Option<InitFn<'a, S>>,
}

impl<S> Default for Readiness<'_, S> {
    fn default() -> Self {
        Self { ready: None, ready_for_local_init: None, local_init: None }
    }
}

impl<'a, S: Session> Readiness<'a, S> {
    /// Takes what the scaffold says of it.
    pub(crate) fn of(scaffold: &mut Scaffold<'a, S>) -> Self {
        let Scaffold { ready, ready_for_local_init, local_init, .. } = scaffold;
        Self { ready: ready.take(), ready_for_local_init: ready_for_local_init.take(), local_init: local_init.take() }
    }

    /// Initialises the local variables if all they need is there; tells what keeps the session from training.
    pub(crate) fn make(&mut self, session: &mut S) -> Result<Option<String>> {
        let missing = match &mut self.ready_for_local_init {
            Some(check) => check(session)?,
            None => session.uninitialized(Scope::Global)?,
        };
        if !missing.is_empty() {
            return Ok(Some(format!("not ready for the local initialisation: {}", missing.join(", "))));
        }
        match &mut self.local_init {
            Some(initialize) => initialize(session)?,
            None => session.initialize(Scope::Local)?,
        }
        let missing = match &mut self.ready {
            Some(check) => match check(session) {
                // An engine that asserts says it by an error.
                Err(error) if error.kind() == ErrorKind::FailedPrecondition => return Ok(Some(error.to_string())),
                missing => missing?,
            },
            None => [session.uninitialized(Scope::Global)?, session.uninitialized(Scope::Local)?].concat(),
        };
        Ok((!missing.is_empty()).then(|| format!("not initialised: {}", missing.join(", "))))
    }

    /// # Errors
    /// `FailedPrecondition` naming what is not ready.
    pub(crate) fn require(&mut self, session: &mut S) -> Result<()> {
        let Some(missing) = self.make(session)? else { return Ok(()) };
        let message = format!("the start did not make the model ready ({missing}); give them initial values");
        Err(Error::new(ErrorKind::FailedPrecondition, message))
    }
}
