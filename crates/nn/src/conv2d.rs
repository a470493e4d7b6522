//! The convolution of images.

use everstep_graph::{Convolution, Graph, Initializer, Output};
use everstep_tensor::Result;

use crate::{Activation, Kernel, Layer, images::channels, layer::finish};

/// A convolution of images: `activation(input * kernel + bias)`.
///
/// Of images `[batch, height, width, channels]` it makes `[batch, height', width', filters]`.
/// Its variables are `kernel` `[kernel height, kernel width, channels / groups, filters]` and `bias` `[filters]`.
///
/// ```
/// use everstep_graph::{Convolution, Graph};
/// use everstep_nn::{Activation, Conv2D, Layer};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(28), Some(28), Some(1)])?;
/// let same = Conv2D { convolution: Convolution::same(), activation: Activation::Relu, ..Conv2D::new(32, 5) };
/// let features = same.build(&mut graph, "conv", images)?;
/// assert_eq!(graph.type_of(features)?.to_string(), "f32[?, 28, 28, 32]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Conv2D {
    /// How many channels it makes.
    pub filters: usize,
    /// Height and width of the kernel.
    pub kernel_size: [usize; 2],
    /// Strides, dilations and padding.
    pub convolution: Convolution,
    /// Into how many groups channels and filters are cut, each convolved by itself.
    pub groups: usize,
    /// What follows the sum.
    pub activation: Activation,
    /// How the kernel begins.
    pub kernel: Kernel,
    /// How the bias begins; `None` for no bias.
    pub bias: Option<Initializer>,
}

impl Conv2D {
    /// A layer with a square kernel, as Keras' `Conv2D` has it by default: inside the image, linear, the kernel by Glorot,
    /// a bias of zeros.
    pub fn new(filters: usize, kernel_size: usize) -> Self {
        Self {
            filters,
            kernel_size: [kernel_size; 2],
            convolution: Convolution::valid(),
            groups: 1,
            activation: Activation::default(),
            kernel: Kernel::default(),
            bias: Some(Initializer::ZEROS),
        }
    }
}

impl Layer for Conv2D {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let channels = channels(graph, input)?;
        let Self { filters, kernel_size: [height, width], groups, .. } = *self;
        if groups == 0 || !channels.is_multiple_of(groups) || !filters.is_multiple_of(groups) {
            let message = format!(
                "{channels} channels and {filters} filters make no {groups} groups; give a number that divides both"
            );
            return Err(graph.refusal(graph.scope_name(), message));
        }
        let shape = [height, width, channels / groups, filters];
        let dtype = graph.type_of(input)?.dtype;
        let kernel = graph.variable("kernel", dtype, shape, self.kernel.initializer(&shape))?;
        let sum = graph.conv2d(input, kernel, self.convolution)?;
        finish(graph, sum, self.bias.as_ref(), self.activation)
    }
}
