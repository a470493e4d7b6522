//! The fully connected layer.

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::Result;

use crate::{Activation, Kernel};

/// A fully connected layer: `activation(input x kernel + bias)`.
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Activation, Dense, Kernel};
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

    /// Builds it on `input` `[batch, features]`: `[batch, units]`, of the input's dtype.
    ///
    /// Its variables are `name/kernel` `[features, units]` and `name/bias` `[units]`.
    ///
    /// # Errors
    /// `InvalidArgument` naming the caller's line if the input is not a float matrix with a known number of features, or
    /// the name is taken.
    #[track_caller]
    pub fn build(&self, graph: &mut Graph, name: &str, input: impl Into<Output>) -> Result<Output> {
        let input = input.into();
        graph.composite(name, |graph| self.layer(graph, name, input))
    }

    fn layer(&self, graph: &mut Graph, name: &str, input: Output) -> Result<Output> {
        let known = graph.type_of(input)?.clone();
        let [_, Some(features)] = *known.shape else {
            let message =
                format!("{} is {known}; a dense layer takes [batch, features], features known", graph.name_of(input)?);
            return Err(graph.refusal(name, message));
        };
        let initializer = self.kernel.initializer(features, self.units);
        let kernel = graph.variable("kernel", known.dtype, [features, self.units], initializer)?;
        let mut sum = graph.matmul(input, kernel)?;
        if let Some(initializer) = &self.bias {
            let bias = graph.variable("bias", known.dtype, [self.units], initializer.clone())?;
            sum = graph.add(sum, bias)?;
        }
        self.activation.apply(graph, sum)
    }
}
