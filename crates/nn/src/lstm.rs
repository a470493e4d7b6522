//! The long short-term memory.

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::{Bf16, DType, F16, Result, Tensor};

use crate::{
    Activation, Kernel, Layer, Returns,
    recurrent::{input_sums, returned, zeros},
};

/// A long short-term memory, unrolled over the steps of its input, with the formulas, layouts and defaults of Keras' `LSTM`.
///
/// Of sequences `[batch, time, features]` it makes `[batch, units]`, or `[batch, time, units]` of all steps.
/// Its variables are `kernel` `[features, 4 units]`, `recurrent_kernel` `[units, 4 units]` and `bias` `[4 units]`, the gates
/// in the order i, f, c, o:
///
/// ```text
/// [i f c o] = x kernel + h recurrent_kernel + bias
/// c = sigmoid(f) c + sigmoid(i) tanh(c)
/// h = sigmoid(o) tanh(c)
/// ```
///
/// Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); the forget gate by Gers, Schmidhuber and Cummins (2000).
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Layer, Lstm};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let sequences = graph.placeholder("sequences", DType::F32, [None, Some(10), Some(8)])?;
/// let last = Lstm::new(32).build(&mut graph, "lstm", sequences)?;
/// assert_eq!(graph.type_of(last)?.to_string(), "f32[?, 32]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lstm {
    /// How many outputs and cells it has.
    pub units: usize,
    /// Which outputs it gives.
    pub returns: Returns,
    /// What makes candidates and outputs of cells: tanh.
    pub activation: Activation,
    /// What opens the gates: the logistic function.
    pub recurrent_activation: Activation,
    /// How the kernel of the input begins.
    pub kernel: Kernel,
    /// How the kernel of the state begins.
    pub recurrent_kernel: Kernel,
    /// What the bias of the forget gate begins with; the other biases begin with 0.
    pub forget_bias: f64,
}

impl Lstm {
    /// A layer as Keras' `LSTM` has it by default: it gives its last output; the kernels by Glorot and orthogonal, the
    /// bias of the forget gate 1 (Jozefowicz et al., 2015).
    pub fn new(units: usize) -> Self {
        Self {
            units,
            returns: Returns::Last,
            activation: Activation::Tanh,
            recurrent_activation: Activation::Sigmoid,
            kernel: Kernel::GlorotUniform,
            recurrent_kernel: Kernel::Fixed(Initializer::Orthogonal { gain: 1.0 }),
            forget_bias: 1.0,
        }
    }

    fn bias(&self, dtype: DType) -> Result<Initializer> {
        let is_forget = |index: usize| index / self.units.max(1) == 1;
        let biases = (0..4 * self.units).map(|index| if is_forget(index) { self.forget_bias } else { 0.0 });
        let shape = [4 * self.units];
        Ok(Initializer::Value(match dtype {
            DType::F64 => Tensor::from_vec(shape, biases.collect::<Vec<f64>>())?,
            DType::Bf16 => Tensor::from_vec(shape, biases.map(|bias| Bf16::from_f32(bias as f32)).collect())?,
            DType::F16 => Tensor::from_vec(shape, biases.map(|bias| F16::from_f32(bias as f32)).collect())?,
            _ => Tensor::from_vec(shape, biases.map(|bias| bias as f32).collect::<Vec<f32>>())?,
        }))
    }

    /// The state `[h, c]` after a step.
    fn step(&self, graph: &mut Graph, sums: Output, cell: Output) -> Result<[Output; 2]> {
        let gates = graph.split(sums, -1, &[self.units; 4])?;
        let input = self.recurrent_activation.apply(graph, gates[0])?;
        let forget = self.recurrent_activation.apply(graph, gates[1])?;
        let candidate = self.activation.apply(graph, gates[2])?;
        let output = self.recurrent_activation.apply(graph, gates[3])?;
        let kept = graph.mul(forget, cell)?;
        let taken = graph.mul(input, candidate)?;
        let cell = graph.add(kept, taken)?;
        let shown = self.activation.apply(graph, cell)?;
        Ok([graph.mul(output, shown)?, cell])
    }
}

impl Layer for Lstm {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let steps = input_sums(graph, input, 4 * self.units, &self.kernel)?;
        let dtype = graph.type_of(input)?.dtype;
        let shape = [self.units, 4 * self.units];
        let recurrent = graph.variable("recurrent_kernel", dtype, shape, self.recurrent_kernel.initializer(&shape))?;
        let bias = graph.variable("bias", dtype, [shape[1]], self.bias(dtype)?)?;
        let start = zeros(graph, steps[0], self.units)?;
        let (mut state, mut cell, mut outputs) = (start, start, Vec::with_capacity(steps.len()));
        for of_input in steps {
            let of_state = graph.matmul(state, recurrent)?;
            let sums = graph.add(of_input, of_state)?;
            let sums = graph.add(sums, bias)?;
            [state, cell] = self.step(graph, sums, cell)?;
            outputs.push(state);
        }
        returned(graph, &outputs, self.returns)
    }
}
