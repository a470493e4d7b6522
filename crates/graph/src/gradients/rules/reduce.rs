//! The derivatives of reductions.

use everstep_tensor::Result;

use super::{Reduced, mask};
use crate::{Compare, Graph, Op, Output, Reduction};

pub(super) fn reduce(
    graph: &mut Graph,
    reduction: Reduction,
    reduced: &Reduced<'_>,
    input: Output,
    output: Output,
    gradient: Output,
) -> Result<Option<Output>> {
    match reduction {
        Reduction::Sum => reduced.spread(graph, gradient, input, false),
        Reduction::Mean => reduced.spread(graph, gradient, input, true),
        Reduction::Max | Reduction::Min => extremum(graph, reduced, input, output, gradient),
        Reduction::Prod => product(graph, reduced, input, gradient),
        Reduction::All | Reduction::Any => return Ok(None),
    }
    .map(Some)
}

/// The gradient goes in equal parts to all elements that equal the extremum, as in TensorFlow.
fn extremum(
    graph: &mut Graph,
    reduced: &Reduced<'_>,
    input: Output,
    output: Output,
    gradient: Output,
) -> Result<Output> {
    let extremum = reduced.spread(graph, output, input, false)?;
    let chosen = mask(graph, Compare::Equal, input, extremum)?;
    let count = kept(graph, reduced, Reduction::Sum, chosen)?;
    let share = graph.div(chosen, count)?;
    let spread = reduced.spread(graph, gradient, input, false)?;
    graph.mul(share, spread)
}

/// The product of the other elements: that of all which are not zero, divided by the element, where no other one is zero.
fn product(graph: &mut Graph, reduced: &Reduced<'_>, input: Output, gradient: Output) -> Result<Output> {
    let zero = graph.scalar("Const", graph.type_of(input)?.dtype, 0.0)?;
    let zeros = mask(graph, Compare::Equal, input, zero)?;
    let count = kept(graph, reduced, Reduction::Sum, zeros)?;
    // A zero counts as 1.
    let factors = graph.add(input, zeros)?;
    let product = kept(graph, reduced, Reduction::Prod, factors)?;
    let others = graph.div(product, factors)?;
    // All zeros among the elements are this one.
    let alone = mask(graph, Compare::Equal, count, zeros)?;
    let slope = graph.mul(others, alone)?;
    let spread = reduced.spread(graph, gradient, input, false)?;
    graph.mul(slope, spread)
}

/// A reduction over the same axes that leaves them with length 1.
fn kept(graph: &mut Graph, reduced: &Reduced<'_>, reduction: Reduction, input: Output) -> Result<Output> {
    graph.add_op(Op::Reduce { reduction, axes: reduced.axes.to_vec(), keep_dims: true }, &[input])
}
