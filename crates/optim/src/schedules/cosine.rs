//! Decays along half a cosine.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::{affine, fraction, half_cosine, number};
use crate::Schedule;

/// `initial * (alpha + (1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2)`, TensorFlow's `cosine_decay`.
///
/// After `decay_steps` steps it stays at `initial * alpha`.
/// Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2016).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineDecay {
    /// The learning rate at step 0.
    pub initial_learning_rate: f64,
    /// After how many steps it has come to its end; at least 1.
    pub decay_steps: u64,
    /// Which part of the initial learning rate is left at the end.
    pub alpha: f64,
}

impl CosineDecay {
    /// Down to 0.
    pub fn new(initial_learning_rate: f64, decay_steps: u64) -> Self {
        Self { initial_learning_rate, decay_steps, alpha: 0.0 }
    }
}

impl Schedule for CosineDecay {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Self { initial_learning_rate: initial, decay_steps, alpha } = *self;
        let passed = fraction(graph, step, "cosine decay", decay_steps)?;
        let one = number(graph, 1.0)?;
        let passed = graph.minimum(passed, one)?;
        let factor = half_cosine(graph, passed)?;
        affine(graph, initial * alpha, initial * (1.0 - alpha), factor)
    }
}

/// [`CosineDecay`] again and again, TensorFlow's `cosine_decay_restarts`: each period is `t_mul` times as long as the last
/// and begins at `m_mul` times its learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineDecayRestarts {
    /// The learning rate at step 0.
    pub initial_learning_rate: f64,
    /// The steps of the first period; at least 1.
    pub first_decay_steps: u64,
    /// By which factor periods become longer; at least 1.
    pub t_mul: f64,
    /// By which factor their learning rates change.
    pub m_mul: f64,
    /// Which part of the initial learning rate is left at the end of each period.
    pub alpha: f64,
}

impl CosineDecayRestarts {
    /// TensorFlow's defaults: each period twice as long, of the same learning rates, down to 0.
    pub fn new(initial_learning_rate: f64, first_decay_steps: u64) -> Self {
        Self { initial_learning_rate, first_decay_steps, t_mul: 2.0, m_mul: 1.0, alpha: 0.0 }
    }
}

impl Schedule for CosineDecayRestarts {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        const NAME: &str = "cosine decay with restarts";
        let Self { initial_learning_rate: initial, first_decay_steps, t_mul, m_mul, alpha } = *self;
        if !(t_mul >= 1.0 && t_mul.is_finite()) {
            return Err(graph.refusal(NAME, format!("t_mul is {t_mul}; give 1 or more")));
        }
        let periods = fraction(graph, step, NAME, first_decay_steps)?;
        let (restarts, passed) = match t_mul {
            1.0 => equal_periods(graph, periods)?,
            _ => growing_periods(graph, periods, t_mul)?,
        };
        let m_mul = number(graph, m_mul)?;
        let height = graph.pow(m_mul, restarts)?;
        let cosine = half_cosine(graph, passed)?;
        let factor = graph.mul(height, cosine)?;
        affine(graph, initial * alpha, initial * (1.0 - alpha), factor)
    }
}

/// The number of restarts, and which part of the period has passed.
fn equal_periods(graph: &mut Graph, periods: Output) -> Result<(Output, Output)> {
    let restarts = graph.floor(periods)?;
    Ok((restarts, graph.sub(periods, restarts)?))
}

/// The same where each period is `growth` times as long as the last: `n` of them are `(growth^n - 1) / (growth - 1)` first
/// ones.
fn growing_periods(graph: &mut Graph, periods: Output, growth: f64) -> Result<(Output, Output)> {
    // At a restart the logarithm is a whole number but for its rounding, by which no other step comes as near.
    const ROUNDING: f64 = 1e-12;
    let power = affine(graph, 1.0, growth - 1.0, periods)?;
    let logarithm = graph.log(power)?;
    let exponent = affine(graph, ROUNDING, 1.0 / growth.ln(), logarithm)?;
    let restarts = graph.floor(exponent)?;
    let base = number(graph, growth)?;
    let length = graph.pow(base, restarts)?;
    let before = affine(graph, -1.0 / (growth - 1.0), 1.0 / (growth - 1.0), length)?;
    let since = graph.sub(periods, before)?;
    let zero = number(graph, 0.0)?;
    let since = graph.maximum(since, zero)?;
    Ok((restarts, graph.div(since, length)?))
}
