//! A plan: which kernels run, in which order, from where to where.

use everstep_graph::{Graph, Input, NodeId, Op, Output, VariableKind};
use everstep_ops::{self as ops, Kernel, Kernels};
use everstep_session::{GraphOptimization, Purpose, Request};
use everstep_tensor::{DType, Error, ErrorKind, Result, Shape, Tensor};

use crate::{
    arena::Arena,
    custom,
    draft::{Draft, computed_nodes},
    feeds,
    lower::Randomness,
    memory::MemoryLimit,
    place::Operand,
    shapes::{self, Shapes},
    variables::GraphVariables,
};

/// How one set of fetches is computed from feeds of given types.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Whether it is for training runs, in which values are dropped.
    pub(crate) is_training: bool,
    pub(crate) fetches: Vec<Output>,
    pub(crate) feeds: Vec<(Input, DType, Shape)>,
    pub(crate) constants: Vec<Tensor>,
    /// The variables that must have a value.
    pub(crate) reads: Vec<usize>,
    pub(crate) instructions: Vec<Instruction>,
    /// In the order in which they are made.
    pub(crate) updates: Vec<Updating>,
    /// Of intermediate results that are needed while each instruction runs, and last those that the updates read.
    pub(crate) live_bytes: Vec<usize>,
    /// The results that are computed into tensors of the outcome.
    pub(crate) results: Vec<Fetched>,
    /// Where the value of each fetch lies, in order.
    pub(crate) values: Vec<Operand>,
}

/// What the session's configuration says of plans.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanOptions {
    pub(crate) seed: u64,
    pub(crate) optimization: GraphOptimization,
}

/// One kernel: what it reads, what it writes.
#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) node: NodeId,
    /// All nodes that it computes, if they are several.
    pub(crate) fused: Vec<NodeId>,
    pub(crate) kernel: Kernel,
    /// The bool that must be true for it to run.
    pub(crate) condition: Option<Operand>,
    pub(crate) inputs: Vec<Operand>,
    /// The results, and the workspace if the kernel takes one.
    pub(crate) outputs: Vec<Operand>,
    /// How many of the outputs are results.
    pub(crate) results: usize,
    /// Of the results.
    pub(crate) bytes: usize,
}

/// One update of variables.
#[derive(Debug)]
pub(crate) struct Updating {
    pub(crate) node: NodeId,
    pub(crate) update: ops::Update,
    /// Whether a value that it reads can make it refuse: the indices of rows.
    pub(crate) can_fail: bool,
    pub(crate) targets: Vec<Changed>,
    /// Those of the update, and last its condition if it is conditional.
    pub(crate) inputs: Vec<Operand>,
    pub(crate) is_conditional: bool,
    /// Of what it touches of the targets.
    pub(crate) bytes: usize,
    /// After how many instructions it is made.
    pub(crate) after: usize,
}

/// A variable that an update changes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Changed {
    pub(crate) variable: usize,
    /// Whether this update or a later one reads the value from before the run.
    pub(crate) keep: bool,
}

/// A result that is computed into a tensor of the outcome.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) dtype: DType,
    pub(crate) shape: Shape,
    /// The first fetch whose value it is.
    pub(crate) position: usize,
}

impl Fetched {
    /// Bytes of the result.
    pub(crate) fn bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.dtype.size()
    }

    /// Whether the result can be written into that tensor.
    pub(crate) fn fits(&self, tensor: &mut Tensor) -> bool {
        self.dtype == tensor.dtype() && self.shape.elements() == Some(tensor.len()) && tensor.is_unique()
    }
}

