//! Reverse-mode differentiation: nodes that compute the gradient of a loss.

mod flows;
mod rules;
mod slices;

use everstep_tensor::Result;

use self::{flows::Flows, slices::Slices};
use crate::{Gradient, Graph, Node, NodeId, Op, Output, Variable, condition::Conditions};

impl Graph {
    /// The gradients of a scalar loss with respect to some values, as new nodes in the scope `gradients`.
    ///
    /// A gradient has the dtype and shape of its value; it is `None` where the loss does not depend on the value, or only
    /// through integers and comparisons.
    /// Where a value is read in a branch alone, its gradient is zero in the runs that do not take the branch.
    /// Where `max`, `min`, a reduction by them, `relu` or `abs` has no derivative, the choice is TensorFlow's.
    ///
    /// # Errors
    /// `InvalidArgument` if the loss is not a float scalar, a handle is of another graph, or an op between loss and value
    /// has no gradient (the gradient ops themselves: there are no second derivatives).
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let weight = graph.variable("weight", DType::F32, [], Initializer::ONES)?;
    /// let loss = graph.square(weight)?;
    /// let gradients = graph.gradients(loss, &[weight.output()])?;
    /// assert!(gradients[0].is_some());
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn gradients(&mut self, loss: impl Into<Output>, values: &[Output]) -> Result<Vec<Option<Output>>> {
        let loss = loss.into();
        let scope = self.unique_scope("gradients");
        self.composite(&scope, |graph| {
            let mut flows = backward(graph, loss, values, Slices::default())?.0;
            values.iter().map(|value| flows.total(graph, *value)).collect()
        })
    }

    /// The gradients of a scalar loss with respect to some variables, as [`gradients`](Self::gradients) has them.
    ///
    /// The gradient of a variable whose rows are only [gathered](Self::gather) is [sparse](Gradient::Sparse): it costs as
    /// much as the used rows have elements, however long the variable is.
    ///
    /// ```
    /// use everstep_graph::{Axes, Gradient, Graph, Initializer};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let table = graph.variable("table", DType::F32, [1000, 16], Initializer::ONES)?;
    /// let tokens = graph.placeholder("tokens", DType::I32, [None])?;
    /// let embedded = graph.embedding_lookup(table, tokens)?;
    /// let loss = graph.sum(embedded, Axes::all())?;
    /// let Some(Gradient::Sparse(slices)) = graph.compute_gradients(loss, &[table])?[0] else { unreachable!() };
    /// assert_eq!(graph.type_of(slices.values)?.to_string(), "f32[?, 16]");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`gradients`](Self::gradients).
    #[track_caller]
    pub fn compute_gradients(
        &mut self,
        loss: impl Into<Output>,
        variables: &[Variable],
    ) -> Result<Vec<Option<Gradient>>> {
        let loss = loss.into();
        let values: Vec<Output> = variables.iter().map(|variable| variable.output()).collect();
        let scope = self.unique_scope("gradients");
        self.composite(&scope, |graph| {
            let (mut flows, slices) = backward(graph, loss, &values, Slices::of(variables))?;
            let with_slices = |variable: &Variable| {
                let dense = flows.total(graph, variable.output())?;
                slices.with(graph, *variable, dense)
            };
            variables.iter().map(with_slices).collect()
        })
    }
}

/// What flows to every value between, but what `slices` takes.
///
/// The nodes that differentiate a node are of its branch.
fn backward(graph: &mut Graph, loss: Output, values: &[Output], mut slices: Slices) -> Result<(Flows, Slices)> {
    let one = loss_gradient(graph, loss)?;
    let between = nodes_between(graph, loss, values)?;
    let mut flows = Flows::new(graph);
    let condition = flows.condition(graph, loss)?;
    flows.add(graph, loss, condition, one)?;
    for id in between.iter().rev() {
        let node = graph.nodes()[id.index()].clone();
        let outputs = (0..node.outputs().len() as u32).map(|index| Output { node: *id, index });
        if !outputs.clone().any(|output| flows.reach(output)) {
            continue;
        }
        graph.scope(&format!("{}_grad", node.name()), |graph| {
            let of_outputs = outputs.map(|output| flows.total(graph, output)).collect::<Result<Vec<_>>>()?;
            let condition = flows.condition(graph, Output::first(*id))?;
            graph.under(Conditions::all(condition), |graph| match slices.take(graph, &node, &of_outputs)? {
                true => Ok(()),
                false => through(graph, &node, &of_outputs, &between, &mut flows),
            })
        })?;
    }
    Ok((flows, slices))
}

/// The gradient of the loss by itself: 1.
fn loss_gradient(graph: &mut Graph, loss: Output) -> Result<Output> {
    let known = graph.type_of(loss)?.clone();
    if known.dtype.is_float() && known.shape.is_empty() {
        return graph.scalar("Const", known.dtype, 1.0);
    }
    let message = format!("the loss {} is {known}, not a float scalar; take the mean of it", graph.edge_name(loss));
    Err(graph.refusal("gradients", message))
}

/// The nodes on some path from one of the values to the loss, both ends included, in order of creation.
fn nodes_between(graph: &Graph, loss: Output, values: &[Output]) -> Result<Vec<NodeId>> {
    let mut depends = vec![false; graph.nodes().len()];
    for value in values {
        graph.type_of(*value)?;
        depends[value.node.index()] = true;
    }
    for node in graph.nodes() {
        let carries = |input: &Output| depends[input.node.index()] && is_float(graph, *input);
        if node.inputs().iter().any(carries) {
            depends[node.id().index()] = true;
        }
    }
    Ok(graph.needed_by(&[loss])?.into_iter().filter(|id| depends[id.index()]).collect())
}

fn is_float(graph: &Graph, output: Output) -> bool {
    graph.type_of(output).is_ok_and(|known| known.dtype.is_float())
}

/// Adds what flows through `node` to the gradients of those of its inputs that lie between.
fn through(
    graph: &mut Graph,
    node: &Node,
    of_outputs: &[Option<Output>],
    between: &[NodeId],
    flows: &mut Flows,
) -> Result<()> {
    let own = graph.conditions.value;
    for (index, input) in node.inputs().iter().enumerate() {
        if between.binary_search(&input.node).is_err() || !is_float(graph, *input) {
            continue;
        }
        let Some(flow) = rules::input_gradient(graph, node, index, of_outputs)? else { continue };
        // What a merge gives was computed in the branch of its input.
        let condition = if matches!(node.op(), Op::Merge) { flows.condition(graph, *input)? } else { own };
        flows.add(graph, *input, condition, flow)?;
    }
    Ok(())
}
