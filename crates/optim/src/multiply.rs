//! Gradients that count more or less than others.

use std::collections::BTreeMap;

use everstep_graph::{Graph, Variable};
use everstep_tensor::Result;

use crate::VariableGradient;

/// The gradients of the variables in `multipliers` times their factors; the others as they are.
///
/// This is TensorFlow's `multiply_gradients`: a variable learns at a rate of its own.
/// A variable that has only a name is found with [`Graph::find_variable`].
///
/// # Errors
/// `InvalidArgument` naming the caller's line if there is no multiplier, or there is no gradient of a variable in them.
#[track_caller]
pub fn multiply_gradients(
    graph: &mut Graph,
    gradients: &[VariableGradient],
    multipliers: &BTreeMap<Variable, f64>,
) -> Result<Vec<VariableGradient>> {
    graph.composite("multiply_grads", |graph| {
        if multipliers.is_empty() {
            return Err(graph.refusal("multiply gradients", "there is no multiplier; give at least one"));
        }
        if let Some(missing) = multipliers.keys().find(|variable| gradients.iter().all(|(with, _)| with != *variable)) {
            let name = graph.spec_of(*missing)?.name;
            let message = format!("there is no gradient of variable {name}; multiply only those that there are");
            return Err(graph.refusal("multiply gradients", message));
        }
        let mut multiplied = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            let gradient = match multipliers.get(variable) {
                Some(factor) => {
                    let factor = graph.scalar("multiplier", graph.type_of(gradient.values())?.dtype, *factor)?;
                    gradient.map(|values| graph.mul(values, factor))?
                }
                None => *gradient,
            };
            multiplied.push((*variable, gradient));
        }
        Ok(multiplied)
    })
}
