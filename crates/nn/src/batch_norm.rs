//! Normalisation by the statistics of the batch.

use everstep_graph::{BatchNormed, Graph, Initializer, Output};
use everstep_tensor::{DType, Result};

use crate::{
    Layer,
    norm::{last_axis, weight},
};

/// `(x - mean) / sqrt(variance + epsilon) * gamma + beta` of `[.., channels]`, channel by channel.
///
/// A training run takes mean and variance of its batch, and moves `moving_mean` and `moving_variance` toward them; any
/// other run takes those. The moves are among the graph's update ops ([`Graph::update_ops`]), which a train op applies.
/// Its variables are `gamma` and `beta`, which are trained, `moving_mean` and `moving_variance`, an element a channel each.
/// Ioffe and Szegedy, "Batch Normalization" (2015).
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{BatchNorm, Layer};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(28), Some(28), Some(32)])?;
/// BatchNorm::default().build(&mut graph, "norm", images)?;
/// assert_eq!((graph.trainable_variables().len(), graph.variables().len()), (2, 4));
/// assert_eq!(graph.update_ops().len(), 2);
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// What part of a moving average stays in a training run.
    pub momentum: f64,
    /// What is added to the variance.
    pub epsilon: f64,
    /// How gamma begins.
    pub gamma: Initializer,
    /// How beta begins.
    pub beta: Initializer,
}

impl Default for BatchNorm {
    /// As Keras has it: a momentum of 0.99, an epsilon of 0.001, ones and zeros.
    fn default() -> Self {
        Self { momentum: 0.99, epsilon: 1e-3, gamma: Initializer::ONES, beta: Initializer::ZEROS }
    }
}

impl Layer for BatchNorm {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let gamma = weight(graph, "gamma", &self.gamma, input)?;
        let beta = weight(graph, "beta", &self.beta, input)?;
        let channels = last_axis(graph, input, "[.., channels], channels known")?;
        let dtype = graph.type_of(input)?.dtype;
        // What moves by small shares would stand still in two bytes.
        let kept = dtype.arithmetic();
        let moving_mean = graph.state("moving_mean", kept, [channels], Initializer::ZEROS)?;
        let moving_variance = graph.state("moving_variance", kept, [channels], Initializer::ONES)?;
        let given = [cast(graph, moving_mean.output(), dtype)?, cast(graph, moving_variance.output(), dtype)?];
        let BatchNormed { output, mean, variance } = graph.batch_norm(input, [gamma, beta], given, self.epsilon)?;
        let share = graph.scalar("Share", kept, 1.0 - self.momentum)?;
        for (moving, batch) in [(moving_mean, mean), (moving_variance, variance)] {
            let batch = cast(graph, batch, kept)?;
            let distance = graph.sub(batch, moving)?;
            let step = graph.mul(distance, share)?;
            let update = graph.assign_add(moving, step)?;
            graph.add_update_op(update)?;
        }
        Ok(output)
    }
}

fn cast(graph: &mut Graph, value: Output, dtype: DType) -> Result<Output> {
    if graph.type_of(value)?.dtype == dtype { Ok(value) } else { graph.cast(value, dtype) }
}
