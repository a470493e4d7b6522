//! One update of a variable by its gradient, whatever that is of.

use everstep_graph::{Gradient, Graph, Output, Update, UpdateRule, Variable};
use everstep_tensor::Result;

/// Updates variables by a rule, or the used rows of them; `inputs` are the rule's other inputs, given the gradient.
///
/// A rule that knows no rows gets the whole gradient, and so does a variable of two bytes.
pub(crate) fn apply(
    graph: &mut Graph,
    rule: UpdateRule,
    targets: &[Variable],
    gradient: Gradient,
    inputs: impl FnOnce(Output) -> Vec<Output>,
) -> Result<Update> {
    match gradient {
        Gradient::Sparse(slices) if rule.sparse_name().is_some() && !graph.spec_of(targets[0])?.dtype.is_half() => {
            graph.sparse_update(rule, targets, &inputs(slices.values), slices.indices)
        }
        whole => {
            let gradient = whole.dense(graph)?;
            graph.update(rule, targets, &inputs(gradient))
        }
    }
}
