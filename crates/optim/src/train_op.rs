//! The output that trains when it is fetched.

use everstep_graph::{Gradient, Graph, Op, Output, Variable, VariableKind};
use everstep_tensor::{DType, Result, Spec};

use crate::{
    Optimizer, TrainOpOptions, VariableGradient, accumulation::Accumulation, add_gradients_summaries, global_norm,
    hyperparameters::cast, loss_scale::Scaling,
};

/// What a training loop fetches and watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrainOp {
    /// The loss from before the update; fetching it applies the update and increments the global step.
    pub output: Output,
    /// The [`global_norm`] of the gradients before they are transformed, of those gathered so far if several runs make an
    /// update; fetched beside the loss it tells a guard of a NaN
    /// that the loss does not show.
    pub gradient_norm: Output,
}

/// A train op with the default [`TrainOpOptions`]: for every trainable variable of the graph.
///
/// # Errors
/// As [`create_train_op_with`].
#[track_caller]
pub fn create_train_op(graph: &mut Graph, loss: impl Into<Output>, optimizer: &dyn Optimizer) -> Result<TrainOp> {
    create_train_op_with(graph, loss, optimizer, TrainOpOptions::default())
}

/// A train op: gradients of the loss, the optimizer's updates and the next global step, as nodes in the scope `train`.
///
/// Its value is the loss from before the updates, as every value of a run; so it does not matter in which order
/// `update_ops` and the optimizer's updates stand.
/// A gradient that is not finite under a finite loss is for a guard to find, by [`TrainOp::gradient_norm`].
///
/// ```
/// use everstep_graph::{Graph, Initializer};
/// use everstep_optim::{Sgd, TrainOpOptions, clip_gradient_norms_fn, create_train_op_with};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let weight = graph.variable("weight", DType::F32, [3], Initializer::ONES)?;
/// let squares = graph.square(weight)?;
/// let loss = graph.sum(squares, [0])?;
/// let options = TrainOpOptions {
///     transform_grads_fn: Some(Box::new(clip_gradient_norms_fn(1.0))),
///     summarize_gradients: true,
///     ..TrainOpOptions::default()
/// };
/// create_train_op_with(&mut graph, loss, &Sgd { learning_rate: 0.1.into() }, options)?;
/// assert_eq!(&**graph.summaries()[0].tag(), "train/summarize_grads/weight_gradient");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
///
/// # Errors
/// `InvalidArgument` naming the caller's line if there is no variable, one is not trainable, the loss does not depend on
/// one or is not a float scalar, the transform left no gradient, or a number makes no sense; what the transform and the optimizer return.
#[track_caller]
pub fn create_train_op_with(
    graph: &mut Graph,
    loss: impl Into<Output>,
    optimizer: &dyn Optimizer,
    options: TrainOpOptions<'_>,
) -> Result<TrainOp> {
    let loss = loss.into();
    graph.composite("train", |graph| {
        let mut updates = options.update_ops.unwrap_or_else(|| graph.update_ops().to_vec());
        let variables = options.variables_to_train.unwrap_or_else(|| graph.trainable_variables());
        check_variables(graph, &variables)?;
        let scaling = options.loss_scale.map(|scale| scale.build(graph)).transpose()?;
        let computed = gradients(graph, loss, scaling.as_ref(), &variables)?;
        let mut gradients: Vec<VariableGradient> = variables.into_iter().zip(computed).collect();
        let mut condition = None;
        let steps = options.gradient_accumulation_steps;
        if steps != 1 {
            let accumulation = Accumulation::new(graph, &gradients, steps)?;
            (gradients, condition) = (accumulation.sums, Some(accumulation.is_last));
            updates.extend(accumulation.updates);
        }
        if scaling.is_some() || steps != 1 {
            gradients = divided(graph, gradients, scaling.as_ref(), steps)?;
        }
        let elements: Vec<Output> = gradients.iter().map(|(_, gradient)| gradient.values()).collect();
        let gradient_norm = global_norm(graph, &elements)?;
        if let Some(dynamic) = scaling.and_then(|scaling| scaling.dynamic) {
            let is_finite = graph.is_finite(gradient_norm)?;
            updates.extend(conditional(graph, condition, |graph| dynamic.adjust(graph, is_finite))?);
            let both = condition.map(|is_last| graph.logical_and(is_last, is_finite)).transpose()?;
            condition = Some(both.unwrap_or(is_finite));
        }
        conditional(graph, condition, |graph| {
            if let Some(transform) = options.transform_grads_fn {
                gradients = transform(graph, gradients)?;
            }
            if gradients.is_empty() {
                return Err(graph.refusal("train op", "the transform left no gradient; leave at least one"));
            }
            if options.summarize_gradients {
                graph.scope("summarize_grads", |graph| add_gradients_summaries(graph, &gradients))?;
            }
            updates.extend(graph.scope(optimizer.name(), |graph| optimizer.apply(graph, &gradients))?);
            if options.global_step {
                let global_step = graph.global_step()?;
                let one = graph.scalar("one", graph.spec_of(global_step)?.dtype, 1.0)?;
                updates.push(graph.assign_add(global_step, one)?);
            }
            Ok(())
        })?;
        let checked = if options.check_numerics { graph.check_numerics(loss)? } else { loss };
        let output = graph.after("train_op", checked, &updates)?;
        Ok(TrainOp { output, gradient_norm })
    })
}

