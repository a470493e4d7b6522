//! The derivatives of functions of two elements.

use everstep_tensor::Result;

use super::{is_repeated, mask};
use crate::{Binary, Compare, Graph, Op, Output};

pub(super) fn binary(
    graph: &mut Graph,
    function: Binary,
    index: usize,
    [one, other]: [Output; 2],
    output: Output,
    gradient: Output,
) -> Result<Option<Output>> {
    let flow = match (function, index) {
        (Binary::Add, _) | (Binary::Sub, 0) => gradient,
        (Binary::Sub, _) => graph.neg(gradient)?,
        (Binary::Mul, 0) => graph.mul(gradient, other)?,
        (Binary::Mul, _) => graph.mul(gradient, one)?,
        (Binary::Div, 0) => graph.div(gradient, other)?,
        (Binary::Div, _) => {
            let share = graph.div(output, other)?;
            let flow = graph.mul(gradient, share)?;
            graph.neg(flow)?
        }
        (Binary::DivNoNan, 0) => graph.div_no_nan(gradient, other)?,
        (Binary::DivNoNan, _) => {
            let share = graph.div_no_nan(output, other)?;
            let flow = graph.mul(gradient, share)?;
            graph.neg(flow)?
        }
        (Binary::Maximum, _) => masked(graph, [Compare::GreaterEqual, Compare::Less][index], [one, other], gradient)?,
        (Binary::Minimum, _) => masked(graph, [Compare::LessEqual, Compare::Greater][index], [one, other], gradient)?,
        (Binary::SquaredDifference, _) => {
            let difference = if index == 0 { graph.sub(one, other)? } else { graph.sub(other, one)? };
            let twice = graph.add(difference, difference)?;
            graph.mul(gradient, twice)?
        }
        (Binary::Pow, 0) => base(graph, [one, other], gradient)?,
        (Binary::Pow, _) => exponent(graph, one, output, gradient)?,
        (Binary::FloorDiv, _) => return Ok(None),
        (Binary::FloorMod, 0) => gradient,
        (Binary::FloorMod, _) => {
            let quotient = graph.floor_div(one, other)?;
            let flow = graph.mul(gradient, quotient)?;
            graph.neg(flow)?
        }
    };
    let (operand, partner) = if index == 0 { (one, other) } else { (other, one) };
    if is_repeated(&graph.type_of(operand)?.shape, &graph.type_of(partner)?.shape) {
        return graph.add_op(Op::SumToShape, &[flow, operand]).map(Some);
    }
    Ok(Some(flow))
}

fn masked(graph: &mut Graph, compare: Compare, [one, other]: [Output; 2], gradient: Output) -> Result<Output> {
    let chosen = mask(graph, compare, one, other)?;
    graph.mul(gradient, chosen)
}

/// `gradient * y * x^(y - 1)`
fn base(graph: &mut Graph, [x, y]: [Output; 2], gradient: Output) -> Result<Output> {
    let one = graph.scalar("Const", graph.type_of(x)?.dtype, 1.0)?;
    let less = graph.sub(y, one)?;
    let power = graph.pow(x, less)?;
    let slope = graph.mul(y, power)?;
    graph.mul(gradient, slope)
}

/// `gradient * x^y * ln(x)`, and 0 where `x` is not positive, as in TensorFlow.
fn exponent(graph: &mut Graph, x: Output, power: Output, gradient: Output) -> Result<Output> {
    let dtype = graph.type_of(x)?.dtype;
    let (zero, one) = (graph.scalar("Const", dtype, 0.0)?, graph.scalar("Const", dtype, 1.0)?);
    let positive = graph.greater(x, zero)?;
    // Beside it the logarithm of 1 is 0, and nothing becomes NaN.
    let safe = graph.select(positive, x, one)?;
    let logarithm = graph.log(safe)?;
    let slope = graph.mul(power, logarithm)?;
    let flow = graph.mul(gradient, slope)?;
    graph.select(positive, flow, zero)
}
