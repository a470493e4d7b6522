//! The shapes of all values of a run, from those of what is fed.

use everstep_graph::{Graph, Input, Node, NodeId, Op, Output, TensorType};
use everstep_tensor::{Error, ErrorKind, Result, Shape, Tensor};

/// The types of the outputs of each needed node, all shapes known; by the index of the node.
#[derive(Debug)]
pub(crate) struct Shapes(Vec<Vec<TensorType>>);

impl Shapes {
    /// Infers the types of the needed nodes.
    ///
    /// # Errors
    /// `InvalidArgument` naming a placeholder that is not fed and the fetch that needs it, or the node where fed shapes
    /// contradict each other, with its inputs and the feeds.
    pub(crate) fn infer(
        graph: &Graph,
        needed: &[NodeId],
        fetches: &[Output],
        feeds: &[(Input, Tensor)],
    ) -> Result<Self> {
        let mut shapes = Self(vec![Vec::new(); graph.nodes().len()]);
        for id in needed {
            let node = &graph.nodes()[id.index()];
            shapes.0[id.index()] = match node.op() {
                Op::Placeholder { .. } => vec![fed_type(graph, node, fetches, feeds)?],
                _ => shapes.infer_node(graph, node, feeds)?,
            };
        }
        Ok(shapes)
    }

    /// The type of a value of a needed node.
    pub(crate) fn type_of(&self, output: Output) -> &TensorType {
        &self.0[output.node().index()][output.index()]
    }

    /// The types of the values of a needed node.
    pub(crate) fn outputs(&self, node: NodeId) -> &[TensorType] {
        &self.0[node.index()]
    }

    fn infer_node(&self, graph: &Graph, node: &Node, feeds: &[(Input, Tensor)]) -> Result<Vec<TensorType>> {
        let inputs: Vec<TensorType> = node.inputs().iter().map(|input| self.type_of(*input).clone()).collect();
        let outputs = node.op().infer(&inputs).map_err(|error| {
            let message = format!("{error}; fed were {}", describe_feeds(graph, feeds));
            Error::new(error.kind(), message).context(describe(graph, node, &inputs))
        })?;
        if let Some(unknown) = outputs.iter().find(|output| output.shape.to_shape().is_none()) {
            let message = format!("its shape {} is not known though everything is fed", unknown.shape);
            return Err(Error::new(ErrorKind::Internal, message).context(describe(graph, node, &inputs)));
        }
        Ok(outputs)
    }
}

/// The shape of a value whose type [`Shapes`] holds.
pub(crate) fn shape(known: &TensorType) -> Shape {
    known.shape.to_shape().expect("every shape of a run is known")
}

fn fed_type(graph: &Graph, node: &Node, fetches: &[Output], feeds: &[(Input, Tensor)]) -> Result<TensorType> {
    if let Some((_, value)) = feeds.iter().find(|(input, _)| input.node() == node.id()) {
        return Ok(TensorType::from(value));
    }
    let fetch = graph.name_of(fetch_that_needs(graph, node.id(), fetches))?;
    let message = format!("input {} is not fed, fetch {fetch} needs it; feed {}", node.name(), node.outputs()[0]);
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// The first of the fetches that needs a needed node.
pub(crate) fn fetch_that_needs(graph: &Graph, node: NodeId, fetches: &[Output]) -> Output {
    let needs = |fetch: &&Output| graph.needed_by(&[**fetch]).is_ok_and(|needed| needed.contains(&node));
    *fetches.iter().find(needs).expect("the node is needed by one of them")
}

/// `name = Op(input type, ...)`
fn describe(graph: &Graph, node: &Node, inputs: &[TensorType]) -> String {
    let name = |input: &Output| graph.name_of(*input).unwrap_or_default();
    let inputs = node.inputs().iter().zip(inputs).map(|(input, known)| format!("{} {known}", name(input)));
    format!("{} = {}({})", node.name(), node.op(), inputs.collect::<Vec<String>>().join(", "))
}

fn describe_feeds(graph: &Graph, feeds: &[(Input, Tensor)]) -> String {
    let describe = |(input, value): &(Input, Tensor)| {
        format!("{} {}", graph.name_of(*input).unwrap_or_default(), TensorType::from(value))
    };
    feeds.iter().map(describe).collect::<Vec<String>>().join(", ")
}
