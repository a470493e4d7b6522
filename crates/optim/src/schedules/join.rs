//! Schedules, one after the other.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::number;
use crate::{LearningRate, Schedule};

/// One schedule up to each boundary and the next from there on, each beginning with its step 0.
///
/// ```
/// use everstep_optim::{CosineDecay, Join, LearningRate, PolynomialDecay};
///
/// let warm_up = PolynomialDecay { end_learning_rate: 0.1, ..PolynomialDecay::new(0.0, 100) };
/// let rate: LearningRate = Join {
///     schedules: vec![warm_up.into(), 0.1.into(), CosineDecay::new(0.1, 1000).into()],
///     boundaries: vec![100, 500],
/// }
/// .into();
/// ```
#[derive(Clone, Debug)]
pub struct Join {
    /// One more than boundaries.
    pub schedules: Vec<LearningRate>,
    /// The first steps of all schedules but the first, ascending.
    pub boundaries: Vec<u64>,
}

impl Schedule for Join {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Self { schedules, boundaries } = self;
        let Some((first, others)) = schedules.split_first().filter(|(_, others)| others.len() == boundaries.len())
        else {
            let message =
                format!("{} boundaries and {} schedules; give one schedule more", boundaries.len(), schedules.len());
            return Err(graph.refusal("join", message));
        };
        check_ascending(graph, "join", boundaries)?;
        let mut rate = first.at(graph, step)?;
        for (boundary, schedule) in boundaries.iter().zip(others) {
            let boundary = number(graph, *boundary as f64)?;
            let own = since(graph, step, boundary)?;
            let next = schedule.at(graph, own)?;
            let has_begun = graph.greater_equal(step, boundary)?;
            rate = graph.select(has_begun, next, rate)?;
        }
        Ok(rate)
    }
}

/// `max(step - boundary, 0)`
pub(super) fn since(graph: &mut Graph, step: Output, boundary: Output) -> Result<Output> {
    let (steps, zero) = (graph.sub(step, boundary)?, number(graph, 0.0)?);
    graph.maximum(steps, zero)
}

#[track_caller]
pub(super) fn check_ascending(graph: &Graph, schedule: &str, boundaries: &[u64]) -> Result<()> {
    match boundaries.windows(2).find(|pair| pair[0] >= pair[1]) {
        None => Ok(()),
        Some(pair) => {
            let message = format!("boundary {} does not come after {}; give them ascending", pair[1], pair[0]);
            Err(graph.refusal(schedule, message))
        }
    }
}
