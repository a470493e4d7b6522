//! The process that initialises, restores and saves.

use std::{fmt, sync::Arc};

use everstep_hook::StartedFrom;
use everstep_monitored::{Attempt, Create, Created};
use everstep_session::{Clock, Connect, Deadline, Monotonic, Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{CopyRules, Error, ErrorKind, Result, Save, Which};

use crate::{InitFn, restore};

/// Makes sessions as the chief does: what was lost is taken up where it still lives, else restored from the newest
/// checkpoint, else initialised.
pub struct Chief<'a, C: Connect> {
    connect: C,
    master: String,
    config: SessionConfig,
    init: Option<RequestOf<C::Session>>,
    init_fn: Option<InitFn<'a, C::Session>>,
    saver: Option<Arc<dyn Save>>,
    rules: CopyRules,
    clock: Arc<dyn Clock>,
}

impl<'a, C: Connect> Chief<'a, C> {
    /// A chief that opens sessions on `master` and initialises them.
    pub fn new(connect: C, master: impl Into<String>, config: SessionConfig) -> Self {
        Self {
            connect,
            master: master.into(),
            config,
            init: None,
            init_fn: None,
            saver: None,
            rules: CopyRules::default(),
            clock: Arc::new(Monotonic),
        }
    }

    /// Restores the saver's newest checkpoint, which may differ from the model by these rules.
    pub fn restore(mut self, saver: Arc<dyn Save>, rules: CopyRules) -> Self {
        self.saver = Some(saver);
        self.rules = rules;
        self
    }

    /// Runs `init` and then calls `init_fn` on a model that was initialised and not restored.
    pub fn init(mut self, init: Option<RequestOf<C::Session>>, init_fn: Option<InitFn<'a, C::Session>>) -> Self {
        self.init = init;
        self.init_fn = init_fn;
        self
    }

    /// The session's values: alive, restored or initial.
    fn fill(&mut self, session: &mut C::Session, attempt: &Attempt<'_>) -> Result<Filled> {
        if let Some(lost) = attempt.lost_step
            && session.uninitialized(Scope::Global)?.is_empty()
            && session.global_step() >= lost.max(1)
        {
            return Ok((StartedFrom::Live(session.global_step()), None));
        }
        if let Some(saver) = &self.saver
            && let Some(checkpoint) = restore(&**saver, Which::Newest, session, &self.rules)?
        {
            log::info!("restored step {} from {}", checkpoint.step, checkpoint.location);
            return Ok((StartedFrom::Restored(checkpoint.step), Some(checkpoint.variables)));
        }
        session.initialize(Scope::Global)?;
        if let Some(init) = &self.init {
            session.run(init, &mut Outcome::default())?;
        }
        if let Some(init_fn) = &mut self.init_fn {
            init_fn(session)?;
        }
        Ok((StartedFrom::Fresh, None))
    }
}

type RequestOf<S> = Request<<S as Session>::Fetch, <S as Session>::Input>;
type Filled = (StartedFrom, Option<Box<dyn everstep_tensor::Variables + Send>>);

impl<C: Connect> Create for Chief<'_, C> {
    type Session = C::Session;

    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<C::Session>> {
        let until = Deadline::new("opening a session", None, self.clock.clone(), attempt.stop.clone());
        let mut session = self.connect.connect(&self.master, &self.config, &until)?;
        let (from, hook_states) = self.fill(&mut session, attempt)?;
        session.initialize(Scope::Local)?;
        for scope in [Scope::Global, Scope::Local] {
            let missing = session.uninitialized(scope)?;
            if !missing.is_empty() {
                let message =
                    format!("not initialised after the start: {}; give them initial values", missing.join(", "));
                return Err(Error::new(ErrorKind::FailedPrecondition, message));
            }
        }
        session.publish()?;
        Ok(Created { session, from, hook_states, rules: self.rules.clone() })
    }
}

impl<C: Connect> fmt::Debug for Chief<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chief").field("master", &self.master).field("config", &self.config).finish_non_exhaustive()
    }
}
