//! Convolutions of images, and their adjoints.

use everstep_tensor::{Error, ErrorKind, Result};

use super::window::{Padding, Window, check_positive, describe};
use crate::{PartialShape, TensorType, infer::check_floats};

/// How the filter of a convolution slides over height and width.
///
/// ```
/// use everstep_graph::{Convolution, Padding};
///
/// let halving = Convolution { strides: [2, 2], ..Convolution::same() };
/// assert_eq!(halving.padding, Padding::Same);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Convolution {
    /// How far the filter moves down and across.
    pub strides: [usize; 2],
    /// The distance of neighbouring filter elements in the image, down and across; 1 is a dense filter.
    pub dilations: [usize; 2],
    /// What surrounds the image: zeros.
    pub padding: Padding,
}

impl Convolution {
    /// A dense filter that moves by one and keeps height and width.
    pub fn same() -> Self {
        Self { strides: [1, 1], dilations: [1, 1], padding: Padding::Same }
    }

    /// A dense filter that moves by one inside the image.
    pub fn valid() -> Self {
        Self { padding: Padding::Valid, ..Self::same() }
    }

    fn window(self, axis: usize, size: usize) -> Window {
        Window { size, stride: self.strides[axis], dilation: self.dilations[axis] }
    }

    /// What stands above and to the left of images of that height and width under a filter of that size.
    pub fn before(self, size: [usize; 2], filter: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|axis| self.padding.before(axis, size[axis], self.window(axis, filter[axis])))
    }
}

/// A convolution or one of its adjoints; images are `[batch, height, width, channels]`, float.
///
/// A filter is `[height, width, input channels, output channels]`. If it has fewer input channels than the images, by a
/// whole factor, input and output channels are cut into so many groups, each convolved by itself.
/// A depthwise filter is `[height, width, input channels, multiplier]`: each channel by itself makes `multiplier` ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvolutionOp {
    /// What is computed.
    pub pass: ConvolutionPass,
    /// Whether each channel is convolved by itself.
    pub depthwise: bool,
    /// How the filter slides.
    pub convolution: Convolution,
}

/// What is computed of a convolution, with the inputs in TensorFlow's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvolutionPass {
    /// Inputs (images, filter).
    Forward,
    /// The gradient of the images: inputs (images, filter, gradient of the output); of the images only the shape is used.
    BackpropInput,
    /// The same where there are no images: inputs (filter, gradient of the output); a transposed convolution.
    Transposed {
        /// Height, width and channels of the result.
        size: [usize; 3],
    },
    /// The gradient of the filter: inputs (images, filter, gradient of the output); of the filter only the shape is used.
    BackpropFilter,
}

