//! Constants, one after the other.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use super::number;
use crate::Schedule;

/// `values[i]` up to and including step `boundaries[i]`, the last value beyond, TensorFlow's `piecewise_constant`.
#[derive(Clone, Debug, PartialEq)]
pub struct PiecewiseConstantDecay {
    /// The last steps of all values but the last, ascending.
    pub boundaries: Vec<u64>,
    /// One more than boundaries.
    pub values: Vec<f64>,
}

impl Schedule for PiecewiseConstantDecay {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Self { boundaries, values } = self;
        let Some((last, others)) = values.split_last().filter(|(_, others)| others.len() == boundaries.len()) else {
            let message = format!("{} boundaries and {} values; give one value more", boundaries.len(), values.len());
            return Err(graph.refusal("piecewise constant", message));
        };
        super::join::check_ascending(graph, "piecewise constant", boundaries)?;
        let mut rate = number(graph, *last)?;
        for (boundary, value) in boundaries.iter().zip(others).rev() {
            let (boundary, value) = (number(graph, *boundary as f64)?, number(graph, *value)?);
            let is_before = graph.less_equal(step, boundary)?;
            rate = graph.select(is_before, value, rate)?;
        }
        Ok(rate)
    }
}
