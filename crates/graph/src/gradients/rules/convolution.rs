//! The derivatives of convolutions and poolings: each pass of a convolution is the adjoint of another one.

use everstep_tensor::Result;

use crate::{ConvolutionOp, ConvolutionPass, Graph, Op, Output, PoolingKind, PoolingOp};

/// What input `index` of a convolution gets; `None` if only its shape is used.
pub(super) fn convolution(
    graph: &mut Graph,
    op: ConvolutionOp,
    index: usize,
    inputs: &[Output],
    gradient: Output,
) -> Result<Option<Output>> {
    use ConvolutionPass::{BackpropFilter, BackpropInput, Forward, Transposed};
    let (pass, inputs): (_, &[Output]) = match (op.pass, index, inputs) {
        (Forward, 0, &[images, filter]) => (BackpropInput, &[images, filter, gradient]),
        (Forward, 1, &[images, filter]) => (BackpropFilter, &[images, filter, gradient]),
        (BackpropInput, 1, &[_, filter, outer]) | (Transposed { .. }, 0, &[filter, outer]) => {
            (BackpropFilter, &[gradient, filter, outer])
        }
        (BackpropInput, 2, &[_, filter, _]) | (Transposed { .. }, 1, &[filter, _]) => (Forward, &[gradient, filter]),
        (BackpropFilter, 0, &[images, _, outer]) => (BackpropInput, &[images, gradient, outer]),
        (BackpropFilter, 2, &[images, ..]) => (Forward, &[images, gradient]),
        _ => return Ok(None),
    };
    graph.add_op(Op::Convolution(ConvolutionOp { pass, ..op }), inputs).map(Some)
}

/// What the images of a pooling get, or the gradient that went into [`PoolingKind::AverageGrad`].
pub(super) fn pooling(
    graph: &mut Graph,
    op: PoolingOp,
    index: usize,
    inputs: &[Output],
    output: Output,
    gradient: Output,
) -> Result<Option<Output>> {
    let (kind, inputs): (_, &[Output]) = match (op.kind, index, inputs) {
        (PoolingKind::Max, 0, &[images]) => (PoolingKind::MaxGrad, &[images, output, gradient]),
        (PoolingKind::Average, 0, &[images]) => (PoolingKind::AverageGrad, &[images, gradient]),
        (PoolingKind::AverageGrad, 1, _) => (PoolingKind::Average, &[gradient]),
        _ => return Ok(None),
    };
    graph.add_op(Op::Pooling(PoolingOp { kind, ..op }), inputs).map(Some)
}
