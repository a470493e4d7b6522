//! LAMB.

use everstep_graph::{Graph, Initializer, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{
    LearningRate, Mask, Optimizer, VariableGradient, hyperparameters::Hyperparameters, moments::Powers,
    updating::each_with,
};

/// LAMB: Adam whose step is as long as the learning rate times the whole variable, for large batches; the formulas are at
/// [`UpdateRule::Lamb`].
///
/// The moments of each variable are the slots `variable/LAMB` and `variable/LAMB_1`; the powers of the betas are as those
/// of [`Adam`](crate::Adam).
///
/// You and others, "Large Batch Optimization for Deep Learning: Training BERT in 76 minutes" (2019).
#[derive(Clone, Debug)]
pub struct Lamb {
    /// Which part of its length each variable goes in one run.
    pub learning_rate: LearningRate,
    /// How slowly the first moment forgets.
    pub beta1: f64,
    /// How slowly the second moment forgets.
    pub beta2: f64,
    /// What keeps the divisor from zero.
    pub epsilon: f64,
    /// Which part of a weight is added to its step.
    pub weight_decay: f64,
    /// The variables that decay.
    pub decay_mask: Mask,
}

/// The paper's 0.9, 0.999, 1e-6 and 0.01, with a learning rate of 0.001.
impl Default for Lamb {
    fn default() -> Self {
        Self {
            learning_rate: 0.001.into(),
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-6,
            weight_decay: 0.01,
            decay_mask: Mask::all(),
        }
    }
}

impl Optimizer for Lamb {
    fn name(&self) -> &str {
        "LAMB"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let Some((first, _)) = gradients.first() else { return Ok(Vec::new()) };
        let powers = Powers::new(graph, graph.spec_of(*first)?.dtype.arithmetic(), [self.beta1, self.beta2])?;
        let mut shared = Hyperparameters::default();
        let mut updates = each_with(graph, &mut shared, gradients, |mut updating| {
            let slots = [updating.slot("LAMB", Initializer::ZEROS)?, updating.slot("LAMB", Initializer::ZEROS)?];
            let [first, second] = powers.read(updating.graph, updating.spec.dtype.arithmetic())?;
            let numbers = [
                first,
                second,
                updating.learning_rate(&self.learning_rate)?,
                updating.number("beta1", self.beta1)?,
                updating.number("beta2", self.beta2)?,
                updating.number("epsilon", self.epsilon)?,
                updating.weight_decay(self.weight_decay, &self.decay_mask)?,
            ];
            updating.update(UpdateRule::Lamb, &slots, |gradient| [&numbers[..], &[gradient]].concat())
        })?;
        updates.extend(powers.advance(graph, &mut shared)?);
        Ok(updates)
    }
}
