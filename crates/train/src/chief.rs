//! The process that initialises, restores and saves.

use std::{fmt, sync::Arc};

use everstep_hook::StartedFrom;
use everstep_monitored::{Attempt, Create, Created};
use everstep_session::{Clock, Connect, Deadline, Monotonic, Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{CopyRules, Result, Save, Which};

use crate::{InitFn, Scaffold, WarmStart, readiness::Readiness, restore};

/// Makes sessions as the chief does: what was lost is taken up where it still lives, else restored from the newest
/// checkpoint, else initialised.
pub struct Chief<'a, C: Connect> {
    connect: C,
    master: String,
    config: SessionConfig,
    init: Option<RequestOf<C::Session>>,
    warm_start: Option<Box<WarmStart<'a>>>,
    init_fn: Option<InitFn<'a, C::Session>>,
    readiness: Readiness<'a, C::Session>,
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
            warm_start: None,
            init_fn: None,
            readiness: Readiness::default(),
            saver: None,
            rules: CopyRules::default(),
            clock: Arc::new(Monotonic),
        }
    }

    /// Restores the saver's newest checkpoint, which may differ from the model by the scaffold's rules.
    pub fn restore(mut self, saver: Arc<dyn Save>) -> Self {
        self.saver = Some(saver);
        self
    }

    /// Takes the scaffold's `init`, `warm_start`, `init_fn`, `restore`, `ready`, `ready_for_local_init` and `local_init`.
    pub fn scaffold(mut self, scaffold: &mut Scaffold<'a, C::Session>) -> Self {
        self.init = scaffold.init.take();
        self.warm_start = scaffold.warm_start.take().map(Box::new);
        self.init_fn = scaffold.init_fn.take();
        self.rules = std::mem::take(&mut scaffold.restore);
        self.readiness = Readiness::of(scaffold);
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
        if let Some(warm_start) = &self.warm_start {
            warm_start.apply(session)?;
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
        self.readiness.require(&mut session)?;
        session.publish()?;
        Ok(Created { session, from, hook_states, rules: self.rules.clone() })
    }
}

impl<C: Connect> fmt::Debug for Chief<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chief").field("master", &self.master).field("config", &self.config).finish_non_exhaustive()
    }
}
