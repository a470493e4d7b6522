//! The fully connected layer.

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::Result;

use crate::{
    Activation, Kernel, Layer,
    layer::{finish, refused},
};

/// A fully connected layer: `activation(input x kernel + bias)`.
///
/// Of an input `[.., features]` it makes `[.., units]`; the axes before the last are as many rows.
/// Its variables are `kernel` `[features, units]` and `bias` `[units]`.
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Activation, Dense, Kernel, Layer};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(64)])?;
/// let relu = Dense { activation: Activation::Relu, kernel: Kernel::HeNormal, ..Dense::new(128) };
/// let hidden = relu.build(&mut graph, "hidden", images)?;
/// assert_eq!(graph.type_of(hidden)?.to_string(), "f32[?, 128]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dense {
    /// How many outputs it has.
    pub units: usize,
    /// What follows the sum.
    pub activation: Activation,
    /// How the kernel begins.
    pub kernel: Kernel,
    /// How the bias begins; `None` for no bias.
    pub bias: Option<Initializer>,
}

impl Dense {
    /// A layer as Keras' `Dense` has it by default: linear, the kernel by Glorot, a bias of zeros.
    pub fn new(units: usize) -> Self {
        Self { units, activation: Activation::default(), kernel: Kernel::default(), bias: Some(Initializer::ZEROS) }
    }
}

const TAKEN: &str = "[.., features], features known";

impl Layer for Dense {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let known = graph.type_of(input)?.clone();
        let [rows @ .., Some(features)] = &*known.shape else { return Err(refused(graph, input, TAKEN)) };
        if rows.is_empty() {
            return Err(refused(graph, input, TAKEN));
        }
        let shape = [*features, self.units];
        let kernel = graph.variable("kernel", known.dtype, shape, self.kernel.initializer(&shape))?;
        let sum = product(graph, input, rows, shape, kernel.into())?;
        finish(graph, sum, self.bias.as_ref(), self.activation)
    }
}

/// `[.., features] x [features, units]` as one product of matrices, unless two lengths are known to the run alone.
fn product(
    graph: &mut Graph,
    input: Output,
    rows: &[Option<usize>],
    [features, units]: [usize; 2],
    kernel: Output,
) -> Result<Output> {
    let unknown = rows.iter().filter(|length| length.is_none()).count();
    if rows.len() == 1 || unknown > 1 {
        return graph.matmul(input, kernel);
    }
    let signed = |length: usize| isize::try_from(length).unwrap_or(isize::MAX);
    let matrix = graph.reshape(input, [-1, signed(features)])?;
    let product = graph.matmul(matrix, kernel)?;
    let lengths = rows.iter().map(|length| length.map_or(-1, signed)).chain([signed(units)]);
    graph.reshape(product, lengths)
}
