//! Numbers that steer an optimizer, in each dtype that is needed.

use std::collections::{BTreeMap, btree_map::Entry};

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result};

use crate::LearningRate;

/// Values made at the first use, shared by the variables of one dtype.
#[derive(Default)]
pub(crate) struct Hyperparameters {
    constants: BTreeMap<(&'static str, DType), Output>,
    rates: BTreeMap<DType, Output>,
    /// Of a schedule or value, in f64.
    rate: Option<Output>,
}

impl Hyperparameters {
    /// A constant.
    pub(crate) fn get(&mut self, graph: &mut Graph, name: &'static str, dtype: DType, value: f64) -> Result<Output> {
        match self.constants.entry((name, dtype)) {
            Entry::Occupied(known) => Ok(*known.get()),
            Entry::Vacant(place) => Ok(*place.insert(graph.scalar(name, dtype, value)?)),
        }
    }

    /// The learning rate of the coming update; it is registered to be reported.
    pub(crate) fn learning_rate(&mut self, graph: &mut Graph, rate: &LearningRate, dtype: DType) -> Result<Output> {
        if let Some(known) = self.rates.get(&dtype) {
            return Ok(*known);
        }
        let value = match (rate, self.rate) {
            (LearningRate::Constant(rate), _) => graph.scalar("learning_rate", dtype, *rate)?,
            (_, Some(exact)) => cast(graph, exact, dtype)?,
            (rate, None) => {
                let exact = graph.scope("learning_rate", |graph| at_global_step(graph, rate))?;
                self.rate = Some(exact);
                let value = cast(graph, exact, dtype)?;
                graph.identity("learning_rate", value)?
            }
        };
        if self.rates.is_empty() {
            graph.summary_scalar("learning_rate", value)?;
        }
        self.rates.insert(dtype, value);
        Ok(value)
    }
}

/// The global step is 0 at the first update.
fn at_global_step(graph: &mut Graph, rate: &LearningRate) -> Result<Output> {
    let step = graph.global_step()?;
    let step = graph.cast(step, DType::F64)?;
    rate.at(graph, step)
}

/// The value in that dtype.
pub(crate) fn cast(graph: &mut Graph, value: Output, dtype: DType) -> Result<Output> {
    if graph.type_of(value)?.dtype == dtype { Ok(value) } else { graph.cast(value, dtype) }
}
