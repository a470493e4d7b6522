//! Gradient descent with momentum.

use everstep_graph::{Graph, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{Optimizer, VariableGradient, apply::apply, hyperparameters::Hyperparameters, slot::slot};

/// Gradient descent with momentum, TensorFlow's `MomentumOptimizer`; the formulas are at [`UpdateRule::Momentum`].
///
/// The accumulator of each variable is the slot `variable/Momentum`.
/// Of a sparse gradient the used rows alone are touched: the accumulators of the others keep what they have, as there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// How far to go for an accumulated gradient of 1.
    pub learning_rate: f64,
    /// Which part of the accumulated gradient is kept.
    pub momentum: f64,
    /// Whether to look ahead, after Nesterov.
    pub nesterov: bool,
}

impl Optimizer for Momentum {
    fn name(&self) -> &str {
        "Momentum"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let rule = UpdateRule::Momentum { nesterov: self.nesterov };
        let mut numbers = Hyperparameters::default();
        let mut updates = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            let spec = graph.spec_of(*variable)?;
            let accumulator = slot(graph, &spec, "Momentum")?;
            let learning_rate = numbers.get(graph, "learning_rate", spec.dtype, self.learning_rate)?;
            let momentum = numbers.get(graph, "momentum", spec.dtype, self.momentum)?;
            let update = graph.scope(&format!("update_{}", spec.name), |graph| {
                let inputs = |gradient| vec![learning_rate, gradient, momentum];
                apply(graph, rule, &[*variable, accumulator], *gradient, inputs)
            })?;
            updates.push(update);
        }
        Ok(updates)
    }
}
