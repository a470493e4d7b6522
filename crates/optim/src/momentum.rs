//! Gradient descent with momentum.

use everstep_graph::{Graph, Initializer, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{LearningRate, Optimizer, VariableGradient, updating::each};

/// Gradient descent with momentum, TensorFlow's `MomentumOptimizer`; the formulas are at [`UpdateRule::Momentum`].
///
/// The accumulator of each variable is the slot `variable/Momentum`.
/// Of a sparse gradient the used rows alone are touched: the accumulators of the others keep what they have, as there.
#[derive(Clone, Debug)]
pub struct Momentum {
    /// How far to go for an accumulated gradient of 1.
    pub learning_rate: LearningRate,
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
        each(graph, gradients, |mut updating| {
            let accumulator = updating.slot("Momentum", Initializer::ZEROS)?;
            let learning_rate = updating.learning_rate(&self.learning_rate)?;
            let momentum = updating.number("momentum", self.momentum)?;
            updating.update(rule, &[accumulator], |gradient| vec![learning_rate, gradient, momentum])
        })
    }
}
