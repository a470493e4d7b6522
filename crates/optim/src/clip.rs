//! Gradients of bounded length.

use everstep_graph::{Gradient, Graph, Output};
use everstep_tensor::Result;

use crate::{VariableGradient, global_norm, hyperparameters::cast};

/// Each gradient for itself, scaled down so that its L2 norm is at most `max_norm`; a shorter one stays bit for bit.
///
/// The formula is that of TensorFlow's `clip_gradient_norms`: `gradient * max_norm / max(norm, max_norm)`.
/// A gradient that is not finite, or whose norm is not, becomes NaN, so that a guard sees it.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if `max_norm` is not positive, or a handle is of another graph.
#[track_caller]
pub fn clip_gradient_norms(
    graph: &mut Graph,
    gradients: &[VariableGradient],
    max_norm: f64,
) -> Result<Vec<VariableGradient>> {
    graph.composite("clip_grads", |graph| {
        check(graph, "max_norm", max_norm)?;
        let mut clipped = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            let norm = global_norm(graph, &[gradient.values()])?;
            let scale = scale(graph, norm, max_norm)?;
            clipped.push((*variable, scaled(graph, gradient, scale)?));
        }
        Ok(clipped)
    })
}

/// [`clip_gradient_norms`] as the transform of a train op.
pub fn clip_gradient_norms_fn(
    max_norm: f64,
) -> impl Fn(&mut Graph, Vec<VariableGradient>) -> Result<Vec<VariableGradient>> {
    move |graph, gradients| clip_gradient_norms(graph, &gradients, max_norm)
}

/// Each element of each gradient, but not below `-max_value` and not above `max_value`; a NaN stays one.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if `max_value` is not positive, or a handle is of another graph.
#[track_caller]
pub fn clip_gradient_values(
    graph: &mut Graph,
    gradients: &[VariableGradient],
    max_value: f64,
) -> Result<Vec<VariableGradient>> {
    graph.composite("clip_values", |graph| {
        check(graph, "max_value", max_value)?;
        let mut clipped = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            let dtype = graph.type_of(gradient.values())?.dtype;
            let (low, high) = (graph.scalar("low", dtype, -max_value)?, graph.scalar("high", dtype, max_value)?);
            clipped.push((*variable, gradient.map(|values| graph.clip_by_value(values, low, high))?));
        }
        Ok(clipped)
    })
}

/// [`clip_gradient_values`] as the transform of a train op.
pub fn clip_gradient_values_fn(
    max_value: f64,
) -> impl Fn(&mut Graph, Vec<VariableGradient>) -> Result<Vec<VariableGradient>> {
    move |graph, gradients| clip_gradient_values(graph, &gradients, max_value)
}

/// All gradients scaled down by one factor, so that their [`global_norm`] is at most `max_norm`; returns that norm too.
///
/// As TensorFlow's `clip_by_global_norm`: below the limit they stay bit for bit, and if the norm is not finite all
/// become NaN.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if there is no gradient, `max_norm` is not positive, or a handle is of
/// another graph.
#[track_caller]
pub fn clip_by_global_norm(
    graph: &mut Graph,
    gradients: &[VariableGradient],
    max_norm: f64,
) -> Result<(Vec<VariableGradient>, Output)> {
    graph.composite("clip_by_global_norm", |graph| {
        check(graph, "max_norm", max_norm)?;
        let values: Vec<Output> = gradients.iter().map(|(_, gradient)| gradient.values()).collect();
        let norm = global_norm(graph, &values)?;
        let scale = scale(graph, norm, max_norm)?;
        let mut clipped = Vec::with_capacity(gradients.len());
        for (variable, gradient) in gradients {
            clipped.push((*variable, scaled(graph, gradient, scale)?));
        }
        Ok((clipped, norm))
    })
}

/// [`clip_by_global_norm`] as the transform of a train op; the norm before it is reported as `global_norm`.
pub fn clip_by_global_norm_fn(
    max_norm: f64,
) -> impl Fn(&mut Graph, Vec<VariableGradient>) -> Result<Vec<VariableGradient>> {
    move |graph, gradients| {
        let (clipped, norm) = clip_by_global_norm(graph, &gradients, max_norm)?;
        graph.summary_scalar("global_norm", norm)?;
        Ok(clipped)
    }
}

/// The gradient times a number; one of two bytes becomes f32.
fn scaled(graph: &mut Graph, gradient: &Gradient, scale: Output) -> Result<Gradient> {
    let dtype = graph.type_of(gradient.values())?.dtype.arithmetic();
    let scale = cast(graph, scale, dtype)?;
    gradient.map(|values| {
        let values = cast(graph, values, dtype)?;
        graph.mul(values, scale)
    })
}

fn check(graph: &Graph, name: &str, limit: f64) -> Result<()> {
    if limit > 0.0 {
        return Ok(());
    }
    Err(graph.refusal("clip", format!("{name} is {limit}; give a positive number")))
}

/// `max_norm / max(norm, max_norm)`, which is 1 below the limit; NaN if the norm is not finite.
fn scale(graph: &mut Graph, norm: Output, max_norm: f64) -> Result<Output> {
    let limit = graph.scalar("max_norm", graph.type_of(norm)?.dtype, max_norm)?;
    let longer = graph.maximum(norm, limit)?;
    let scale = graph.div(limit, longer)?;
    // Zero; NaN of an infinity too, which would otherwise scale finite gradients to zero.
    let zero = graph.sub(norm, norm)?;
    graph.add(scale, zero)
}
