//! The transposed convolution of images.

use everstep_graph::{Convolution, Graph, Initializer, Output, Padding};
use everstep_tensor::{Error, Result};

use crate::{Activation, Kernel, Layer, images::size, layer::finish};

/// A transposed convolution, which makes larger images: what a convolution of its result would make of it is of the
/// shape of its input.
///
/// Of images `[batch, height, width, channels]` it makes `[batch, height', width', filters]`.
/// Its variables are `kernel` `[kernel height, kernel width, filters, channels]` and `bias` `[filters]`.
///
/// ```
/// use everstep_graph::{Convolution, Graph};
/// use everstep_nn::{Conv2DTranspose, Layer};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(7), Some(7), Some(64)])?;
/// let doubling = Convolution { strides: [2, 2], ..Convolution::same() };
/// let twice = Conv2DTranspose { convolution: doubling, ..Conv2DTranspose::new(32, 3) };
/// let larger = twice.build(&mut graph, "up", images)?;
/// assert_eq!(graph.type_of(larger)?.to_string(), "f32[?, 14, 14, 32]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Conv2DTranspose {
    /// How many channels it makes.
    pub filters: usize,
    /// Height and width of the kernel.
    pub kernel_size: [usize; 2],
    /// Strides, dilations and padding of the convolution whose transpose it is.
    pub convolution: Convolution,
    /// Height and width of what it makes, of which a stride above 1 leaves a choice; `None` is Keras' choice: with
    /// `SAME` the input's times the stride, else the least, but at least the input's times the stride with `VALID`.
    pub size: Option<[usize; 2]>,
    /// What follows the sum.
    pub activation: Activation,
    /// How the kernel begins.
    pub kernel: Kernel,
    /// How the bias begins; `None` for no bias.
    pub bias: Option<Initializer>,
}

impl Conv2DTranspose {
    /// A layer with a square kernel, as Keras' `Conv2DTranspose` has it by default: without padding, linear, the kernel by
    /// Glorot, a bias of zeros.
    pub fn new(filters: usize, kernel_size: usize) -> Self {
        Self {
            filters,
            kernel_size: [kernel_size; 2],
            convolution: Convolution::valid(),
            size: None,
            activation: Activation::default(),
            kernel: Kernel::default(),
            bias: Some(Initializer::ZEROS),
        }
    }

    /// The length along `axis` of what it makes of images of that length; `None` if nothing remains of it.
    fn length(&self, axis: usize, length: usize) -> Option<usize> {
        let Convolution { strides, dilations, padding } = self.convolution;
        let (stride, extent) = (strides[axis], (self.kernel_size[axis].checked_sub(1)?) * dilations[axis] + 1);
        let between = length.checked_sub(1)? * stride;
        match padding {
            Padding::Same => Some(length * stride),
            Padding::Valid => Some(between + extent.max(stride)),
            Padding::Explicit(amounts) => (between + extent).checked_sub(amounts[axis].iter().sum()),
        }
    }

    fn refusal(&self, graph: &Graph, images: [usize; 2]) -> Error {
        let (kernel_size, padding) = (self.kernel_size, self.convolution.padding);
        let message =
            format!("a kernel of {kernel_size:?} on images of {images:?} leaves nothing inside {padding:?}; pad less");
        graph.refusal(graph.scope_name(), message)
    }
}

impl Layer for Conv2DTranspose {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let [height, width, channels] = size(graph, input)?;
        let [rows, columns] = match (self.size, self.length(0, height), self.length(1, width)) {
            (Some(size), ..) => size,
            (None, Some(rows), Some(columns)) => [rows, columns],
            _ => return Err(self.refusal(graph, [height, width])),
        };
        let shape = [self.kernel_size[0], self.kernel_size[1], self.filters, channels];
        let dtype = graph.type_of(input)?.dtype;
        let kernel = graph.variable("kernel", dtype, shape, self.kernel.initializer(&shape))?;
        let sum = graph.conv2d_transpose(input, kernel, [rows, columns, self.filters], self.convolution)?;
        finish(graph, sum, self.bias.as_ref(), self.activation)
    }
}
