//! The derivative of a choice.

use everstep_tensor::Result;

use super::is_repeated;
use crate::{Graph, Op, Output};

/// The gradient goes where the choice came from.
pub(super) fn select(graph: &mut Graph, inputs: &[Output], index: usize, gradient: Output) -> Result<Output> {
    let operand = inputs[index];
    let zero = graph.scalar("Const", graph.type_of(operand)?.dtype, 0.0)?;
    let flow = match index {
        1 => graph.select(inputs[0], gradient, zero)?,
        _ => graph.select(inputs[0], zero, gradient)?,
    };
    let known = &graph.type_of(operand)?.shape;
    if is_repeated(known, &graph.type_of(gradient)?.shape) {
        return graph.add_op(Op::SumToShape, &[flow, operand]);
    }
    Ok(flow)
}
