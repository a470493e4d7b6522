//! The derivatives of functions of one element.

use everstep_tensor::Result;

use crate::{Graph, Op, Output, Unary, UnaryGrad};

pub(super) fn unary(
    graph: &mut Graph,
    function: Unary,
    input: Output,
    output: Output,
    gradient: Output,
) -> Result<Option<Output>> {
    let of_output = |graph: &mut Graph, grad| graph.add_op(Op::UnaryGrad(grad), &[gradient, output]);
    let of_input = |graph: &mut Graph, grad| graph.add_op(Op::UnaryGrad(grad), &[gradient, input]);
    let flow = match function {
        Unary::Floor | Unary::Ceil | Unary::Round => return Ok(None),
        Unary::Sign => return Ok(None),
        Unary::Neg => graph.neg(gradient),
        Unary::Abs => {
            let sign = graph.sign(input)?;
            graph.mul(gradient, sign)
        }
        Unary::Exp => graph.mul(gradient, output),
        Unary::Expm1 => {
            let one = constant(graph, input, 1.0)?;
            let slope = graph.add(output, one)?;
            graph.mul(gradient, slope)
        }
        Unary::Log => graph.div(gradient, input),
        Unary::Log1p => {
            let one = constant(graph, input, 1.0)?;
            let sum = graph.add(input, one)?;
            graph.div(gradient, sum)
        }
        Unary::Sqrt => {
            let twice = graph.add(output, output)?;
            graph.div(gradient, twice)
        }
        Unary::Square => {
            let twice = graph.add(input, input)?;
            graph.mul(gradient, twice)
        }
        Unary::Erf => erf(graph, input, gradient),
        Unary::Sin => {
            let slope = graph.cos(input)?;
            graph.mul(gradient, slope)
        }
        Unary::Cos => {
            let sine = graph.sin(input)?;
            let slope = graph.neg(sine)?;
            graph.mul(gradient, slope)
        }
        Unary::Relu => of_output(graph, UnaryGrad::Relu),
        Unary::Relu6 => of_output(graph, UnaryGrad::Relu6),
        Unary::Elu => of_output(graph, UnaryGrad::Elu),
        Unary::Selu => of_output(graph, UnaryGrad::Selu),
        Unary::Tanh => of_output(graph, UnaryGrad::Tanh),
        Unary::Sigmoid => of_output(graph, UnaryGrad::Sigmoid),
        Unary::Reciprocal => of_output(graph, UnaryGrad::Reciprocal),
        Unary::Rsqrt => of_output(graph, UnaryGrad::Rsqrt),
        Unary::LeakyRelu { alpha } => of_input(graph, UnaryGrad::LeakyRelu { alpha }),
        Unary::Softplus => of_input(graph, UnaryGrad::Softplus),
        Unary::Softsign => of_input(graph, UnaryGrad::Softsign),
        Unary::Silu => of_input(graph, UnaryGrad::Silu),
        Unary::Gelu { approximate } => of_input(graph, UnaryGrad::Gelu { approximate }),
    };
    flow.map(Some)
}

/// `gradient * 2 / sqrt(pi) * e^(-x^2)`
fn erf(graph: &mut Graph, input: Output, gradient: Output) -> Result<Output> {
    let square = graph.square(input)?;
    let negative = graph.neg(square)?;
    let power = graph.exp(negative)?;
    let height = constant(graph, input, std::f64::consts::FRAC_2_SQRT_PI)?;
    let slope = graph.mul(power, height)?;
    graph.mul(gradient, slope)
}

/// A number of the dtype of `like`.
fn constant(graph: &mut Graph, like: Output, value: f64) -> Result<Output> {
    let dtype = graph.type_of(like)?.dtype;
    graph.scalar("Const", dtype, value)
}
