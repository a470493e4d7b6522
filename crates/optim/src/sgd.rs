//! Gradient descent.

use everstep_graph::{Gradient, Graph, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{LearningRate, Optimizer, VariableGradient, updating::each};

/// Stochastic gradient descent: `variable -= learning_rate * gradient`, TensorFlow's `GradientDescentOptimizer`.
///
/// Of a sparse gradient the used rows alone are touched.
#[derive(Clone, Debug)]
pub struct Sgd {
    /// How far to go for a gradient of 1.
    pub learning_rate: LearningRate,
}

impl Optimizer for Sgd {
    fn name(&self) -> &str {
        "GradientDescent"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        each(graph, gradients, |mut updating| {
            let rate = updating.learning_rate(&self.learning_rate)?;
            match updating.gradient {
                Gradient::Sparse(slices) if !updating.spec.dtype.is_half() => updating.scoped(|graph, variable| {
                    let change = graph.mul(slices.values, rate)?;
                    graph.sparse_update(UpdateRule::AssignSub, &[variable], &[change], slices.indices)
                }),
                _ => updating.update(UpdateRule::GradientDescent, &[], |gradient| vec![rate, gradient]),
            }
        })
    }
}
