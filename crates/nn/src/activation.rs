//! What follows a layer's sum.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

/// The function that a layer applies to each of its sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// The sum itself: logits, or a regression.
    #[default]
    Linear,
    /// `max(x, 0)`
    Relu,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
    /// The softmax over the last axis.
    Softmax,
}

impl Activation {
    /// The function of `input`.
    ///
    /// # Errors
    /// If the input is not float.
    #[track_caller]
    pub fn apply(self, graph: &mut Graph, input: Output) -> Result<Output> {
        match self {
            Self::Linear => Ok(input),
            Self::Relu => graph.relu(input),
            Self::Tanh => graph.tanh(input),
            Self::Sigmoid => graph.sigmoid(input),
            Self::Softmax => graph.softmax(input),
        }
    }
}
