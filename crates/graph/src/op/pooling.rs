//! Pooling of images, and its gradients.

use everstep_tensor::Result;

use super::{
    convolution::{images, merged, refuse, replaced},
    window::{Padding, Window, check_positive, describe},
};
use crate::{PartialShape, TensorType, infer::check_floats};

/// How the window of a pooling slides over height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pooling {
    /// Height and width of the window.
    pub size: [usize; 2],
    /// How far it moves down and across.
    pub strides: [usize; 2],
    /// What surrounds the image; it takes no part in a maximum or a mean.
    pub padding: Padding,
}

impl Pooling {
    /// Square windows side by side, inside the image.
    pub fn new(size: usize) -> Self {
        Self { size: [size; 2], strides: [size; 2], padding: Padding::Valid }
    }

    fn window(self, axis: usize) -> Window {
        Window { size: self.size[axis], stride: self.strides[axis], dilation: 1 }
    }

    /// What stands above and to the left of images of that height and width.
    pub fn before(self, size: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| self.padding.before(axis, size[axis], self.window(axis)))
    }
}

/// A pooling or its gradient; images are `[batch, height, width, channels]`, float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PoolingOp {
    /// What is computed.
    pub kind: PoolingKind,
    /// How the window slides.
    pub pooling: Pooling,
}

/// What is computed of a pooling, with the inputs in TensorFlow's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolingKind {
    /// The greatest element of each window; NaN if any is.
    Max,
    /// Inputs (images, output, gradient of the output): it goes to the first of the greatest elements of each window.
    MaxGrad,
    /// The mean of the elements of each window that lie in the image.
    Average,
    /// Inputs (images, gradient of the output); of the images only the shape is used.
    AverageGrad,
}

impl PoolingOp {
    pub(super) fn name(self) -> &'static str {
        match self.kind {
            PoolingKind::Max => "MaxPool",
            PoolingKind::MaxGrad => "MaxPoolGrad",
            PoolingKind::Average => "AvgPool",
            PoolingKind::AverageGrad => "AvgPoolGrad",
        }
    }

    pub(super) fn attributes(self) -> Vec<String> {
        let Pooling { size, strides, padding } = self.pooling;
        std::iter::once(format!("{size:?}")).chain(describe(strides, [1, 1], padding)).collect()
    }

    pub(crate) fn input_count(self) -> usize {
        match self.kind {
            PoolingKind::Max | PoolingKind::Average => 1,
            PoolingKind::AverageGrad => 2,
            PoolingKind::MaxGrad => 3,
        }
    }

    pub(super) fn uses_only_shape_of(self, input: usize) -> bool {
        self.kind == PoolingKind::AverageGrad && input == 0
    }

    pub(crate) fn infer(self, inputs: &[TensorType]) -> Result<TensorType> {
        self.check_window()?;
        check_floats(inputs)?;
        let input = &inputs[0];
        let output = self.output(&input.shape)?;
        let Some((gradient, same)) = inputs.split_last().filter(|(_, same)| !same.is_empty()) else {
            return Ok(TensorType::new(input.dtype, output));
        };
        for given in same.iter().skip(1).chain([gradient]) {
            if output.merge(&given.shape).is_none() {
                return refuse(format!("images {} are pooled to {output}, not {}", input.shape, given.shape));
            }
        }
        let batch = merged(input.shape[0], gradient.shape[0]).flatten();
        let shape = replaced(&input.shape, 0, batch);
        Ok(TensorType::new(input.dtype, replaced(&shape, 3, merged(shape[3], gradient.shape[3]).flatten())))
    }

    fn check_window(self) -> Result<()> {
        check_positive("window lengths", self.pooling.size)?;
        check_positive("strides", self.pooling.strides)?;
        let Padding::Explicit(padding) = self.pooling.padding else { return Ok(()) };
        let is_wide = |axis: usize| padding[axis].iter().any(|amount| *amount >= self.pooling.size[axis]);
        if is_wide(0) || is_wide(1) {
            let size = self.pooling.size;
            return refuse(format!("padding {padding:?} holds a whole window of {size:?}; pad less than the window"));
        }
        Ok(())
    }

    fn output(self, of_images: &PartialShape) -> Result<PartialShape> {
        let [batch, height, width, channels] = images(of_images)?;
        if height == Some(0) || width == Some(0) {
            return refuse(format!("images of shape {of_images} have no elements to pool; give a height and a width"));
        }
        let length = |axis: usize, length: Option<usize>| {
            let output = |length| self.pooling.padding.output_length(axis, length, self.pooling.window(axis));
            length.map(output).transpose()
        };
        Ok(PartialShape::from([batch, length(0, height)?, length(1, width)?, channels]))
    }
}
