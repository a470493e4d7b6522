//! Attributes of convolutions and poolings, by TensorFlow's names.

use everstep_proto::attr_value::Attr;

use super::{Attributes, integers};
use crate::{ConvolutionOp, Padding, PoolingOp};

pub(super) fn convolution(op: ConvolutionOp) -> Attributes {
    let mut attributes = window(op.convolution.strides, op.convolution.padding);
    attributes.push(("dilations", spatial(op.convolution.dilations)));
    attributes
}

pub(super) fn pooling(op: PoolingOp) -> Attributes {
    let mut attributes = window(op.pooling.strides, op.pooling.padding);
    attributes.push(("ksize", spatial(op.pooling.size)));
    attributes
}

fn window(strides: [usize; 2], padding: Padding) -> Attributes {
    let mut attributes =
        vec![("strides", spatial(strides)), ("padding", text(&padding.to_string())), ("data_format", text("NHWC"))];
    if let Padding::Explicit([[top, bottom], [left, right]]) = padding {
        attributes.push(("explicit_paddings", integers(&[0, 0, top, bottom, left, right, 0, 0])));
    }
    attributes
}

/// One number for each axis of images.
fn spatial([height, width]: [usize; 2]) -> Attr {
    integers(&[1, height, width, 1])
}

fn text(text: &str) -> Attr {
    Attr::S(text.into())
}
