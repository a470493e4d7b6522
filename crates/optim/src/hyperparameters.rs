//! Numbers that steer an optimizer, as constants of each dtype that is needed.

use std::collections::BTreeMap;

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result};

/// Constants made at the first use, shared by the variables of one dtype; the learning rate is registered to be reported.
#[derive(Default)]
pub(crate) struct Hyperparameters(BTreeMap<(&'static str, DType), Output>);

impl Hyperparameters {
    pub(crate) fn get(&mut self, graph: &mut Graph, name: &'static str, dtype: DType, value: f64) -> Result<Output> {
        if let Some(constant) = self.0.get(&(name, dtype)) {
            return Ok(*constant);
        }
        let constant = graph.scalar(name, dtype, value)?;
        let is_first = self.0.keys().all(|(other, _)| *other != name);
        if name == "learning_rate" && is_first {
            graph.summary_scalar(name, constant)?;
        }
        self.0.insert((name, dtype), constant);
        Ok(constant)
    }
}
