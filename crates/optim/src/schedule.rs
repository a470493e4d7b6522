//! What a schedule promises.

use std::fmt::Debug;

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

/// A learning rate as a function of the global step, which a graph computes.
///
/// ```
/// use everstep_graph::{Graph, Output};
/// use everstep_optim::{Schedule, Sgd};
/// use everstep_tensor::{DType, Result};
///
/// /// As many hundredths as there were steps.
/// #[derive(Debug)]
/// struct Ramp;
///
/// impl Schedule for Ramp {
///     fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
///         let slope = graph.scalar("slope", DType::F64, 0.01)?;
///         graph.mul(step, slope)
///     }
/// }
///
/// let optimizer = Sgd { learning_rate: Ramp.into() };
/// ```
pub trait Schedule: Debug + Send + Sync {
    /// Adds the learning rate at `step` to the graph: a scalar of f64, as the step is; the first step is 0.
    ///
    /// It must be a function of the step alone, so that a resumed training goes on where it was.
    ///
    /// # Errors
    /// `InvalidArgument` naming the number that makes no sense, and one that would.
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output>;
}
