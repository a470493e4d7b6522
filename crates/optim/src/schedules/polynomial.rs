//! A decay to an end by a power.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::{affine, fraction, number};
use crate::Schedule;

/// `end + (initial - end) * (1 - step / decay_steps) ^ power`, TensorFlow's `polynomial_decay`; linear if the power is 1.
///
/// After `decay_steps` steps it stays at its end. With `cycle` it decays again instead, over the least multiple of
/// `decay_steps` that the step has not passed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolynomialDecay {
    /// The learning rate at step 0.
    pub initial_learning_rate: f64,
    /// After how many steps it has come to its end; at least 1.
    pub decay_steps: u64,
    /// Where it ends.
    pub end_learning_rate: f64,
    /// The exponent, positive.
    pub power: f64,
    /// Whether it begins again beyond its end.
    pub cycle: bool,
}

impl PolynomialDecay {
    /// TensorFlow's defaults: linear to 0.0001, once.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self { initial_learning_rate, decay_steps, end_learning_rate: 0.0001, power: 1.0, cycle: false }
    }
}

impl Schedule for PolynomialDecay {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        const NAME: &str = "polynomial decay";
        let (initial, end) = (self.initial_learning_rate, self.end_learning_rate);
        if self.power.is_nan() || self.power <= 0.0 {
            return Err(graph.refusal(NAME, format!("power is {}; give a positive number", self.power)));
        }
        let passed = fraction(graph, step, NAME, self.decay_steps)?;
        let one = number(graph, 1.0)?;
        let passed = if self.cycle {
            let rounded = graph.ceil(passed)?;
            let cycles = graph.maximum(rounded, one)?;
            graph.div(passed, cycles)?
        } else {
            graph.minimum(passed, one)?
        };
        let left = graph.sub(one, passed)?;
        let power = number(graph, self.power)?;
        let factor = graph.pow(left, power)?;
        affine(graph, end, initial - end, factor)
    }
}
