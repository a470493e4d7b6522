//! Gradient descent.

use everstep_graph::{Graph, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{Optimizer, VariableGradient, hyperparameters::Hyperparameters};

/// Stochastic gradient descent: `variable -= learning_rate * gradient`, TensorFlow's `GradientDescentOptimizer`.
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
                let gradient = gradient.dense(graph)?;
                graph.update(UpdateRule::GradientDescent, &[*variable], &[learning_rate, gradient])
            })?;
            updates.push(update);
        }
        Ok(updates)
    }
}
