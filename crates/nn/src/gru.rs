//! The gated recurrent unit.

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::Result;

use crate::{
    Activation, Kernel, Layer, Returns,
    recurrent::{input_sums, returned, zeros},
};

/// A gated recurrent unit, unrolled over the steps of its input, with the formulas, layouts and defaults of Keras' `GRU`:
/// the reset gate acts after the product, as in cuDNN and PyTorch.
///
/// Of sequences `[batch, time, features]` it makes `[batch, units]`, or `[batch, time, units]` of all steps.
/// Its variables are `kernel` `[features, 3 units]`, `recurrent_kernel` `[units, 3 units]` and `bias` `[2, 3 units]`, one of
/// the input and one of the state, the gates in the order z, r, h:
///
/// ```text
/// [z r g] = x kernel + bias[0],    [z' r' g'] = h recurrent_kernel + bias[1]
/// z = sigmoid(z + z'),    r = sigmoid(r + r'),    g = tanh(g + r g')
/// h = z h + (1 - z) g
/// ```
///
/// Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation" (2014).
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Gru, Layer, Returns};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let sequences = graph.placeholder("sequences", DType::F32, [None, Some(10), Some(8)])?;
/// let all = Gru { returns: Returns::Sequences, ..Gru::new(32) }.build(&mut graph, "gru", sequences)?;
/// assert_eq!(graph.type_of(all)?.to_string(), "f32[?, 10, 32]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gru {
    /// How many outputs it has.
    pub units: usize,
    /// Which outputs it gives.
    pub returns: Returns,
    /// What makes candidates: tanh.
    pub activation: Activation,
    /// What opens the gates: the logistic function.
    pub recurrent_activation: Activation,
    /// How the kernel of the input begins.
    pub kernel: Kernel,
    /// How the kernel of the state begins.
    pub recurrent_kernel: Kernel,
    /// How the bias begins.
    pub bias: Initializer,
}

impl Gru {
    /// A layer as Keras' `GRU` has it by default: it gives its last output; the kernels by Glorot and orthogonal, a bias of
    /// zeros.
    pub fn new(units: usize) -> Self {
        Self {
            units,
            returns: Returns::Last,
            activation: Activation::Tanh,
            recurrent_activation: Activation::Sigmoid,
            kernel: Kernel::GlorotUniform,
            recurrent_kernel: Kernel::Fixed(Initializer::Orthogonal { gain: 1.0 }),
            bias: Initializer::ZEROS,
        }
    }

    /// The state after a step, by the sums of the input and those of the state.
    fn step(
        &self,
        graph: &mut Graph,
        of_input: Output,
        of_state: Output,
        state: Output,
        one: Output,
    ) -> Result<Output> {
        let of_input = graph.split(of_input, -1, &[self.units; 3])?;
        let of_state = graph.split(of_state, -1, &[self.units; 3])?;
        let update = graph.add(of_input[0], of_state[0])?;
        let update = self.recurrent_activation.apply(graph, update)?;
        let reset = graph.add(of_input[1], of_state[1])?;
        let reset = self.recurrent_activation.apply(graph, reset)?;
        let remembered = graph.mul(reset, of_state[2])?;
        let candidate = graph.add(of_input[2], remembered)?;
        let candidate = self.activation.apply(graph, candidate)?;
        let kept = graph.mul(update, state)?;
        let share = graph.sub(one, update)?;
        let taken = graph.mul(share, candidate)?;
        graph.add(kept, taken)
    }
}

impl Layer for Gru {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let steps = input_sums(graph, input, 3 * self.units, &self.kernel)?;
        let dtype = graph.type_of(input)?.dtype;
        let shape = [self.units, 3 * self.units];
        let recurrent = graph.variable("recurrent_kernel", dtype, shape, self.recurrent_kernel.initializer(&shape))?;
        let bias = graph.variable("bias", dtype, [2, shape[1]], self.bias.clone())?;
        let biases = graph.unstack(bias, 0)?;
        let one = graph.scalar("one", dtype, 1.0)?;
        let (mut state, mut outputs) = (zeros(graph, steps[0], self.units)?, Vec::with_capacity(steps.len()));
        for of_input in steps {
            let of_input = graph.add(of_input, biases[0])?;
            let product = graph.matmul(state, recurrent)?;
            let of_state = graph.add(product, biases[1])?;
            state = self.step(graph, of_input, of_state, state, one)?;
            outputs.push(state);
        }
        returned(graph, &outputs, self.returns)
    }
}
