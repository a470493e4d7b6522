//! The embedded engine's session.

use std::{fmt, sync::Arc};

use everstep_graph::{Graph, Input, Op, Output};
use everstep_ops::{Cpu, Kernels};
use everstep_session::{Outcome, Purpose, Replica, Request, Scope, Session, SessionConfig};
use everstep_tensor::{Error, ErrorKind, Result, Variables, VariablesMut};

use crate::{
    arena::Arena,
    cache::PlanCache,
    execute::Execution,
    initial::initial_value,
    memory::MemoryLimit,
    plan::{Plan, PlanOptions},
    variables::GraphVariables,
    watch::Watches,
};

/// A session that runs a graph in this process.
///
/// What a run means is said at [`Graph`]. Each set of fetches with feeds of given shapes is planned once; the last
/// sixteen plans are kept. Executing a plan again allocates nothing but what kernels take for themselves, if the outcome
/// of the last run is passed again.
///
/// A value that was read, fetched or saved stays as it is: a variable is written in place only if nobody else holds it,
/// otherwise beside it, into a second buffer that the session keeps.
///
/// The configuration's limits hold for every run, and a run that is due is traced; replicas do not differ here.
/// A memory limit counts a variable that a planned run updates twice from the beginning, so that no save in mid-training
/// exceeds it; it does not count feeds and constants, which are the caller's, nor the buffers kernels take for themselves.
///
/// After each training run that succeeds the variable `training_run` is increased, if the graph has one; random ops draw
/// by its value, and drop values in training runs alone.
///
/// A graph without the variable `global_step` gets one, which stays at the step that was assigned to it.
/// Its local variables are seen by its runs alone: they are not among [`variables`](Session::variables).
pub struct GraphSession {
    graph: Arc<Graph>,
    kernels: Arc<dyn Kernels>,
    options: PlanOptions,
    limit: MemoryLimit,
    watches: Watches,
    variables: GraphVariables,
    arena: Arena,
    plans: PlanCache,
}

impl GraphSession {
    /// A session on the CPU; its variables have no value yet.
    ///
    /// # Errors
    /// `ResourceExhausted` if the threads cannot be started; else as [`with_kernels`](Self::with_kernels).
    pub fn new(graph: impl Into<Arc<Graph>>, config: &SessionConfig) -> Result<Self> {
        let kernels = Cpu::new(config.intra_op_threads)
            .map_err(|error| Error::new(ErrorKind::ResourceExhausted, error.to_string()).with_source(error))?;
        Self::with_kernels(graph, config, Arc::new(kernels))
    }

    /// A session over other kernels; of the configuration the number of threads is the kernels' business.
    ///
    /// # Errors
    /// `InvalidArgument` if a node named `global_step` is not a saved i64 scalar variable, or as
    /// [`SessionConfig::check`].
    pub fn with_kernels(
        graph: impl Into<Arc<Graph>>,
        config: &SessionConfig,
        kernels: Arc<dyn Kernels>,
    ) -> Result<Self> {
        config.check()?;
        let Replica { rank, of } = config.replica;
        if of > 1 {
            let message =
                format!("the embedded engine trains alone, and this is replica {rank} of {of}; leave it 0 of 1");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let graph = counting(graph.into())?;
        let variables = GraphVariables::of(&graph)?;
        let (arena, plans) = (Arena::default(), PlanCache::default());
        let (limit, watches) = (MemoryLimit(config.memory_limit), Watches::new(config));
        let options = PlanOptions { seed: config.seed, optimization: config.graph_optimization };
        Ok(Self { graph, kernels, options, limit, watches, variables, arena, plans })
    }

    /// The graph that is run.
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }
}

/// The graph, with a variable that counts updates.
fn counting(mut graph: Arc<Graph>) -> Result<Arc<Graph>> {
    if graph.find_global_step()?.is_none() {
        Arc::make_mut(&mut graph).global_step()?;
    }
    Ok(graph)
}

impl Session for GraphSession {
    type Fetch = Output;
    type Input = Input;

    /// The values of the last outcome are overwritten where nobody else holds them; after an error it has none.
    fn run(&mut self, request: &Request<Output, Input>, outcome: &mut Outcome) -> Result<()> {
        let watch = self.watches.start(&request.options);
        outcome.metadata = None;
        let is_training = request.purpose == Purpose::Train;
        if !self.plans.find(&request.fetches, &request.feeds, is_training) {
            let (arena, limit, options) = (&mut self.arena, self.limit, self.options);
            let plan = Plan::new(&self.graph, &*self.kernels, &self.variables, arena, limit, request, options)?;
            plan.changed().for_each(|variable| self.variables.entry_mut(variable).will_be_updated());
            self.plans.insert(plan);
        }
        let plan = self.plans.front();
        plan.check_purpose(&self.graph, request.purpose)?;
        plan.reads.iter().try_for_each(|variable| self.variables.entry(*variable).value().map(|_| ()))?;
        let mut execution = Execution {
            graph: &self.graph,
            kernels: &*self.kernels,
            plan,
            feeds: &request.feeds,
            arena: &mut self.arena,
            variables: &mut self.variables,
            watch,
            is_changed: false,
        };
        let done = execution.run(outcome);
        self.arena.release_results();
        done?;
        if is_training { self.variables.count_training_run() } else { Ok(()) }
    }

    fn global_step(&self) -> u64 {
        self.variables.global_step()
    }

    fn variables(&self) -> &dyn Variables {
        &self.variables
    }

    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.variables
    }

    fn initialize(&mut self, scope: Scope) -> Result<()> {
        let (graph, kernels, seed) = (&self.graph, &*self.kernels, self.options.seed);
        self.limit.check("the initialisation", self.variables.bytes_to_initialize(scope), self.arena.bytes())?;
        self.variables.initialize(scope, |node, spec| match graph.nodes()[node.index()].op() {
            Op::Variable(def) => initial_value(kernels, seed, spec, &def.initializer),
            _ => unreachable!("the node of a variable defines one"),
        })
    }

    fn uninitialized(&mut self, scope: Scope) -> Result<Vec<String>> {
        Ok(self.variables.uninitialized(scope))
    }
}

impl fmt::Debug for GraphSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes = self.graph.nodes().len();
        f.debug_struct("GraphSession").field("nodes", &nodes).field("kernels", &self.kernels).finish_non_exhaustive()
    }
}
