//! The derivatives of ops whose gradient is one op with an output for each input.

use everstep_tensor::Result;

use crate::{AttentionOp, AttentionPass, BatchNormOp, BatchNormPass, Graph, Node, NormOp, NormPass, Op, Output};

/// What input `index` of a normalisation gets.
pub(super) fn norm(graph: &mut Graph, node: &Node, op: NormOp, index: usize, gradient: Output) -> Result<Output> {
    if op.pass == NormPass::Gradient {
        return super::no_gradient(graph, node);
    }
    let statistics = (1..node.outputs().len()).map(|index| output(node, index));
    let inputs: Vec<Output> = [gradient, node.inputs()[0], node.inputs()[1]].into_iter().chain(statistics).collect();
    part(graph, node, Op::Norm(NormOp { pass: NormPass::Gradient, ..op }), &inputs, index)
}

/// What input `index` of a batch normalisation gets; mean and variance get nothing.
pub(super) fn batch_norm(
    graph: &mut Graph,
    node: &Node,
    op: BatchNormOp,
    index: usize,
    gradient: Output,
) -> Result<Option<Output>> {
    if op.pass == BatchNormPass::Gradient {
        return super::no_gradient(graph, node);
    }
    if index > 2 {
        return Ok(None);
    }
    let inputs = [gradient, node.inputs()[0], node.inputs()[1], output(node, 1), output(node, 2)];
    let op = Op::BatchNorm(BatchNormOp { pass: BatchNormPass::Gradient, ..op });
    part(graph, node, op, &inputs, index).map(Some)
}

/// What input `index` of an attention gets.
pub(super) fn attention(
    graph: &mut Graph,
    node: &Node,
    op: AttentionOp,
    index: usize,
    gradient: Output,
) -> Result<Output> {
    if op.pass == AttentionPass::Gradient {
        return super::no_gradient(graph, node);
    }
    let (operands, mask) = node.inputs().split_at(3);
    let inputs: Vec<Output> = std::iter::once(gradient)
        .chain(operands.iter().copied())
        .chain([output(node, 0), output(node, 1)])
        .chain(mask.iter().copied())
        .collect();
    part(graph, node, Op::Attention(AttentionOp { pass: AttentionPass::Gradient, ..op }), &inputs, index)
}

fn output(node: &Node, index: usize) -> Output {
    Output { node: node.id(), index: index as u32 }
}

/// Output `index` of the op that computes all gradients of `node`, which is added for the first of them.
fn part(graph: &mut Graph, node: &Node, op: Op, inputs: &[Output], index: usize) -> Result<Output> {
    let later = &graph.nodes()[node.id().index() + 1..];
    let added = later.iter().rev().find(|added| added.op().name() == op.name() && added.inputs() == inputs);
    let first = match added {
        Some(added) => Output::first(added.id()),
        None => graph.add_op(op, inputs)?,
    };
    Ok(Output { index: index as u32, ..first })
}
