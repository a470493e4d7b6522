//! RMSProp.

use everstep_graph::{Graph, Initializer, Update, UpdateRule};
use everstep_tensor::Result;

use crate::{LearningRate, Optimizer, VariableGradient, updating::each};

/// RMSProp, TensorFlow's `RMSPropOptimizer`; the formulas are at [`UpdateRule::RmsProp`].
///
/// The slots of each variable are `variable/RMSProp`, the mean of its squared gradients, that of its gradients if it is
/// centered, and its momentum, under the next free ones of `variable/RMSProp_1` and `variable/RMSProp_2`.
///
/// Tieleman and Hinton, lecture 6.5 of "Neural Networks for Machine Learning" (2012); centered: Graves, "Generating
/// Sequences With Recurrent Neural Networks" (2013).
#[derive(Clone, Debug)]
pub struct RmsProp {
    /// How far to go for a gradient that is as usual.
    pub learning_rate: LearningRate,
    /// How slowly the means forget.
    pub decay: f64,
    /// Which part of the last step is made again.
    pub momentum: f64,
    /// What keeps the root in the divisor from zero.
    pub epsilon: f64,
    /// Whether the variance of the gradient divides, not its mean square.
    pub centered: bool,
}

/// 0.001, with TensorFlow's decay of 0.9, no momentum, and epsilon of 1e-10.
impl Default for RmsProp {
    fn default() -> Self {
        Self { learning_rate: 0.001.into(), decay: 0.9, momentum: 0.0, epsilon: 1e-10, centered: false }
    }
}

impl Optimizer for RmsProp {
    fn name(&self) -> &str {
        "RMSProp"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let Self { learning_rate, decay, momentum, epsilon, centered } = self;
        each(graph, gradients, |mut updating| {
            let square = updating.slot("RMSProp", Initializer::ONES)?;
            let mut slots = Vec::new();
            if *centered {
                slots.push(updating.slot("RMSProp", Initializer::ZEROS)?);
            }
            slots.extend([square, updating.slot("RMSProp", Initializer::ZEROS)?]);
            let numbers = [
                updating.learning_rate(learning_rate)?,
                updating.number("decay", *decay)?,
                updating.number("momentum", *momentum)?,
                updating.number("epsilon", *epsilon)?,
            ];
            updating.update(UpdateRule::RmsProp { centered: *centered }, &slots, |gradient| {
                [&numbers[..], &[gradient]].concat()
            })
        })
    }
}