impl ConvolutionOp {
    pub(super) fn name(self) -> &'static str {
        use ConvolutionPass::{BackpropFilter, BackpropInput, Forward, Transposed};
        match (self.pass, self.depthwise) {
            (Forward, false) => "Conv2D",
            (BackpropInput | Transposed { .. }, false) => "Conv2DBackpropInput",
            (BackpropFilter, false) => "Conv2DBackpropFilter",
            (Forward, true) => "DepthwiseConv2dNative",
            (BackpropInput | Transposed { .. }, true) => "DepthwiseConv2dNativeBackpropInput",
            (BackpropFilter, true) => "DepthwiseConv2dNativeBackpropFilter",
        }
    }

    pub(super) fn attributes(self) -> Vec<String> {
        let Convolution { strides, dilations, padding } = self.convolution;
        let size = match self.pass {
            ConvolutionPass::Transposed { size } => Some(format!("{size:?}")),
            _ => None,
        };
        size.into_iter().chain(describe(strides, dilations, padding)).collect()
    }

    pub(crate) fn input_count(self) -> usize {
        match self.pass {
            ConvolutionPass::Forward | ConvolutionPass::Transposed { .. } => 2,
            ConvolutionPass::BackpropInput | ConvolutionPass::BackpropFilter => 3,
        }
    }

    pub(super) fn uses_only_shape_of(self, input: usize) -> bool {
        match self.pass {
            ConvolutionPass::BackpropInput => input == 0,
            ConvolutionPass::BackpropFilter => input == 1,
            ConvolutionPass::Forward | ConvolutionPass::Transposed { .. } => false,
        }
    }

    pub(crate) fn infer(self, inputs: &[TensorType]) -> Result<TensorType> {
        check_positive("strides", self.convolution.strides)?;
        check_positive("dilations", self.convolution.dilations)?;
        check_floats(inputs)?;
        let dtype = inputs[0].dtype;
        match (self.pass, inputs) {
            (ConvolutionPass::Forward, [images, filter]) => {
                Ok(TensorType::new(dtype, self.output(&images.shape, &filter.shape)?))
            }
            (ConvolutionPass::BackpropInput, [images, filter, gradient]) => {
                self.check_gradient(&images.shape, &filter.shape, &gradient.shape)?;
                let batch = merged(images.shape[0], gradient.shape[0]).flatten();
                Ok(TensorType::new(dtype, replaced(&images.shape, 0, batch)))
            }
            (ConvolutionPass::Transposed { size }, [filter, gradient]) => {
                let [batch, ..] = images(&gradient.shape)?;
                let images = PartialShape::from([batch, Some(size[0]), Some(size[1]), Some(size[2])]);
                self.check_gradient(&images, &filter.shape, &gradient.shape)?;
                Ok(TensorType::new(dtype, images))
            }
            (_, [images, filter, gradient]) => {
                self.check_gradient(&images.shape, &filter.shape, &gradient.shape)?;
                Ok(TensorType::new(dtype, filter.shape.clone()))
            }
            _ => unreachable!("the number of inputs was checked"),
        }
    }

    /// The shape of the convolution of such images by such a filter.
    fn output(self, of_images: &PartialShape, of_filter: &PartialShape) -> Result<PartialShape> {
        let [batch, height, width, channels] = images(of_images)?;
        let filters = self.output_channels(channels, of_filter)?;
        let length = |axis: usize, length: Option<usize>| match (length, of_filter[axis], self.convolution.padding) {
            (Some(length), _, Padding::Same) => Ok(Some(length.div_ceil(self.convolution.strides[axis]))),
            (Some(length), Some(size), padding) => {
                padding.output_length(axis, length, self.convolution.window(axis, size)).map(Some)
            }
            _ => Ok(None),
        };
        Ok(PartialShape::from([batch, length(0, height)?, length(1, width)?, filters]))
    }

    fn output_channels(self, channels: Option<usize>, of_filter: &PartialShape) -> Result<Option<usize>> {
        let [height, width, taken, last] = **of_filter else {
            return refuse(format!(
                "a filter of shape {of_filter} has not rank 4; give [height, width, input, output]"
            ));
        };
        if [height, width, taken, last].contains(&Some(0)) {
            return refuse(format!("a filter of shape {of_filter} has an axis of length 0; give at least 1"));
        }
        if self.depthwise {
            let Some(channels) = merged(channels, taken) else {
                return refuse(format!(
                    "the images have {} channels, the depthwise filter is {of_filter}; make its third axis as long",
                    channels.unwrap_or_default()
                ));
            };
            return Ok(channels.zip(last).map(|(channels, multiplier)| channels * multiplier));
        }
        if let (Some(channels), Some(taken)) = (channels, taken)
            && (channels % taken != 0 || last.is_some_and(|last| channels > 0 && last % (channels / taken) != 0))
        {
            return refuse(format!(
                "images of {channels} channels and a filter {of_filter} make no whole groups; give a filter with as many \
                 input channels, or a divisor, and a multiple of the groups as output channels"
            ));
        }
        Ok(last)
    }

    /// Whether a gradient is of the shape of the convolution's output.
    fn check_gradient(self, images: &PartialShape, filter: &PartialShape, gradient: &PartialShape) -> Result<()> {
        let output = self.output(images, filter)?;
        if output.merge(gradient).is_some() {
            return Ok(());
        }
        refuse(format!("images {images} under a filter {filter} give {output}, not {gradient}; make the shapes fit"))
    }
}

/// The axes of images.
pub(super) fn images(shape: &PartialShape) -> Result<[Option<usize>; 4]> {
    match **shape {
        [batch, height, width, channels] => Ok([batch, height, width, channels]),
        _ => refuse(format!("images of shape {shape} have not rank 4; give [batch, height, width, channels]")),
    }
}

/// What is known of one axis from both; the outer `None` is a contradiction.
pub(super) fn merged(one: Option<usize>, other: Option<usize>) -> Option<Option<usize>> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => Some(one.or(other)),
    }
}

/// The shape with another length of one axis.
pub(super) fn replaced(shape: &PartialShape, axis: usize, length: Option<usize>) -> PartialShape {
    shape.iter().enumerate().map(|(index, known)| if index == axis { length } else { *known }).collect()
}

pub(super) fn refuse<T>(message: String) -> Result<T> {
    Err(Error::new(ErrorKind::InvalidArgument, message))
}
