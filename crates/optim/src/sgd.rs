//! Gradient descent.

use everstep_graph::{Gradient, Graph, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{Optimizer, VariableGradient, hyperparameters::Hyperparameters};

/// Stochastic gradient descent: `variable -= learning_rate * gradient`, TensorFlow's `GradientDescentOptimizer`.
///
/// Of a sparse gradient the used rows alone are touched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd {
    /// How far to go for a gradient of 1.
    pub learning_rate: f64,
}

impl Optimizer for Sgd {
    fn name(&self) -> &str {
        "GradientDescent"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let mut numbers = Hyperparameters::default();
        let mut updates = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            let spec = graph.spec_of(*variable)?;
            let learning_rate = numbers.get(graph, "learning_rate", spec.dtype, self.learning_rate)?;
            let update = graph.scope(&format!("update_{}", spec.name), |graph| {
                let Gradient::Sparse(slices) = gradient else {
                    let inputs = [learning_rate, gradient.values()];
                    return graph.update(UpdateRule::GradientDescent, &[*variable], &inputs);
                };
                let change = graph.mul(slices.values, learning_rate)?;
                graph.sparse_update(UpdateRule::AssignSub, &[*variable], &[change], slices.indices)
            })?;
            updates.push(update);
        }
        Ok(updates)
    }
}
