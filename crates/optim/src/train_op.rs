//! The output that trains when it is fetched.

use everstep_graph::{Graph, Op, Output, Variable};
use everstep_tensor::Result;

use crate::{Optimizer, global_norm};

/// What a training loop fetches and watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainOp {
    /// The loss from before the update; fetching it applies the update and increments the global step.
    pub output: Output,
    /// The [`global_norm`] of the gradients; fetched beside the loss it tells a guard of a NaN that the loss does not show.
    pub gradient_norm: Output,
    /// The variable that counts updates.
    pub global_step: Variable,
}

/// A train op for every trainable variable of the graph.
///
/// # Errors
/// As [`create_train_op_for`].
#[track_caller]
pub fn create_train_op(graph: &mut Graph, loss: impl Into<Output>, optimizer: &dyn Optimizer) -> Result<TrainOp> {
    let variables = graph.trainable_variables();
    create_train_op_for(graph, loss, optimizer, &variables)
}

/// A train op that changes the given variables: gradients of the loss, the optimizer's updates and the next global step,
/// as nodes in the scope `train`.
///
/// Nothing looks at the numbers: a loss or a gradient that is not finite is for a guard to find, and for the loop not to save.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if there is no variable, one is not trainable, the loss does not depend on one,
/// or the loss is not a float scalar.
#[track_caller]
pub fn create_train_op_for(
    graph: &mut Graph,
    loss: impl Into<Output>,
    optimizer: &dyn Optimizer,
    variables: &[Variable],
) -> Result<TrainOp> {
    let loss = loss.into();
    graph.composite("train", |graph| {
        check_variables(graph, variables)?;
        let gradients = gradients(graph, loss, variables)?;
        let of_variables: Vec<_> = variables.iter().copied().zip(gradients.iter().copied()).collect();
        let mut updates = graph.scope(optimizer.name(), |graph| optimizer.apply(graph, &of_variables))?;
        let global_step = graph.global_step()?;
        let one = graph.scalar("one", graph.spec_of(global_step)?.dtype, 1.0)?;
        updates.push(graph.assign_add(global_step, one)?);
        let gradient_norm = global_norm(graph, &gradients)?;
        let output = graph.after("train_op", loss, &updates)?;
        Ok(TrainOp { output, gradient_norm, global_step })
    })
}

fn check_variables(graph: &Graph, variables: &[Variable]) -> Result<()> {
    if variables.is_empty() {
        let message = "there is no variable to train; build layers first, or pass the variables to train";
        return Err(graph.refusal("train op", message));
    }
    for variable in variables {
        let spec = graph.spec_of(*variable)?;
        let op = graph.find(&spec.name).map(|node| node.op());
        if !matches!(op, Some(Op::Variable(def)) if def.trainable) {
            let message = format!("variable {} is not trainable; pass the trainable ones", spec.name);
            return Err(graph.refusal("train op", message));
        }
    }
    Ok(())
}

/// One gradient for each variable.
fn gradients(graph: &mut Graph, loss: Output, variables: &[Variable]) -> Result<Vec<Output>> {
    let values: Vec<_> = variables.iter().map(|variable| variable.output()).collect();
    let found = graph.gradients(loss, &values)?;
    let mut gradients = Vec::with_capacity(found.len());
    for (variable, gradient) in variables.iter().zip(found) {
        let Some(gradient) = gradient else {
            let (loss, variable) = (graph.name_of(loss)?, graph.name_of(*variable)?);
            let message = format!("{loss} does not depend on variable {variable}; pass the variables to train");
            return Err(graph.refusal("train op", message));
        };
        gradients.push(gradient);
    }
    Ok(gradients)
}
