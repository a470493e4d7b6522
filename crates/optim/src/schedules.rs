//! Schedules, each a function of the global step that the graph computes in f64.

mod cosine;
mod decay;
mod join;
mod one_cycle;
mod piecewise;
mod polynomial;
mod product;
mod warmup;

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result};

pub use self::{
    cosine::{CosineDecay, CosineDecayRestarts},
    decay::{ExponentialDecay, InverseTimeDecay, NaturalExpDecay},
    join::Join,
    one_cycle::{Anneal, OneCycle},
    piecewise::PiecewiseConstantDecay,
    polynomial::PolynomialDecay,
    product::Product,
    warmup::LinearWarmup,
};

fn number(graph: &mut Graph, value: f64) -> Result<Output> {
    graph.scalar("number", DType::F64, value)
}

/// `step / steps`
#[track_caller]
fn fraction(graph: &mut Graph, step: Output, schedule: &str, steps: u64) -> Result<Output> {
    if steps == 0 {
        return Err(graph.refusal(schedule, "decay_steps is 0; give at least 1"));
    }
    let steps = number(graph, steps as f64)?;
    graph.div(step, steps)
}

/// `factor * value`
fn scaled(graph: &mut Graph, factor: f64, value: Output) -> Result<Output> {
    let factor = number(graph, factor)?;
    graph.mul(factor, value)
}

/// `base + factor * value`
fn affine(graph: &mut Graph, base: f64, factor: f64, value: Output) -> Result<Output> {
    let (base, scaled) = (number(graph, base)?, scaled(graph, factor, value)?);
    graph.add(base, scaled)
}

/// `(1 + cos(pi * fraction)) / 2`: from 1 at 0 to 0 at 1.
fn half_cosine(graph: &mut Graph, fraction: Output) -> Result<Output> {
    let angle = scaled(graph, std::f64::consts::PI, fraction)?;
    let cosine = graph.cos(angle)?;
    affine(graph, 0.5, 0.5, cosine)
}
