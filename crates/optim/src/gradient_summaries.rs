//! What a run reports about its gradients.

use everstep_graph::Graph;
use everstep_tensor::Result;

use crate::{VariableGradient, global_norm};

/// Registers the distribution of each gradient to be reported as `variable_gradient` and its L2 norm as
/// `variable_gradient_norm`, as TensorFlow's function of this name, and returns the tags.
///
/// Of a sparse gradient it is the distribution of the used rows.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if a handle is of another graph.
#[track_caller]
pub fn add_gradients_summaries(graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<String>> {
    let mut tags = Vec::with_capacity(2 * gradients.len());
    for (variable, gradient) in gradients {
        let name = graph.spec_of(*variable)?.name;
        tags.push(graph.summary_histogram(&format!("{name}_gradient"), gradient.values())?);
        let norm = global_norm(graph, &[gradient.values()])?;
        tags.push(graph.summary_scalar(&format!("{name}_gradient_norm"), norm)?);
    }
    Ok(tags)
}
