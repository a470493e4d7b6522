//! Operations of users: shapes, gradient and kernel in one type.

use std::{any::Any, fmt::Debug, sync::Arc};

use everstep_graph::{CustomRule, Graph, Node, NodeId, Op, Output, TensorType};
use everstep_ops::{Compute, CustomKernel, Kernel, KernelError, View, ViewMut};
use everstep_tensor::{Error, ErrorKind, Result};

use crate::execute::{INPUTS, OUTPUTS};

/// An operation of one's own: how it infers shapes, how it is differentiated and how it is computed.
///
/// ```
/// use everstep_engine::{CustomOp, custom, ops::{Data, DataMut, KernelError, View, ViewMut}};
/// use everstep_graph::{Graph, TensorType};
/// use everstep_tensor::{DType, Result};
///
/// /// How many set bits each byte has; it has no gradient.
/// #[derive(Debug)]
/// struct PopulationCount;
///
/// impl CustomOp for PopulationCount {
///     fn name(&self) -> &'static str {
///         "PopulationCount"
///     }
///     fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
///         Ok(vec![TensorType::new(DType::U8, inputs[0].shape.clone())])
///     }
///     fn compute(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> std::result::Result<(), KernelError> {
///         let (Data::U8(bytes), DataMut::U8(counts)) = (inputs[0].data, &mut outputs[0].data) else {
///             return Err(KernelError::new("it counts the bits of u8"));
///         };
///         counts.iter_mut().zip(bytes).for_each(|(count, byte)| *count = byte.count_ones() as u8);
///         Ok(())
///     }
/// }
///
/// let mut graph = Graph::new();
/// let bytes = graph.placeholder("bytes", DType::U8, [None])?;
/// let counts = custom(&mut graph, PopulationCount, &[bytes.output()])?[0];
/// assert_eq!(graph.type_of(counts)?.to_string(), "u8[?]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub trait CustomOp: Debug + Send + Sync + 'static {
    /// The name of the op, as in the text of a graph: `Swish`.
    fn name(&self) -> &'static str;

    /// The types of the outputs, given those of the inputs, some of whose axes may not be known yet.
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
    /// An op that does not say has none.
    ///
    /// # Errors
    /// If the nodes cannot be built, or the gradient is not known.
    fn gradient(
        &self,
        graph: &mut Graph,
        node: &Node,
        input: usize,
        of_outputs: &[Option<Output>],
    ) -> Result<Option<Output>> {
        let _ = (input, of_outputs);
        let message = format!("{} is a {}, whose gradient is not known", node.name(), self.name());
        Err(graph.refusal("gradients", message))
    }

    /// Computes the outputs from the inputs, whose types are those that [`infer`](Self::infer) has seen and given.
    ///
    /// The outputs hold anything before, and all of it must be written. The same inputs must always give the same bits.
    ///
    /// # Errors
    /// What the numbers do not allow; the run fails then, and changes nothing.
    fn compute(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> std::result::Result<(), KernelError>;
}

/// Adds an operation of one's own to a graph, and returns its outputs.
///
/// # Errors
/// If it refuses the inputs, or has more inputs or outputs than an instruction of the engine can have.
#[track_caller]
pub fn custom(graph: &mut Graph, op: impl CustomOp, inputs: &[Output]) -> Result<Vec<Output>> {
    let shared: Arc<dyn CustomOp> = Arc::new(op);
    graph.custom(Arc::new(Custom(shared)), inputs)
}

/// Each custom op among the nodes has a kernel.
///
/// # Errors
/// `InvalidArgument` naming the first node whose op has none.
pub(crate) fn check(graph: &Graph, nodes: &[NodeId]) -> Result<()> {
    for node in nodes.iter().map(|id| &graph.nodes()[id.index()]) {
        if let Op::Custom(rule) = node.op()
            && kernel(&**rule).is_none()
        {
            let (name, op) = (node.name(), node.op().name());
            let message =
                format!("{name} is a {op}, which this engine cannot compute; add it with everstep_engine::custom");
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
    }
    Ok(())
}

/// The kernel of a node, if it is one of [`custom`]'s.
pub(crate) fn kernel(rule: &dyn CustomRule) -> Option<Kernel> {
    let custom = rule.as_any().downcast_ref::<Custom>()?;
    Some(Kernel::Custom(CustomKernel(Arc::new(custom.clone()))))
}

/// A user's operation, as graph and kernels see it.
#[derive(Clone, Debug)]
struct Custom(Arc<dyn CustomOp>);

impl CustomRule for Custom {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        check_count("inputs", inputs.len(), INPUTS)?;
        let outputs = self.0.infer(inputs)?;
        check_count("outputs", outputs.len(), OUTPUTS)?;
        if outputs.is_empty() {
            return Err(Error::new(ErrorKind::InvalidArgument, "it has no output; give it one"));
        }
        Ok(outputs)
    }

    fn gradient(
        &self,
        graph: &mut Graph,
        node: &Node,
        input: usize,
        of_outputs: &[Option<Output>],
    ) -> Result<Option<Output>> {
        self.0.gradient(graph, node, input, of_outputs)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Compute for Custom {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn compute(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> std::result::Result<(), KernelError> {
        self.0.compute(inputs, outputs)
    }
}

fn check_count(what: &str, given: usize, most: usize) -> Result<()> {
    if given <= most {
        return Ok(());
    }
    let message = format!("it has {given} {what}, a custom op has at most {most}; divide it, or stack some of them");
    Err(Error::new(ErrorKind::InvalidArgument, message))
}
