//! Up once, and down further than it began.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::{affine, half_cosine, number};
use crate::Schedule;

/// Up from `max_learning_rate / div_factor` to `max_learning_rate`, and down to the first one divided by
/// `final_div_factor`, PyTorch's `OneCycleLR` of two phases.
///
/// After its steps it stays at its end.
/// Smith and Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates" (2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycle {
    /// The peak.
    pub max_learning_rate: f64,
    /// The steps of both phases together.
    pub total_steps: u64,
    /// Which part of the steps goes up: they must be more than one, and fewer than all.
    pub pct_start: f64,
    /// The form of both phases.
    pub anneal_strategy: Anneal,
    /// How much less than the peak it begins with.
    pub div_factor: f64,
    /// How much less than its beginning it ends with.
    pub final_div_factor: f64,
}

/// How a phase of [`OneCycle`] goes from one learning rate to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// Along half a cosine.
    Cosine,
    /// In equal steps.
    Linear,
}

impl OneCycle {
    /// PyTorch's defaults: 30 % of the steps up from a 25th, along cosines, and down to a ten thousandth of that.
    pub fn new(max_learning_rate: f64, total_steps: u64) -> Self {
        Self {
            max_learning_rate,
            total_steps,
            pct_start: 0.3,
            anneal_strategy: Anneal::Cosine,
            div_factor: 25.0,
            final_div_factor: 1e4,
        }
    }

    fn phase(&self, graph: &mut Graph, from: f64, to: f64, passed: Output) -> Result<Output> {
        match self.anneal_strategy {
            Anneal::Linear => affine(graph, from, to - from, passed),
            Anneal::Cosine => {
                let left = half_cosine(graph, passed)?;
                affine(graph, to, from - to, left)
            }
        }
    }
}

impl Schedule for OneCycle {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let (peak, end) = (self.pct_start * self.total_steps as f64 - 1.0, self.total_steps as f64 - 1.0);
        if !(0.0 < peak && peak < end) {
            let message = format!(
                "{} of {} steps go up; give a part of them that is more than one step, and not all",
                self.pct_start, self.total_steps
            );
            return Err(graph.refusal("one cycle", message));
        }
        let initial = self.max_learning_rate / self.div_factor;
        let (peak_step, one) = (number(graph, peak)?, number(graph, 1.0)?);
        let rising = graph.div(step, peak_step)?;
        let rising = self.phase(graph, initial, self.max_learning_rate, rising)?;
        let falling = affine(graph, -peak / (end - peak), 1.0 / (end - peak), step)?;
        let falling = graph.minimum(falling, one)?;
        let falling = self.phase(graph, self.max_learning_rate, initial / self.final_div_factor, falling)?;
        let is_rising = graph.less_equal(step, peak_step)?;
        graph.select(is_rising, rising, falling)
    }
}
