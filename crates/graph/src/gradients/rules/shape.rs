//! The derivatives of operations that move elements: each moves the gradient back.

use everstep_tensor::Result;

use crate::{Graph, Node, Op, Output, PadMode, Section, ShapeOp};

/// The gradient that input `index` of `node` gets, given those of the outputs; `None` if nothing flows to it.
pub(super) fn gradient(
    graph: &mut Graph,
    node: &Node,
    op: &ShapeOp,
    index: usize,
    of_outputs: &[Option<Output>],
) -> Result<Option<Output>> {
    if op.uses_only_shape_of(index) {
        return Ok(None);
    }
    if let ShapeOp::Split { .. } | ShapeOp::Unpack { .. } = op {
        return join(graph, node, op, of_outputs).map(Some);
    }
    let Some(gradient) = of_outputs.first().copied().flatten() else { return Ok(None) };
    let input = node.inputs()[index];
    let mut with_input = |op: ShapeOp| graph.add_op(Op::Shape(op), &[gradient, input]);
    let flow = match op {
        ShapeOp::Reshape(_) | ShapeOp::ReshapeLike | ShapeOp::ExpandDims(_) | ShapeOp::Squeeze(_) => {
            with_input(ShapeOp::ReshapeLike)
        }
        ShapeOp::Transpose(axes) => {
            let mut back = vec![0; axes.len()];
            axes.iter().enumerate().for_each(|(place, axis)| back[*axis] = place);
            graph.add_op(Op::Shape(ShapeOp::Transpose(back)), &[gradient])
        }
        ShapeOp::Concat(axis) => {
            let inputs: Vec<Output> = std::iter::once(gradient).chain(node.inputs().iter().copied()).collect();
            graph.add_op(Op::Shape(ShapeOp::ConcatPart { axis: *axis, part: index }), &inputs)
        }
        ShapeOp::Pack(axis) => {
            let whole = graph.type_of(gradient)?.shape.len();
            let mut sections = vec![Section::all(); whole];
            sections[*axis] = Section::Index(index as isize);
            graph.add_op(Op::Shape(ShapeOp::StridedSlice(sections)), &[gradient])
        }
        ShapeOp::StridedSlice(sections) => with_input(ShapeOp::StridedSliceGrad(sections.clone())),
        ShapeOp::StridedSliceGrad(sections) => {
            graph.add_op(Op::Shape(ShapeOp::StridedSlice(sections.clone())), &[gradient])
        }
        ShapeOp::Pad { paddings, mode: PadMode::Constant(_) } => {
            let inner = paddings.iter().map(|(before, after)| Section::Range {
                begin: Some(*before as isize),
                end: (*after > 0).then(|| -(*after as isize)),
                step: 1,
            });
            graph.add_op(Op::Shape(ShapeOp::StridedSlice(inner.collect())), &[gradient])
        }
        ShapeOp::Pad { paddings, mode } => with_input(ShapeOp::PadGrad { paddings: paddings.clone(), mode: *mode }),
        ShapeOp::PadGrad { paddings, mode } => {
            let pad = ShapeOp::Pad { paddings: paddings.clone(), mode: *mode };
            graph.add_op(Op::Shape(pad), &[gradient])
        }
        ShapeOp::Tile(multiples) => with_input(ShapeOp::TileGrad(multiples.clone())),
        ShapeOp::TileGrad(multiples) => graph.add_op(Op::Shape(ShapeOp::Tile(multiples.clone())), &[gradient]),
        ShapeOp::BroadcastTo(_) | ShapeOp::BroadcastLike => graph.add_op(Op::SumToShape, &[gradient, input]),
        ShapeOp::Reverse(axes) => graph.add_op(Op::Shape(ShapeOp::Reverse(axes.clone())), &[gradient]),
        ShapeOp::ConcatPart { .. } => return super::no_gradient(graph, node),
        ShapeOp::Split { .. } | ShapeOp::Unpack { .. } | ShapeOp::FillLike(_) | ShapeOp::Shape | ShapeOp::Size => {
            return Ok(None);
        }
    };
    flow.map(Some)
}

/// The gradients of the parts as one; zeros stand for those that the loss does not depend on.
fn join(graph: &mut Graph, node: &Node, op: &ShapeOp, of_outputs: &[Option<Output>]) -> Result<Output> {
    let mut parts = Vec::with_capacity(of_outputs.len());
    for (index, gradient) in of_outputs.iter().enumerate() {
        let output = Output { node: node.id(), index: index as u32 };
        parts.push(match gradient {
            Some(gradient) => *gradient,
            None => graph.add_op(Op::Shape(ShapeOp::FillLike(0.0)), &[output])?,
        });
    }
    let joined = match op {
        ShapeOp::Unpack { axis, .. } => ShapeOp::Pack(*axis),
        ShapeOp::Split { axis, .. } => ShapeOp::Concat(*axis),
        _ => unreachable!("only operations with several outputs are joined"),
    };
    graph.add_op(Op::Shape(joined), &parts)
}
