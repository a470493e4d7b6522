//! The convolution of each channel by itself.

use everstep_graph::{Convolution, Graph, Initializer, Output};
use everstep_tensor::Result;

use crate::{Activation, Kernel, Layer, images::channels, layer::finish};

/// A convolution of each channel by itself; with a [`Conv2D`](crate::Conv2D) of size 1 after it a separable convolution.
///
/// Of images `[batch, height, width, channels]` it makes `[batch, height', width', channels multiplier]`.
/// Its variables are `kernel` `[kernel height, kernel width, channels, multiplier]` and `bias` `[channels multiplier]`.
#[derive(Clone, Debug)]
pub struct DepthwiseConv2D {
    /// How many channels it makes of each.
    pub multiplier: usize,
    /// Height and width of the kernel.
    pub kernel_size: [usize; 2],
    /// Strides, dilations and padding.
    pub convolution: Convolution,
    /// What follows the sum.
    pub activation: Activation,
    /// How the kernel begins.
    pub kernel: Kernel,
    /// How the bias begins; `None` for no bias.
    pub bias: Option<Initializer>,
}

impl DepthwiseConv2D {
    /// A layer with a square kernel, as Keras' `DepthwiseConv2D` has it by default: one channel of each, inside the image,
    /// linear, the kernel by Glorot, a bias of zeros.
    pub fn new(kernel_size: usize) -> Self {
        Self {
            multiplier: 1,
            kernel_size: [kernel_size; 2],
            convolution: Convolution::valid(),
            activation: Activation::default(),
            kernel: Kernel::default(),
            bias: Some(Initializer::ZEROS),
        }
    }
}

impl Layer for DepthwiseConv2D {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let [height, width] = self.kernel_size;
        let shape = [height, width, channels(graph, input)?, self.multiplier];
        let dtype = graph.type_of(input)?.dtype;
        let kernel = graph.variable("kernel", dtype, shape, self.kernel.initializer(&shape))?;
        let sum = graph.depthwise_conv2d(input, kernel, self.convolution)?;
        finish(graph, sum, self.bias.as_ref(), self.activation)
    }
}
