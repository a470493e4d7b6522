//! What an optimizer promises.

use everstep_graph::{Graph, Update};
use everstep_tensor::Result;

use crate::VariableGradient;

/// Turns gradients into updates.
///
/// ```
/// use everstep_graph::{Graph, Initializer, Update};
/// use everstep_optim::{Optimizer, VariableGradient, create_train_op};
/// use everstep_tensor::{DType, Result};
///
/// /// Goes a fixed length down each axis, whatever the slope; a slope of 0 makes it NaN.
/// struct SignDescent;
///
/// impl Optimizer for SignDescent {
///     fn name(&self) -> &str {
///         "SignDescent"
///     }
///     fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
///         let descend = |(variable, gradient): &VariableGradient| {
///             let gradient = gradient.dense(graph)?;
///             let length = graph.scalar("length", graph.spec_of(*variable)?.dtype, -0.01)?;
///             let size = graph.abs(gradient)?;
///             let sign = graph.div(gradient, size)?;
///             let change = graph.mul(sign, length)?;
///             graph.assign_add(*variable, change)
///         };
///         gradients.iter().map(descend).collect()
///     }
/// }
///
/// let mut graph = Graph::new();
/// let weight = graph.variable("weight", DType::F32, [], Initializer::ONES)?;
/// let loss = graph.square(weight)?;
/// create_train_op(&mut graph, loss, &SignDescent)?;
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
pub trait Optimizer {
    /// The name of the scope that its nodes get.
    fn name(&self) -> &str;

    /// Adds the updates that one training run applies, given each variable with its gradient.
    ///
    /// A rule that knows no used rows takes a sparse gradient as a [dense](everstep_graph::Gradient::dense) one.
    /// What it must remember between runs must be variables of the graph, so that it is saved with the model.
    ///
    /// # Errors
    /// `InvalidArgument` if the updates can not be built.
    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>>;
}
