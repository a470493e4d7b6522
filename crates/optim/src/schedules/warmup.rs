//! A slow beginning.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::{fraction, join::since, number};
use crate::{LearningRate, Schedule};

/// From `start` to the first value of `then` in equal steps, and then `then`, whose step 0 is step `steps`.
///
/// With a [`CosineDecay`](crate::CosineDecay) it is what Keras calls its warm-up.
///
/// ```
/// use everstep_optim::{AdamW, CosineDecay, LinearWarmup};
///
/// let rate = LinearWarmup { start: 0.0, steps: 100, then: CosineDecay::new(0.001, 1900).into() };
/// let optimizer = AdamW { learning_rate: rate.into(), ..AdamW::default() };
/// ```
#[derive(Clone, Debug)]
pub struct LinearWarmup {
    /// The learning rate at step 0.
    pub start: f64,
    /// After how many steps it is that of `then`; at least 1.
    pub steps: u64,
    /// What follows.
    pub then: LearningRate,
}

impl Schedule for LinearWarmup {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        if self.steps == 0 {
            return Err(graph.refusal("warm-up", "steps is 0; give at least 1, or only what follows"));
        }
        let passed = fraction(graph, step, "warm-up", self.steps)?;
        let (start, steps) = (number(graph, self.start)?, number(graph, self.steps as f64)?);
        let own = since(graph, step, steps)?;
        let then = self.then.at(graph, own)?;
        let way = graph.sub(then, start)?;
        let gone = graph.mul(way, passed)?;
        let rising = graph.add(start, gone)?;
        let is_warm = graph.greater_equal(step, steps)?;
        graph.select(is_warm, then, rising)
    }
}
