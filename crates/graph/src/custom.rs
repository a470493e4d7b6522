//! Operations of users, as far as the graph knows them.

use std::{any::Any, fmt::Debug, sync::Arc};

use everstep_tensor::Result;

use crate::{Graph, Node, Op, Output, TensorType};

/// What the graph asks of an operation that it does not know: its name, its shapes and its gradient.
///
/// How it is computed is the engine's business: `everstep_engine::CustomOp` has that too, and is what a user implements.
pub trait CustomRule: Debug + Send + Sync {
    /// The name of the op, as in the text of a graph: `Swish`.
    fn name(&self) -> &'static str;

    /// The types of the outputs, given those of the inputs.
    ///
    /// It must be monotone: what is known of the inputs can only make more known of the outputs. With every axis of the
    /// inputs known, every axis of the outputs must be.
    ///
    /// # Errors
    /// `InvalidArgument` that says what does not fit, and what would; the graph adds the op, its inputs and the line.
    fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>>;

    /// The gradient that one of the node's inputs gets, given those of its outputs; `None` if nothing flows to it.
    ///
    /// It is built of nodes, of other custom ops if need be, and has the dtype and shape of the input.
    ///
    /// # Errors
    /// If the nodes cannot be built, or the gradient is not known.
    fn gradient(
        &self,
        graph: &mut Graph,
        node: &Node,
        input: usize,
        of_outputs: &[Option<Output>],
    ) -> Result<Option<Output>>;

    /// Itself, so that the engine that knows the type finds how to compute it.
    fn as_any(&self) -> &dyn Any;
}

impl Graph {
    /// A node of an operation that the graph does not know, and its outputs.
    ///
    /// # Errors
    /// If the operation refuses the inputs.
    #[track_caller]
    pub fn custom(&mut self, rule: Arc<dyn CustomRule>, inputs: &[Output]) -> Result<Vec<Output>> {
        let node = self.push(rule.name(), Op::Custom(rule), inputs, &[])?;
        let count = self.nodes()[node.index()].outputs().len() as u32;
        Ok((0..count).map(|index| Output { node, index }).collect())
    }
}
