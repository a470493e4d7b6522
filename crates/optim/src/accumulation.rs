//! Gradients of several runs, for one update.

use everstep_graph::{Graph, Initializer, Output, Update};
use everstep_tensor::{DType, Result};

use crate::{
    VariableGradient,
    hyperparameters::cast,
    slot::{scalar, slot},
};

/// The sums of the gradients up to this run, among the runs of one update.
pub(crate) struct Accumulation {
    /// Of whole variables.
    pub(crate) sums: Vec<VariableGradient>,
    /// Whether the update is due in this run.
    pub(crate) is_last: Output,
    pub(crate) updates: Vec<Update>,
}

impl Accumulation {
    /// Gathers the gradients of `steps` runs: in `variable/GradientAccumulator`, counted by `accumulated_steps`.
    pub(crate) fn new(graph: &mut Graph, gradients: &[VariableGradient], steps: u64) -> Result<Self> {
        if steps == 0 {
            return Err(graph.refusal("train op", "gradient_accumulation_steps is 0; give at least 1"));
        }
        let counter = scalar(graph, "accumulated_steps", DType::I64, 0.0)?;
        let (one, zero) = (graph.scalar("one", DType::I64, 1.0)?, graph.scalar("zero", DType::I64, 0.0)?);
        let all = graph.scalar("gradient_accumulation_steps", DType::I64, steps as f64)?;
        let count = graph.add(counter, one)?;
        let is_last = graph.greater_equal(count, all)?;
        let next = graph.select(is_last, zero, count)?;
        let mut accumulation = Self { sums: Vec::new(), is_last, updates: vec![graph.assign(counter, next)?] };
        for (variable, gradient) in gradients {
            let spec = graph.spec_of(*variable)?;
            let accumulator = slot(graph, &spec, "GradientAccumulator", Initializer::ZEROS)?;
            let (gradient, dtype) = (gradient.dense(graph)?, spec.dtype.arithmetic());
            let gradient = cast(graph, gradient, dtype)?;
            let sum = graph.add(accumulator, gradient)?;
            let nothing = graph.scalar("nothing", dtype, 0.0)?;
            let next = graph.select(is_last, nothing, sum)?;
            accumulation.updates.push(graph.assign(accumulator, next)?);
            accumulation.sums.push((*variable, sum.into()));
        }
        Ok(accumulation)
    }
}
