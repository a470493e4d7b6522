//! Building convolutions.

use everstep_tensor::Result;

use crate::{Convolution, ConvolutionOp, ConvolutionPass, Graph, Op, Output};

/// Convolutions of images `[batch, height, width, channels]`.
impl Graph {
    /// The convolution of images by a filter `[height, width, input channels, output channels]`, TensorFlow's `Conv2D`.
    ///
    /// As everywhere in this field it is a correlation: the filter is not turned around.
    /// A filter with fewer input channels than the images, by a whole factor, convolves so many groups of channels.
    ///
    /// # Errors
    /// If an input is not float or not of rank 4, the channels make no whole groups, a stride or dilation is 0, or the
    /// filter is larger than the padded images.
    ///
    /// ```
    /// use everstep_graph::{Convolution, Graph, Initializer};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let images = graph.placeholder("images", DType::F32, [None, Some(28), Some(28), Some(1)])?;
    /// let filter = graph.variable("filter", DType::F32, [5, 5, 1, 32], Initializer::ZEROS)?;
    /// let features = graph.conv2d(images, filter, Convolution::same())?;
    /// assert_eq!(graph.type_of(features)?.to_string(), "f32[?, 28, 28, 32]");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn conv2d(
        &mut self,
        images: impl Into<Output>,
        filter: impl Into<Output>,
        convolution: Convolution,
    ) -> Result<Output> {
        let op = ConvolutionOp { pass: ConvolutionPass::Forward, depthwise: false, convolution };
        self.convolution(op, &[images.into(), filter.into()])
    }

    /// Each channel of the images convolved by itself, with a filter `[height, width, channels, multiplier]`.
    ///
    /// Channel `c` gives the channels `c * multiplier..(c + 1) * multiplier`, as TensorFlow's `DepthwiseConv2dNative`.
    ///
    /// # Errors
    /// As [`conv2d`](Self::conv2d), or if images and filter differ in channels.
    #[track_caller]
    pub fn depthwise_conv2d(
        &mut self,
        images: impl Into<Output>,
        filter: impl Into<Output>,
        convolution: Convolution,
    ) -> Result<Output> {
        let op = ConvolutionOp { pass: ConvolutionPass::Forward, depthwise: true, convolution };
        self.convolution(op, &[images.into(), filter.into()])
    }

    /// The adjoint of [`conv2d`](Self::conv2d): images of height, width and channels `size` from what such a convolution
    /// of them would give; TensorFlow's `conv2d_transpose`.
    ///
    /// The filter is that of the convolution: `[height, width, channels of the result, channels of the images]`.
    ///
    /// # Errors
    /// If the convolution of images of that size does not give images of the shape given here.
    #[track_caller]
    pub fn conv2d_transpose(
        &mut self,
        images: impl Into<Output>,
        filter: impl Into<Output>,
        size: [usize; 3],
        convolution: Convolution,
    ) -> Result<Output> {
        let op = ConvolutionOp { pass: ConvolutionPass::Transposed { size }, depthwise: false, convolution };
        self.convolution(op, &[filter.into(), images.into()])
    }

    /// Any pass of a convolution, with the inputs that [`ConvolutionPass`] lists: for derivatives of one's own.
    ///
    /// # Errors
    /// If the inputs are not as many, not float, or their shapes do not fit.
    #[track_caller]
    pub fn convolution(&mut self, op: ConvolutionOp, inputs: &[Output]) -> Result<Output> {
        self.add_op(Op::Convolution(op), inputs)
    }
}
