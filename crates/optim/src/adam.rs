//! Adam.

use everstep_graph::{Graph, Update};
use everstep_tensor::Result;

use crate::{LearningRate, Optimizer, VariableGradient, moments::Moments};

/// Adam, TensorFlow's `AdamOptimizer`; the formulas are at [`UpdateRule::Adam`](everstep_graph::UpdateRule::Adam).
///
/// The moments of each variable are the slots `variable/Adam` and `variable/Adam_1`; the powers of the two betas are the
/// variables `beta1_power` and `beta2_power`, of the first variable's dtype.
///
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2014); epsilon is the paper's "epsilon hat".
#[derive(Clone, Debug)]
pub struct Adam {
    /// About how far each element goes in one run.
    pub learning_rate: LearningRate,
    /// How slowly the first moment forgets.
    pub beta1: f64,
    /// How slowly the second moment forgets.
    pub beta2: f64,
    /// What keeps the divisor from zero.
    pub epsilon: f64,
    /// Whether a sparse gradient touches the used rows alone, as TensorFlow's `LazyAdamOptimizer`.
    ///
    /// Otherwise it is applied as the whole gradient, as `AdamOptimizer` does: the moments of all rows decay, and all rows
    /// move by them, which costs as much as the variable has elements.
    pub lazy: bool,
}

/// TensorFlow's defaults: 0.001, 0.9, 0.999 and 1e-8, and not lazy.
impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 0.001.into(), beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lazy: false }
    }
}

impl Optimizer for Adam {
    fn name(&self) -> &str {
        "Adam"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        Moments { adam: self, slot: "Adam", decay: None }.apply(graph, gradients)
    }
}
