//! Attention of several heads.

use everstep_graph::{Attention, Graph, Initializer, Length, Output};
use everstep_tensor::Result;

use crate::{Dense, Kernel, Layer, norm::last_axis};

/// Attention of several heads, each with queries, keys and values of its own.
///
/// As a [`Layer`] it attends to its input itself: of `[batch, length, width]` it makes the same.
/// Its variables are those of the dense layers `query`, `key`, `value` (`heads depth` units) and `attention_output`
/// (`width` units).
/// Vaswani et al., "Attention Is All You Need" (2017).
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Layer, MultiHeadAttention};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let x = graph.placeholder("x", DType::F32, [None, Some(128), Some(64)])?;
/// let causal = MultiHeadAttention { causal: true, ..MultiHeadAttention::new(4, 16) };
/// let y = causal.build(&mut graph, "attention", x)?;
/// assert_eq!(graph.type_of(y)?.to_string(), "f32[?, 128, 64]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct MultiHeadAttention {
    /// How many heads there are.
    pub heads: usize,
    /// How long a query or key of a head is; Keras' `key_dim`.
    pub depth: usize,
    /// How long a value of a head is; as long as a key if `None`.
    pub value_depth: Option<usize>,
    /// Whether a place attends to itself and those before it alone.
    pub causal: bool,
    /// How the kernels begin.
    pub kernel: Kernel,
    /// How the biases begin; `None` for no biases.
    pub bias: Option<Initializer>,
}

/// What is attended to.
#[derive(Clone, Copy, Debug)]
pub struct Attended {
    /// What keys and values are made of, `[batch, keys, any]`.
    pub values: Output,
    /// Which of them may be attended to, bool `[batch, keys]`; all if `None`.
    pub mask: Option<Output>,
}

impl MultiHeadAttention {
    /// As Keras has it: kernels by Glorot, biases of zeros, all places see each other.
    pub fn new(heads: usize, depth: usize) -> Self {
        let (kernel, bias) = (Kernel::default(), Some(Initializer::ZEROS));
        Self { heads, depth, value_depth: None, causal: false, kernel, bias }
    }

    /// Builds it with queries of `input` `[batch, queries, width]`, attending to other values or by a mask.
    ///
    /// # Errors
    /// `InvalidArgument` naming the caller's line if the inputs do not suit, or a variable of that name is there already.
    #[track_caller]
    pub fn attend(
        &self,
        graph: &mut Graph,
        name: &str,
        input: impl Into<Output>,
        attended: Attended,
    ) -> Result<Output> {
        let input = input.into();
        graph.composite(name, |graph| self.attention(graph, input, attended))
    }

    fn attention(&self, graph: &mut Graph, input: Output, Attended { values, mask }: Attended) -> Result<Output> {
        let width = last_axis(graph, input, "[batch, length, width], width known")?;
        let value_depth = self.value_depth.unwrap_or(self.depth);
        let queries = self.project(graph, "query", input, self.depth)?;
        let keys = self.project(graph, "key", values, self.depth)?;
        let values = self.project(graph, "value", values, value_depth)?;
        let attention = Attention { causal: self.causal, mask, ..Attention::default() };
        let result = graph.scaled_dot_product_attention(queries, keys, values, attention)?;
        let joined = reshaped(graph, result, &[self.heads * value_depth])?;
        self.dense(width).build(graph, "attention_output", joined)
    }

    /// A vector of `depth` elements for each place and head: `[batch, length, heads, depth]`.
    fn project(&self, graph: &mut Graph, name: &str, input: Output, depth: usize) -> Result<Output> {
        let rows = self.dense(self.heads * depth).build(graph, name, input)?;
        reshaped(graph, rows, &[self.heads, depth])
    }

    fn dense(&self, units: usize) -> Dense {
        Dense { kernel: self.kernel.clone(), bias: self.bias.clone(), ..Dense::new(units) }
    }
}

impl Layer for MultiHeadAttention {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        self.attention(graph, input, Attended { values: input, mask: None })
    }
}

/// `[batch, length, ..]` with other axes in the place of those after the length.
fn reshaped(graph: &mut Graph, value: Output, last: &[usize]) -> Result<Output> {
    let last = last.iter().map(|length| Length::Is(isize::try_from(*length).unwrap_or(isize::MAX)));
    let lengths: Vec<Length> = [Length::OfInput(0), Length::OfInput(1)].into_iter().chain(last).collect();
    graph.reshape(value, lengths)
}
