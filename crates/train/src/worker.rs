//! A process that waits until the chief has made the model ready.

use std::{fmt, sync::Arc, time::Duration};

use everstep_hook::StartedFrom;
use everstep_monitored::{Attempt, Create, Created};
use everstep_session::{Clock, Connect, Deadline, Monotonic, Scope, Session, SessionConfig};
use everstep_tensor::Result;

/// Makes sessions as a worker does: it never initialises or restores the model, and polls until it is ready, at first
/// every 50 ms and then ever more seldom, at most every 2 s.
pub struct Worker<C: Connect> {
    connect: C,
    master: String,
    config: SessionConfig,
    max_wait: Duration,
    clock: Arc<dyn Clock>,
}

impl<C: Connect> Worker<C> {
    /// A worker that waits for the model behind `master` for so long.
    pub fn new(connect: C, master: impl Into<String>, config: SessionConfig, max_wait: Duration) -> Self {
        Self { connect, master: master.into(), config, max_wait, clock: Arc::new(Monotonic) }
    }

    /// Waits by a clock of the caller's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }
}

impl<C: Connect> Create for Worker<C> {
    type Session = C::Session;

    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<C::Session>> {
        const LONGEST: Duration = Duration::from_secs(2);
        let limit = Some(self.max_wait);
        let mut until = Deadline::new("waiting for the chief", limit, self.clock.clone(), attempt.stop.clone());
        let mut wait = Duration::from_millis(50);
        loop {
            let mut session = self.connect.connect(&self.master, &self.config, &until)?;
            let missing = session.uninitialized(Scope::Global)?;
            if missing.is_empty() && session.is_published()? {
                session.initialize(Scope::Local)?;
                let from = StartedFrom::Live(session.global_step());
                return Ok(Created::new(session, from));
            }
            session.close()?;
            let reason = match missing.as_slice() {
                [] => "not published".into(),
                names => format!("not initialised: {}", names.join(", ")),
            };
            until.phase = format!("waiting for the chief to make the model ready ({reason})");
            log::debug!("{}", until.phase);
            until.wait(wait)?;
            wait = (wait * 2).min(LONGEST);
        }
    }
}

impl<C: Connect> fmt::Debug for Worker<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("master", &self.master).field("max_wait", &self.max_wait).finish_non_exhaustive()
    }
}
