//! The graph: nodes in order of creation, names, scopes.

use std::{collections::BTreeMap, panic::Location};

use everstep_event::Summary;
use everstep_tensor::{Error, ErrorKind, Result};

use crate::{Node, NodeId, Op, Output, TensorType, Update, condition::Conditions};

/// A static computation graph. It is built node by node and computes nothing; a session runs it.
///
/// Nodes stand in order of creation, and a node takes values of earlier ones only, so the order is a topological one.
///
/// # What a run means
///
/// A session fetches [`Output`]s; what they need is computed, each node at most once.
/// - Every read of a variable gives its value from before the run.
/// - Updates take effect at the end of the run, all of them or none, in order of creation;
///   of two updates of one variable the later one finds what the earlier one left.
/// - What was built in a branch of [`Graph::cond`] is computed only if that is taken, and its updates take effect only then;
///   an update that was built in [`Graph::when`] takes effect only if its condition is true.
/// - A fetch that depends on an update, through inputs or through [`Graph::after`], makes the run a training run.
///
/// # Errors
///
/// A method that builds a node names, in its error, the op, its inputs with their types and the caller's line;
/// the graph is then as it was. `InvalidArgument` is the kind of all of them.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    names: BTreeMap<String, NodeId>,
    pub(crate) summaries: Vec<Summary<Output>>,
    pub(crate) update_ops: Vec<Update>,
    /// The scope that is being built, with its trailing slash; empty at the root.
    scope: String,
    /// What must be true for what is being built.
    pub(crate) conditions: Conditions,
    /// Whom errors name while a composite is being built.
    caller: Option<&'static Location<'static>>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every node, in order of creation.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node, or `None` if the handle is of another graph.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// The node of that name.
    pub fn find(&self, name: &str) -> Option<&Node> {
        self.names.get(name).and_then(|id| self.node(*id))
    }

    /// Every node, ascending by name.
    pub(crate) fn nodes_by_name(&self) -> impl Iterator<Item = &Node> {
        self.names.values().map(|id| &self.nodes[id.index()])
    }

    /// What is known of a value.
    ///
    /// # Errors
    /// `InvalidArgument` if the handle is of another graph.
    pub fn type_of(&self, output: impl Into<Output>) -> Result<&TensorType> {
        let output = output.into();
        let found = self.node(output.node).and_then(|node| node.outputs.get(output.index()));
        found.ok_or_else(|| {
            let message = format!("{output:?} is not of this graph; use the handles that this graph gave");
            Error::new(ErrorKind::InvalidArgument, message)
        })
    }

    /// The name of a value: `node`, or `node:1` for an output that is not the first.
    ///
    /// # Errors
    /// `InvalidArgument` if the handle is of another graph.
    pub fn name_of(&self, output: impl Into<Output>) -> Result<String> {
        let output = output.into();
        self.type_of(output)?;
        Ok(self.edge_name(output))
    }

    /// The nodes that the given values need, themselves included, through inputs, control and conditions, in order of creation.
    ///
    /// # Errors
    /// `InvalidArgument` if a handle is of another graph.
    pub fn needed_by(&self, outputs: &[Output]) -> Result<Vec<NodeId>> {
        let mut needed = vec![false; self.nodes.len()];
        for output in outputs {
            self.type_of(*output)?;
            needed[output.node.index()] = true;
        }
        for node in self.nodes.iter().rev() {
            if needed[node.id.index()] {
                node.inputs.iter().for_each(|input| needed[input.node.index()] = true);
                node.control.iter().for_each(|earlier| needed[earlier.index()] = true);
                node.condition.iter().for_each(|condition| needed[condition.node.index()] = true);
            }
        }
        Ok(self.nodes.iter().map(Node::id).filter(|id| needed[id.index()]).collect())
    }

    /// Builds nodes whose names begin with `name/`, below the scope that is being built.
    ///
    /// A scope can be entered again; names in it stay unique by a suffix.
    ///
    /// ```
    /// use everstep_graph::Graph;
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let input = graph.scope("input", |graph| graph.placeholder("images", DType::F32, [None, Some(64)]))?;
    /// assert_eq!(graph.name_of(input)?, "input/images");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    pub fn scope<R>(&mut self, name: &str, build: impl FnOnce(&mut Self) -> R) -> R {
        self.within(format!("{}{name}/", self.scope), build)
    }

    /// Builds nodes outside every scope, such as a counter that all share.
    pub fn root<R>(&mut self, build: impl FnOnce(&mut Self) -> R) -> R {
        self.within(String::new(), build)
    }

    /// A [`scope`](Self::scope) for a function that builds several nodes for its caller, such as a layer.
    ///
    /// With `#[track_caller]` on that function, errors in it name the line that called it.
    ///
    /// # Errors
    /// What `build` returns; what it had built is then removed.
    #[track_caller]
    pub fn composite<T>(&mut self, name: &str, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.on_behalf(|graph| graph.scope(name, |graph| graph.whole(build)))
    }

    /// Builds all nodes or none.
    pub(crate) fn whole<T>(&mut self, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let (nodes, summaries, update_ops) = (self.nodes.len(), self.summaries.len(), self.update_ops.len());
        let built = build(self);
        if built.is_err() {
            self.nodes.truncate(nodes);
            self.names.retain(|_, id| id.index() < nodes);
            self.summaries.truncate(summaries);
            self.update_ops.truncate(update_ops);
        }
        built
    }

    /// Builds nodes whose errors name the caller of this method.
    #[track_caller]
    pub(crate) fn on_behalf<R>(&mut self, build: impl FnOnce(&mut Self) -> R) -> R {
        let location = self.location();
        self.at(location, build)
    }

    /// Builds nodes whose errors name that line.
    pub(crate) fn at<R>(&mut self, line: &'static Location<'static>, build: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.caller.replace(line);
        let built = build(self);
        self.caller = outer;
        built
    }

    /// The scope that is being built, such as `model/hidden`; empty outside every scope.
    pub fn scope_name(&self) -> &str {
        self.scope.strip_suffix('/').unwrap_or_default()
    }

    fn within<R>(&mut self, scope: String, build: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.scope, scope);
        let built = build(self);
        self.scope = outer;
        built
    }

    /// The line that errors name: the caller of the outermost composite, or of the method.
    #[track_caller]
    pub(crate) fn location(&self) -> &'static Location<'static> {
        // Called directly: as a function value it would be called from the standard library.
        let direct = Location::caller();
        self.caller.unwrap_or(direct)
    }

    /// `name` in the scope that is being built.
    pub(crate) fn scoped(&self, name: &str) -> String {
        format!("{}{name}", self.scope)
    }

    /// Adds a node named after its op.
    #[track_caller]
    pub(crate) fn add_op(&mut self, op: Op, inputs: &[Output]) -> Result<Output> {
        self.push(op.name(), op, inputs, &[]).map(Output::first)
    }

    /// Adds a node under `name`, or `name_1` and so on if that is taken.
    #[track_caller]
    pub(crate) fn push(&mut self, name: &str, op: Op, inputs: &[Output], control: &[NodeId]) -> Result<NodeId> {
        let name = first_free(&self.scoped(name), |name| !self.names.contains_key(name));
        self.push_exact(name, op, inputs, control)
    }

    /// An error `what at file:line: message` of kind `InvalidArgument`, for functions that build nodes.
    ///
    /// The line is that of the caller, or of the caller of the outermost [`composite`](Self::composite).
    #[track_caller]
    pub fn refusal(&self, what: &str, message: impl Into<String>) -> Error {
        let location = self.location();
        let place = format_args!("{what} at {}:{}", location.file(), location.line()).to_string();
        Error::new(ErrorKind::InvalidArgument, message).context(place)
    }

    /// Adds a node under that whole name, which must be free.
    #[track_caller]
    pub(crate) fn push_exact(&mut self, name: String, op: Op, inputs: &[Output], control: &[NodeId]) -> Result<NodeId> {
        let location = self.location();
        let outputs = match self.check(&name, &op, inputs, control) {
            Ok(outputs) => outputs,
            Err(error) => return Err(self.refusal(&self.describe(&name, &op, inputs), error.to_string())),
        };
        let index = u32::try_from(self.nodes.len()).expect("a graph of four thousand million nodes exceeds the memory");
        let id = NodeId(index);
        let condition = self.conditions.of(&op);
        let (inputs, control) = (inputs.to_vec(), control.to_vec());
        self.names.insert(name.clone(), id);
        self.nodes.push(Node { id, name, op, inputs, control, condition, outputs, location });
        Ok(id)
    }

    fn check(&self, name: &str, op: &Op, inputs: &[Output], control: &[NodeId]) -> Result<Vec<TensorType>> {
        check_name(name)?;
        if self.names.contains_key(name) {
            let message = "the name is taken; choose another name or scope, or keep the handle of the first one";
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        if let Some(foreign) = control.iter().find(|id| self.node(**id).is_none()) {
            let message = format!("{foreign:?} is not of this graph; use the handles that this graph gave");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        let types = inputs.iter().map(|input| self.type_of(*input).cloned()).collect::<Result<Vec<TensorType>>>()?;
        let outputs = op.infer(&types)?;
        match self.unreadable(op, inputs, self.conditions.of(op)) {
            Some(input) => Err(Error::new(ErrorKind::InvalidArgument, self.says_when(input))),
            None => Ok(outputs),
        }
    }

    /// `name = Op(input type, ...)`, for errors.
    fn describe(&self, name: &str, op: &Op, inputs: &[Output]) -> String {
        let describe_input = |input: &Output| match self.type_of(*input) {
            Ok(known) => format!("{} {known}", self.edge_name(*input)),
            Err(_) => "?".into(),
        };
        let inputs = inputs.iter().map(describe_input).collect::<Vec<String>>().join(", ");
        format!("{name} = {op}({inputs})")
    }

    /// The name of a value that is known to be of this graph.
    pub(crate) fn edge_name(&self, output: Output) -> String {
        let node = &self.nodes[output.node.index()].name;
        if output.index == 0 { node.clone() } else { format!("{node}:{}", output.index) }
    }

    /// `name`, or `name_1` and so on if that is a scope with nodes in it.
    pub(crate) fn unique_scope(&self, name: &str) -> String {
        first_free(name, |name| {
            let prefix = format!("{}/", self.scoped(name));
            self.names.range(prefix.clone()..).next().is_none_or(|(first, _)| !first.starts_with(&prefix))
        })
    }
}

/// `name`, or the first of `name_1` and so on, that is free.
pub(crate) fn first_free(name: &str, is_free: impl Fn(&str) -> bool) -> String {
    let numbered = (1..).map(|suffix: usize| format!("{name}_{suffix}"));
    let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
    candidates.find(|name| is_free(name)).expect("the suffixes do not end")
}

/// TensorFlow's rule: letters, digits, `_ . - / \` and `>`, the first one a letter, a digit or a dot.
fn check_name(name: &str) -> Result<()> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '.');
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "_.-/\\>".contains(character);
    if starts_well && name.chars().all(is_allowed) {
        return Ok(());
    }
    let message = format!("{name:?} is not a name; use letters, digits and _ . - /, and begin with a letter or digit");
    Err(Error::new(ErrorKind::InvalidArgument, message))
}
