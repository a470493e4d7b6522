//! Adam with decoupled weight decay.

use everstep_graph::{Graph, Update};
use everstep_tensor::Result;

use crate::{
    Adam, LearningRate, Mask, Optimizer, VariableGradient,
    moments::{Decay, Moments},
};

/// Adam that also shrinks weights, by the learning rate times `weight_decay` of themselves, as PyTorch's and Keras's
/// `AdamW`; the formulas are at [`UpdateRule::AdamW`](everstep_graph::UpdateRule::AdamW).
///
/// The slots are `variable/AdamW` and `variable/AdamW_1`; else it is as [`Adam`].
///
/// Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2017); epsilon is Adam's "epsilon hat".
#[derive(Clone, Debug)]
pub struct AdamW {
    /// About how far each element goes in one run.
    pub learning_rate: LearningRate,
    /// How slowly the first moment forgets.
    pub beta1: f64,
    /// How slowly the second moment forgets.
    pub beta2: f64,
    /// What keeps the divisor from zero.
    pub epsilon: f64,
    /// Which part of a weight goes with a learning rate of 1.
    pub weight_decay: f64,
    /// The variables that decay; the others are updated by [`Adam`].
    pub decay_mask: Mask,
}

/// As [`Adam`], with PyTorch's decay of 0.01 of every variable.
impl Default for AdamW {
    fn default() -> Self {
        let Adam { learning_rate, beta1, beta2, epsilon, .. } = Adam::default();
        Self { learning_rate, beta1, beta2, epsilon, weight_decay: 0.01, decay_mask: Mask::all() }
    }
}

impl Optimizer for AdamW {
    fn name(&self) -> &str {
        "AdamW"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let Self { learning_rate, beta1, beta2, epsilon, weight_decay, decay_mask } = self;
        let learning_rate = learning_rate.clone();
        let adam = Adam { learning_rate, beta1: *beta1, beta2: *beta2, epsilon: *epsilon, lazy: false };
        let decay = Some(Decay { rate: *weight_decay, mask: decay_mask });
        Moments { adam: &adam, slot: "AdamW", decay }.apply(graph, gradients)
    }
}
