//! Evaluating checkpoints.

use std::{fmt, sync::Arc};

use everstep_hook::{Hook, StartedFrom};
use everstep_monitored::{Attempt, Coordinator, Create, Created, Monitored, Options, Ran};
use everstep_session::{Clock, Connect, Deadline, Monotonic, Purpose, Request, Session, SessionConfig, Stop};
use everstep_tensor::{Checkpoint, Result, Save, Tensor};

use crate::{CheckpointsOptions, Scaffold, checkpoints, readiness::Readiness, restore::restore_from};

/// What an evaluation runs.
pub struct EvaluateOptions<'a, S: Session> {
    /// Where the engine is; empty for one in this process.
    pub master: String,
    /// Its `restore`, `ready`, `ready_for_local_init` and `local_init` are used.
    pub scaffold: Scaffold<'a, S>,
    /// Run again and again until a hook asks for the end or an input is used up; none is no run at all.
    pub eval_ops: Vec<S::Fetch>,
    /// Fed in each of these runs, beside what hooks feed.
    pub feeds: Vec<(S::Input, Tensor)>,
    /// Run once after them; its values are the result.
    pub final_ops: Option<Request<S::Fetch, S::Input>>,
    /// Watch each of these runs: a feed, a limit (`StopAfterEvals`), summaries (`SummaryAtEnd`).
    pub hooks: Vec<Box<dyn Hook<S> + 'a>>,
    /// How sessions are opened.
    pub config: SessionConfig,
    /// Asks for the end from outside; for one evaluation.
    pub stop: Stop,
}

impl<S: Session> Default for EvaluateOptions<'_, S> {
    fn default() -> Self {
        Self {
            master: String::new(),
            scaffold: Scaffold::default(),
            eval_ops: Vec::new(),
            feeds: Vec::new(),
            final_ops: None,
            hooks: Vec::new(),
            config: SessionConfig::default(),
            stop: Stop::default(),
        }
    }
}

/// Evaluates one checkpoint in a session of its own; gives the values of the final ops, if there are any.
///
/// Its runs are for [`Purpose::Evaluate`]: they may change local variables, such as those of a metric, and nothing else.
/// Without eval ops only the hooks' ends and the final ops run. A lost session starts the evaluation anew.
///
/// # Errors
/// `FailedPrecondition` if the checkpoint is not one of this model; what the engine or a hook returns.
pub fn evaluate_once<'a, C: Connect>(
    connect: C,
    checkpoint: &Checkpoint,
    mut options: EvaluateOptions<'a, C::Session>,
) -> Result<Option<Vec<Tensor>>> {
    let create = Evaluator {
        connect,
        master: options.master,
        config: options.config,
        readiness: Readiness::of(&mut options.scaffold),
        checkpoint,
        rules: options.scaffold.restore,
        clock: Arc::new(Monotonic),
    };
    let threads = Coordinator::new(options.stop, Arc::new(Monotonic));
    log::info!("evaluating step {} from {}", checkpoint.step, checkpoint.location);
    let mut monitored =
        Monitored::begin(create, options.hooks, Options { purpose: Purpose::Evaluate, threads, ..Options::default() })?;
    while !options.eval_ops.is_empty() && !matches!(monitored.run(&options.eval_ops, &options.feeds)?, Ran::Stopped) {}
    let values = match &options.final_ops {
        Some(request) => match monitored.run_without_hooks(request)? {
            Ran::Values(values) => Some(values.to_vec()),
            Ran::Undone(_) | Ran::AppliedUnseen | Ran::Stopped => None,
        },
        None => None,
    };
    monitored.finish()?;
    Ok(values)
}

/// Evaluates the checkpoints of a training that goes on elsewhere, as they come; gives the last evaluation's values.
///
/// `options` makes what one evaluation runs, hooks of its own included, for the checkpoint of a step. It ends after
/// `limit` evaluations, or when `waiting` says that no more will come.
///
/// # Errors
/// As [`evaluate_once`]; what the saver returns.
pub fn evaluate_repeatedly<'a, C: Connect>(
    mut connect: C,
    saver: Arc<dyn Save>,
    waiting: CheckpointsOptions<'_>,
    limit: Option<u64>,
    mut options: impl FnMut(u64) -> EvaluateOptions<'a, C::Session>,
) -> Result<Option<Vec<Tensor>>> {
    let mut values = None;
    if limit == Some(0) {
        return Ok(values);
    }
    for (done, checkpoint) in (1..).zip(checkpoints(saver, waiting)) {
        let checkpoint = checkpoint?;
        values = evaluate_once(&mut connect, &checkpoint, options(checkpoint.step))?;
        if limit == Some(done) {
            break;
        }
    }
    Ok(values)
}

/// Makes sessions that hold one checkpoint.
struct Evaluator<'a, 'c, C: Connect> {
    connect: C,
    master: String,
    config: SessionConfig,
    readiness: Readiness<'a, C::Session>,
    checkpoint: &'c Checkpoint,
    rules: everstep_tensor::CopyRules,
    clock: Arc<dyn Clock>,
}

impl<C: Connect> Create for Evaluator<'_, '_, C> {
    type Session = C::Session;

    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<C::Session>> {
        let until = Deadline::new("opening a session", None, self.clock.clone(), attempt.stop.clone());
        let mut session = self.connect.connect(&self.master, &self.config, &until)?;
        restore_from(self.checkpoint, &mut session, &self.rules)?;
        self.readiness.require(&mut session)?;
        Ok(Created::new(session, StartedFrom::Restored(self.checkpoint.step)))
    }
}

impl<S: Session> fmt::Debug for EvaluateOptions<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluateOptions")
            .field("master", &self.master)
            .field("eval_ops", &self.eval_ops)
            .field("final_ops", &self.final_ops)
            .field("hooks", &self.hooks.len())
            .finish_non_exhaustive()
    }
}
