//! Elements dropped in training.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::Layer;

/// In training runs each element is 0 with probability `rate`, else divided by `1 - rate`; in others the value itself.
///
/// What is dropped is a pure function of the session's seed, the layer's name, the training run and the place, so that a
/// resumed training drops what it would have dropped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// How likely an element is dropped, at least 0 and below 1.
    pub rate: f64,
}

impl Dropout {
    /// A layer that drops at that rate.
    pub fn new(rate: f64) -> Self {
        Self { rate }
    }
}

impl Layer for Dropout {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        graph.dropout(input, self.rate)
    }
}
