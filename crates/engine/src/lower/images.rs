//! Convolutions and poolings as kernels: what surrounds the images is counted out.

use everstep_graph::{Convolution, ConvolutionOp, ConvolutionPass, Pooling, PoolingKind, PoolingOp};
use everstep_ops::{self as ops, Epilogue, Kernel, Pass, Window, Windows};

use super::Value;

pub(super) fn convolution(op: ConvolutionOp, inputs: &[Value], outputs: &[Value]) -> Kernel {
    let (pass, images, filter) = match op.pass {
        ConvolutionPass::Forward => (Pass::Forward, &inputs[0], &inputs[1]),
        ConvolutionPass::BackpropInput => (Pass::BackpropInput, &outputs[0], &inputs[1]),
        ConvolutionPass::Transposed { .. } => (Pass::BackpropInput, &outputs[0], &inputs[0]),
        ConvolutionPass::BackpropFilter => (Pass::BackpropFilter, &inputs[0], &outputs[0]),
    };
    let Convolution { strides, dilations, .. } = op.convolution;
    let before = op.convolution.before([images.shape[1], images.shape[2]], [filter.shape[0], filter.shape[1]]);
    let window = Window { strides, dilations, before };
    Kernel::Convolution { pass, window, depthwise: op.depthwise, epilogue: Epilogue::default() }
}

pub(super) fn pooling(op: PoolingOp, inputs: &[Value], outputs: &[Value]) -> Kernel {
    let (kind, images) = match op.kind {
        PoolingKind::Max => (ops::Pooling::Max, &inputs[0]),
        PoolingKind::MaxGrad => (ops::Pooling::MaxGrad, &inputs[0]),
        PoolingKind::Average => (ops::Pooling::Average, &inputs[0]),
        PoolingKind::AverageGrad => (ops::Pooling::AverageGrad, &outputs[0]),
    };
    let Pooling { size, strides, .. } = op.pooling;
    let before = op.pooling.before([images.shape[1], images.shape[2]]);
    Kernel::Pooling { kind, windows: Windows { size, strides, before } }
}
