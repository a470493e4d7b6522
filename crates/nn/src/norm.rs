//! Layers that normalise.

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::Result;

use crate::{Layer, layer::refused};

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, mean and variance of the elements along the last axis.
///
/// Its variables are `gamma` and `beta`, both as long as the last axis.
/// Ba, Kiros and Hinton, "Layer Normalization" (2016).
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Layer, LayerNorm};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let x = graph.placeholder("x", DType::F32, [None, Some(64)])?;
/// let y = LayerNorm::default().build(&mut graph, "norm", x)?;
/// assert_eq!(graph.type_of(y)?.to_string(), "f32[?, 64]");
/// assert!(graph.find_variable("norm/gamma").is_some());
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// What is added to the variance.
    pub epsilon: f64,
    /// How gamma begins.
    pub gamma: Initializer,
    /// How beta begins.
    pub beta: Initializer,
}

impl Default for LayerNorm {
    /// As Keras has it: an epsilon of 0.001, ones and zeros.
    fn default() -> Self {
        Self { epsilon: 1e-3, gamma: Initializer::ONES, beta: Initializer::ZEROS }
    }
}

impl Layer for LayerNorm {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let gamma = weight(graph, "gamma", &self.gamma, input)?;
        let beta = weight(graph, "beta", &self.beta, input)?;
        graph.layer_norm(input, gamma, beta, self.epsilon)
    }
}

/// `x / sqrt(mean(x^2) + epsilon) * gamma`, the mean of the elements along the last axis.
///
/// Its variable is `gamma`, as long as the last axis.
/// Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019).
#[derive(Clone, Debug)]
pub struct RmsNorm {
    /// What is added to the mean of the squares.
    pub epsilon: f64,
    /// How gamma begins.
    pub gamma: Initializer,
}

impl Default for RmsNorm {
    /// As Keras has it: an epsilon of 0.000001, and ones.
    fn default() -> Self {
        Self { epsilon: 1e-6, gamma: Initializer::ONES }
    }
}

impl Layer for RmsNorm {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let gamma = weight(graph, "gamma", &self.gamma, input)?;
        graph.rms_norm(input, gamma, self.epsilon)
    }
}

/// As [`LayerNorm`] of `[batch, .., channels]`, by mean and variance of all elements of an example that lie in one group of
/// neighbouring channels.
///
/// Its variables are `gamma` and `beta`, an element a channel.
/// Wu and He, "Group Normalization" (2018).
#[derive(Clone, Debug)]
pub struct GroupNorm {
    /// How many groups the channels make.
    pub groups: usize,
    /// What is added to the variance.
    pub epsilon: f64,
    /// How gamma begins.
    pub gamma: Initializer,
    /// How beta begins.
    pub beta: Initializer,
}

impl GroupNorm {
    /// As Keras has it: an epsilon of 0.001, ones and zeros; its number of groups is 32 unless told otherwise.
    pub fn new(groups: usize) -> Self {
        Self { groups, epsilon: 1e-3, gamma: Initializer::ONES, beta: Initializer::ZEROS }
    }
}

impl Layer for GroupNorm {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let gamma = weight(graph, "gamma", &self.gamma, input)?;
        let beta = weight(graph, "beta", &self.beta, input)?;
        graph.group_norm(input, gamma, beta, self.groups, self.epsilon)
    }
}

/// A variable along the last axis of the input.
pub(crate) fn weight(graph: &mut Graph, name: &str, initializer: &Initializer, input: Output) -> Result<Output> {
    let length = last_axis(graph, input, "[.., features], features known")?;
    let dtype = graph.type_of(input)?.dtype;
    Ok(graph.variable(name, dtype, [length], initializer.clone())?.output())
}

/// The length of the last axis.
pub(crate) fn last_axis(graph: &Graph, input: Output, taken: &str) -> Result<usize> {
    match graph.type_of(input)?.shape.last() {
        Some(Some(length)) => Ok(*length),
        _ => Err(refused(graph, input, taken)),
    }
}
