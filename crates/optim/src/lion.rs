//! Lion.

use everstep_graph::{Graph, Initializer, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{LearningRate, Mask, Optimizer, VariableGradient, updating::each};

/// Lion: each element goes as far, by the sign of its momentum; the formulas are at [`UpdateRule::Lion`].
///
/// The momentum of each variable is the slot `variable/Lion`.
///
/// Chen and others, "Symbolic Discovery of Optimization Algorithms" (2023).
#[derive(Clone, Debug)]
pub struct Lion {
    /// How far each element goes in one run; a third to a tenth of Adam's.
    pub learning_rate: LearningRate,
    /// Which part the momentum has in the direction.
    pub beta1: f64,
    /// How slowly the momentum forgets.
    pub beta2: f64,
    /// Which part of a weight goes with a learning rate of 1.
    pub weight_decay: f64,
    /// The variables that decay.
    pub decay_mask: Mask,
}

/// 0.0001, with the paper's 0.9 and 0.99, without decay.
impl Default for Lion {
    fn default() -> Self {
        Self { learning_rate: 1e-4.into(), beta1: 0.9, beta2: 0.99, weight_decay: 0.0, decay_mask: Mask::all() }
    }
}

impl Optimizer for Lion {
    fn name(&self) -> &str {
        "Lion"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        each(graph, gradients, |mut updating| {
            let mean = updating.slot("Lion", Initializer::ZEROS)?;
            let numbers = [
                updating.learning_rate(&self.learning_rate)?,
                updating.number("beta1", self.beta1)?,
                updating.number("beta2", self.beta2)?,
                updating.weight_decay(self.weight_decay, &self.decay_mask)?,
            ];
            updating.update(UpdateRule::Lion, &[mean], |gradient| [&numbers[..], &[gradient]].concat())
        })
    }
}