fn check_variables(graph: &Graph, variables: &[Variable]) -> Result<()> {
    if variables.is_empty() {
        let message = "there is no variable to train; build layers first, or pass the variables to train";
        return Err(graph.refusal("train op", message));
    }
    for variable in variables {
        let Spec { name, .. } = graph.spec_of(*variable)?;
        let op = graph.find(&name).map(|node| node.op());
        if !matches!(op, Some(Op::Variable(def)) if def.kind == VariableKind::Trainable) {
            let message = format!("variable {name} is not trainable; pass the trainable ones");
            return Err(graph.refusal("train op", message));
        }
    }
    Ok(())
}

/// What is built, whose updates take effect under that condition if there is one.
fn conditional<T>(
    graph: &mut Graph,
    condition: Option<Output>,
    build: impl FnOnce(&mut Graph) -> Result<T>,
) -> Result<T> {
    match condition {
        Some(condition) => graph.when(condition, build),
        None => build(graph),
    }
}

/// The gradients of the loss, from those of the scaled loss, summed up over several runs.
fn divided(
    graph: &mut Graph,
    gradients: Vec<VariableGradient>,
    scaling: Option<&Scaling>,
    steps: u64,
) -> Result<Vec<VariableGradient>> {
    let mut divisor = graph.scalar("gradient_accumulation_steps", DType::F64, steps as f64)?;
    if let Some(scaling) = scaling {
        divisor = graph.mul(divisor, scaling.scale)?;
    }
    let mut divided = Vec::with_capacity(gradients.len());
    for (variable, gradient) in gradients {
        // A gradient of two bytes is divided in f32, in which it cannot become zero.
        let dtype = graph.spec_of(variable)?.dtype.arithmetic();
        let divisor = cast(graph, divisor, dtype)?;
        let divide = |values| {
            let values = cast(graph, values, dtype)?;
            graph.div(values, divisor)
        };
        divided.push((variable, gradient.map(divide)?));
    }
    Ok(divided)
}

/// One gradient for each variable, of the loss times its scale.
fn gradients(
    graph: &mut Graph,
    loss: Output,
    scaling: Option<&Scaling>,
    variables: &[Variable],
) -> Result<Vec<Gradient>> {
    let mut scaled = loss;
    if let Some(scaling) = scaling {
        let scale = cast(graph, scaling.scale, graph.type_of(loss)?.dtype)?;
        scaled = graph.mul(loss, scale)?;
    }
    let found = graph.compute_gradients(scaled, variables)?;
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