impl Plan {
    /// Plans the run of a request: prunes, infers shapes, lowers to kernels, and places in memory.
    ///
    /// # Errors
    /// `InvalidArgument` that says which fetch, feed or node does not make sense; `ResourceExhausted` if the run would
    /// need more memory than the limit.
    pub(crate) fn new(
        graph: &Graph,
        kernels: &dyn Kernels,
        variables: &GraphVariables,
        arena: &mut Arena,
        limit: MemoryLimit,
        request: &Request<Output, Input>,
        options: PlanOptions,
    ) -> Result<Self> {
        let (fetches, feeds) = (request.fetches.as_slice(), request.feeds.as_slice());
        feeds::check(graph, feeds)?;
        let needed = graph.needed_by(fetches)?;
        check_fetches(graph, fetches)?;
        custom::check(graph, &needed)?;
        let shapes = Shapes::infer(graph, &needed, fetches, feeds)?;
        let randomness = Randomness { seed: options.seed, is_training: request.purpose == Purpose::Train };
        let mut draft = Draft::new(graph, kernels, variables, &shapes, feeds, randomness);
        computed_nodes(graph, &needed, fetches).into_iter().for_each(|node| draft.add(node));
        draft.finish(arena, limit, fetches, options.optimization)
    }

    /// Whether it is the plan for these fetches and feeds; then the request makes sense.
    pub(crate) fn serves(&self, fetches: &[Output], feeds: &[(Input, Tensor)], is_training: bool) -> bool {
        let is_same = |((input, dtype, shape), (fed, value)): (&(Input, DType, Shape), &(Input, Tensor))| {
            input == fed && *dtype == value.dtype() && **shape == *value.shape()
        };
        self.is_training == is_training
            && self.fetches == fetches
            && self.feeds.len() == feeds.len()
            && self.feeds.iter().zip(feeds).all(is_same)
    }

    /// Bytes of the results that leave with the outcome.
    pub(crate) fn result_bytes(&self) -> usize {
        self.results.iter().map(Fetched::bytes).sum()
    }

    /// The variables that its updates change.
    pub(crate) fn changed(&self) -> impl Iterator<Item = usize> {
        self.updates.iter().flat_map(|updating| &updating.targets).map(|changed| changed.variable)
    }

    /// # Errors
    /// `InvalidArgument` naming the fetch and its update, if the run would change what a run of that purpose may not.
    pub(crate) fn check_purpose(&self, graph: &Graph, purpose: Purpose) -> Result<()> {
        let (allowed, is_refused): (_, fn(&Graph, NodeId) -> bool) = match purpose {
            Purpose::Train => return Ok(()),
            Purpose::Evaluate => {
                ("an evaluation changes local variables alone", |graph, update| !is_local(graph, update))
            }
            Purpose::Read => ("a reading run changes nothing", |_, _| true),
        };
        let Some(update) = self.updates.iter().find(|update| is_refused(graph, update.node)) else { return Ok(()) };
        let fetch = graph.name_of(shapes::fetch_that_needs(graph, update.node, &self.fetches))?;
        let node = &graph.nodes()[update.node.index()];
        let message = format!(
            "fetch {fetch} applies update {} ({}), and {allowed}; fetch it in a training run",
            node.name(),
            node.op().name()
        );
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }
}

/// Every fetch has a value in every run.
fn check_fetches(graph: &Graph, fetches: &[Output]) -> Result<()> {
    let condition = |fetch: &Output| Some((*fetch, graph.nodes()[fetch.node().index()].condition()?));
    let Some((fetch, condition)) = fetches.iter().find_map(condition) else { return Ok(()) };
    let message = format!(
        "fetch {} is computed only when {}; return it from its branch and fetch what cond gives for it",
        graph.name_of(fetch)?,
        graph.name_of(condition)?
    );
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// Whether an update changes nothing but local variables.
fn is_local(graph: &Graph, update: NodeId) -> bool {
    let node = &graph.nodes()[update.index()];
    let Op::Update(rule) = node.op() else { return false };
    let mut targets = node.inputs()[..rule.targets()].iter().map(|target| graph.nodes()[target.node().index()].op());
    targets.all(|op| matches!(op, Op::Variable(def) if def.kind == VariableKind::Local))
}
