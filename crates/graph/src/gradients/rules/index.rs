//! The derivatives of operations that choose elements: the gradient goes where the elements came from.

use everstep_tensor::Result;

use crate::{Cumulate, Graph, IndexOp, Node, Op, Output};

/// The gradient that input `index` of `node` gets, given those of the outputs; `None` if nothing flows to it.
pub(super) fn gradient(
    graph: &mut Graph,
    node: &Node,
    op: IndexOp,
    index: usize,
    of_outputs: &[Option<Output>],
) -> Result<Option<Output>> {
    if op.uses_only_shape_of(index) {
        return Ok(None);
    }
    let Some(gradient) = of_outputs.first().copied().flatten() else { return Ok(None) };
    let inputs = node.inputs();
    let flow = match (op, index) {
        (IndexOp::Gather { axis }, 0) => {
            graph.add_op(Op::Index(IndexOp::GatherGrad { axis }), &[gradient, inputs[1], inputs[0]])
        }
        (IndexOp::GatherGrad { axis }, 0) => graph.add_op(Op::Index(IndexOp::Gather { axis }), &[gradient, inputs[1]]),
        (IndexOp::ScatterAdd, 0) => Ok(gradient),
        (IndexOp::ScatterAdd, 2) => graph.gather(gradient, inputs[1], 0),
        (IndexOp::TopK { .. }, _) => {
            let indices = Output { node: node.id(), index: 1 };
            graph.add_op(Op::Index(IndexOp::TopKGrad), &[gradient, indices, inputs[0]])
        }
        (IndexOp::Cumulate(cumulate), _) if !cumulate.product => {
            graph.add_op(Op::Index(IndexOp::Cumulate(Cumulate { reverse: !cumulate.reverse, ..cumulate })), &[gradient])
        }
        (IndexOp::Cumulate(cumulate), _) => {
            graph.add_op(Op::Index(IndexOp::CumprodGrad(cumulate)), &[gradient, inputs[0]])
        }
        (IndexOp::TopKGrad | IndexOp::CumprodGrad(_) | IndexOp::SumDuplicates, _) => {
            return super::no_gradient(graph, node);
        }
        _ => return Ok(None),
    };
    flow.map(Some)
}
