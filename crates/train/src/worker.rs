//! A process that waits until the chief has made the model ready.

use std::{fmt, sync::Arc, time::Duration};

use everstep_hook::StartedFrom;
use everstep_monitored::{Attempt, Create, Created};
use everstep_session::{Clock, Connect, Deadline, Monotonic, Scope, Session, SessionConfig};
use everstep_tensor::Result;

use crate::{Scaffold, readiness::Readiness};

/// Makes sessions as a worker does: it never initialises or restores the model, and polls until it is ready, at first
/// every 50 ms and then ever more seldom, at most every 2 s.
pub struct Worker<'a, C: Connect> {
    connect: C,
    master: String,
    config: SessionConfig,
    max_wait: Duration,
    readiness: Readiness<'a, C::Session>,
    clock: Arc<dyn Clock>,
}

impl<'a, C: Connect> Worker<'a, C> {
    /// A worker that waits for the model behind `master` for so long.
    pub fn new(connect: C, master: impl Into<String>, config: SessionConfig, max_wait: Duration) -> Self {
        let (readiness, clock) = (Readiness::default(), Arc::new(Monotonic));
        Self { connect, master: master.into(), config, max_wait, readiness, clock }
    }

    /// Takes the scaffold's `ready`, `ready_for_local_init` and `local_init`.
    pub fn scaffold(mut self, scaffold: &mut Scaffold<'a, C::Session>) -> Self {
        self.readiness = Readiness::of(scaffold);
        self
    }

    /// Waits by a clock of the caller's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl<C: Connect> Worker<'_, C> {
    /// The session, if the model is ready, or why it is not.
    fn look(&mut self, mut session: C::Session) -> Result<std::result::Result<Created<C::Session>, String>> {
        let missing = session.uninitialized(Scope::Global)?;
        let reason = match session.is_published()? {
            true => self.readiness.make(&mut session)?,
            false if missing.is_empty() => Some("not published".into()),
            false => Some(format!("not initialised: {}", missing.join(", "))),
        };
        let Some(reason) = reason else {
            let from = StartedFrom::Live(session.global_step());
            return Ok(Ok(Created::new(session, from)));
        };
        session.close()?;
        Ok(Err(reason))
    }
}

impl<C: Connect> Create for Worker<'_, C> {
    type Session = C::Session;

    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<C::Session>> {
        const LONGEST: Duration = Duration::from_secs(2);
        let limit = Some(self.max_wait);
        let mut until = Deadline::new("waiting for the chief", limit, self.clock.clone(), attempt.stop.clone());
        let mut wait = Duration::from_millis(50);
        loop {
            let reason = match self.connect.connect(&self.master, &self.config, &until) {
                Ok(session) => match self.look(session)? {
                    Ok(created) => return Ok(created),
                    Err(reason) => reason,
                },
                Err(error) if error.is_lost_session() => error.to_string(),
                Err(error) => return Err(error),
            };
            let phase = format!("waiting for the chief to make the model ready ({reason})");
            if until.phase != phase {
                log::info!("{phase}");
                until.phase = phase;
            }
            until.wait(wait)?;
            wait = (wait * 2).min(LONGEST);
        }
    }
}

impl<C: Connect> fmt::Debug for Worker<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("master", &self.master).field("max_wait", &self.max_wait).finish_non_exhaustive()
    }
}
