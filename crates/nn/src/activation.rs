//! What follows a layer's sum.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::Layer;

/// The function that a layer applies to its sums; itself a layer without variables.
///
/// Formulas and defaults are those of Keras.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    /// The logarithm of the softmax over the last axis.
    LogSoftmax,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `x` where it is positive, else `alpha x`.
    LeakyRelu {
        /// The slope below zero; 0.2 in Keras and TensorFlow, 0.01 in PyTorch.
        alpha: f64,
    },
    /// `x` where it is positive, else `e^x - 1`.
    Elu,
    /// 1.0507 times: `x` where it is positive, else `1.67326 (e^x - 1)`.
    Selu,
    /// `x / (1 + e^-x)`, also called swish.
    Silu,
    /// `x` times the normal distribution function at `x`.
    Gelu {
        /// By the hyperbolic tangent, as in GPT-2.
        approximate: bool,
    },
    /// `ln(1 + e^x)`
    Softplus,
    /// `x / (1 + |x|)`
    Softsign,
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
            Self::LogSoftmax => graph.log_softmax(input),
            Self::Relu6 => graph.relu6(input),
            Self::LeakyRelu { alpha } => graph.leaky_relu(input, alpha),
            Self::Elu => graph.elu(input),
            Self::Selu => graph.selu(input),
            Self::Silu => graph.silu(input),
            Self::Gelu { approximate } => graph.gelu(input, approximate),
            Self::Softplus => graph.softplus(input),
            Self::Softsign => graph.softsign(input),
        }
    }
}

impl Layer for Activation {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        self.apply(graph, input)
    }
}
