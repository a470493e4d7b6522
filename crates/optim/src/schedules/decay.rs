//! Decays that never end.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::{affine, fraction, number, scaled};
use crate::Schedule;

/// `initial_learning_rate * decay_rate ^ (step / decay_steps)`, TensorFlow's `exponential_decay`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialDecay {
    /// The learning rate at step 0.
    pub initial_learning_rate: f64,
    /// After how many steps it is `decay_rate` times as much; at least 1.
    pub decay_steps: u64,
    /// The factor.
    pub decay_rate: f64,
    /// Whether it stays the same for `decay_steps` steps: the exponent is rounded down.
    pub staircase: bool,
}

/// `initial_learning_rate / (1 + decay_rate * step / decay_steps)`, TensorFlow's `inverse_time_decay`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InverseTimeDecay {
    /// The learning rate at step 0.
    pub initial_learning_rate: f64,
    /// After how many steps it is divided by `1 + decay_rate`; at least 1.
    pub decay_steps: u64,
    /// How fast the divisor grows.
    pub decay_rate: f64,
    /// Whether it stays the same for `decay_steps` steps: the quotient of the steps is rounded down.
    pub staircase: bool,
}

/// `initial_learning_rate * exp(-decay_rate * step / decay_steps)`, TensorFlow's `natural_exp_decay`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NaturalExpDecay {
    /// The learning rate at step 0.
    pub initial_learning_rate: f64,
    /// After how many steps it is divided by `exp(decay_rate)`; at least 1.
    pub decay_steps: u64,
    /// How fast the exponent falls.
    pub decay_rate: f64,
    /// Whether it stays the same for `decay_steps` steps: the quotient of the steps is rounded down.
    pub staircase: bool,
}

impl Schedule for ExponentialDecay {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Self { initial_learning_rate, decay_steps, decay_rate, staircase } = *self;
        let exponent = periods(graph, step, "exponential decay", decay_steps, staircase)?;
        let rate = number(graph, decay_rate)?;
        let factor = graph.pow(rate, exponent)?;
        scaled(graph, initial_learning_rate, factor)
    }
}

impl Schedule for InverseTimeDecay {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Self { initial_learning_rate, decay_steps, decay_rate, staircase } = *self;
        let periods = periods(graph, step, "inverse time decay", decay_steps, staircase)?;
        let divisor = affine(graph, 1.0, decay_rate, periods)?;
        let initial = number(graph, initial_learning_rate)?;
        graph.div(initial, divisor)
    }
}

impl Schedule for NaturalExpDecay {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Self { initial_learning_rate, decay_steps, decay_rate, staircase } = *self;
        let periods = periods(graph, step, "natural exponential decay", decay_steps, staircase)?;
        let exponent = scaled(graph, -decay_rate, periods)?;
        let factor = graph.exp(exponent)?;
        scaled(graph, initial_learning_rate, factor)
    }
}

/// How many times `steps` steps have passed.
fn periods(graph: &mut Graph, step: Output, schedule: &str, steps: u64, staircase: bool) -> Result<Output> {
    let periods = fraction(graph, step, schedule, steps)?;
    if staircase { graph.floor(periods) } else { Ok(periods) }
}
