//! What all layers are.

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::{Error, Result};

use crate::Activation;

/// A part of a model that makes one value of another, with variables of its own.
///
/// An implementation says what it builds by [`call`](Self::call); users say [`build`](Self::build), which gives it a name.
///
/// ```
/// use everstep_graph::{Graph, Initializer, Output};
/// use everstep_nn::{Dense, Layer, Sequential};
/// use everstep_tensor::{DType, Result};
///
/// /// Multiplies everything by one number that is learned.
/// struct Scale;
///
/// impl Layer for Scale {
///     fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
///         let dtype = graph.type_of(input)?.dtype;
///         let factor = graph.variable("factor", dtype, [], Initializer::ONES)?;
///         graph.mul(input, factor)
///     }
/// }
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(64)])?;
/// let model = Sequential::new().with("scale", Scale).with("logits", Dense::new(10));
/// let logits = model.build(&mut graph, "model", images)?;
/// assert!(graph.find_variable("model/scale/factor").is_some());
/// assert_eq!(graph.type_of(logits)?.to_string(), "f32[?, 10]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub trait Layer {
    /// Adds nodes and variables to the scope that is being built, which is the layer's own, and gives their value.
    ///
    /// It must add the same ones each time, and none that depends on the scope's name.
    ///
    /// # Errors
    /// `InvalidArgument` naming the scope ([`Graph::scope_name`]) and the input's type if the input does not suit.
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output>;

    /// Builds the layer on `input` under a name: its variables are `name/kernel` and so on.
    ///
    /// # Errors
    /// `InvalidArgument` naming the caller's line if the input does not suit, or a variable of that name is there already;
    /// the graph is then as it was.
    #[track_caller]
    fn build(&self, graph: &mut Graph, name: &str, input: impl Into<Output>) -> Result<Output>
    where
        Self: Sized,
    {
        let input = input.into();
        graph.composite(name, |graph| self.call(graph, input))
    }
}

impl<L: Layer + ?Sized> Layer for &L {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        (**self).call(graph, input)
    }
}

impl<L: Layer + ?Sized> Layer for Box<L> {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        (**self).call(graph, input)
    }
}

/// `activation(sum + bias)`, the bias along the last axis.
pub(crate) fn finish(
    graph: &mut Graph,
    sum: Output,
    bias: Option<&Initializer>,
    activation: Activation,
) -> Result<Output> {
    let Some(initializer) = bias else { return activation.apply(graph, sum) };
    let known = graph.type_of(sum)?.clone();
    let units = known.shape.last().copied().flatten().expect("a layer knows its units");
    let bias = graph.variable("bias", known.dtype, [units], initializer.clone())?;
    let sum = graph.add(sum, bias)?;
    activation.apply(graph, sum)
}

/// An error that says what the input is, and what the layer takes.
pub(crate) fn refused(graph: &Graph, input: Output, taken: &str) -> Error {
    let (name, known) = match (graph.name_of(input), graph.type_of(input)) {
        (Ok(name), Ok(known)) => (name, known),
        (Err(error), _) | (_, Err(error)) => return error,
    };
    graph.refusal(graph.scope_name(), format!("{name} is {known}; the layer takes {taken}"))
}
