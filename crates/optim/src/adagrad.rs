//! Adagrad.

use everstep_graph::{Graph, Initializer, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{LearningRate, Optimizer, VariableGradient, updating::each};

/// Adagrad, TensorFlow's `AdagradOptimizer`: what has moved much moves less; the formulas are at [`UpdateRule::Adagrad`].
///
/// The sum of the squared gradients of each variable is the slot `variable/Adagrad`.
///
/// Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011).
#[derive(Clone, Debug)]
pub struct Adagrad {
    /// How far the first step goes, nearly.
    pub learning_rate: LearningRate,
    /// What the sums begin with, positive.
    pub initial_accumulator_value: f64,
}

/// 0.001, with TensorFlow's sums that begin with 0.1.
impl Default for Adagrad {
    fn default() -> Self {
        Self { learning_rate: 0.001.into(), initial_accumulator_value: 0.1 }
    }
}

impl Optimizer for Adagrad {
    fn name(&self) -> &str {
        "Adagrad"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let initial = self.initial_accumulator_value;
        if initial.is_nan() || initial <= 0.0 {
            let message = format!("initial_accumulator_value is {initial}; give a positive number");
            return Err(graph.refusal("Adagrad", message));
        }
        each(graph, gradients, |mut updating| {
            let accumulator = updating.slot("Adagrad", Initializer::Constant(initial))?;
            let rate = updating.learning_rate(&self.learning_rate)?;
            updating.update(UpdateRule::Adagrad, &[accumulator], |gradient| vec![rate, gradient])
        })
    }
}
