//! The block that transformers are stacked of.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::{Activation, Dense, Kernel, Layer, LayerNorm, MultiHeadAttention, norm::last_axis};

/// `x + attention(norm(x))`, and of that `x + mlp(norm(x))`: of `[batch, length, width]` it makes the same.
///
/// The perceptron has one hidden layer of GELU units, by the hyperbolic tangent.
/// Its variables are those of the layers `attention_norm`, `attention`, `mlp_norm`, `mlp_hidden` and `mlp_output`.
/// Radford et al., "Language Models are Unsupervised Multitask Learners" (2019): GPT-2.
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::{Layer, TransformerBlock};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let x = graph.placeholder("x", DType::F32, [None, Some(128), Some(64)])?;
/// let y = TransformerBlock::new(4).build(&mut graph, "block", x)?;
/// assert_eq!(graph.type_of(y)?.to_string(), "f32[?, 128, 64]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TransformerBlock {
    /// How many heads the attention has; they share the width evenly.
    pub heads: usize,
    /// How many times the width the hidden layer has units.
    pub expansion: usize,
    /// Whether a place attends to itself and those before it alone.
    pub causal: bool,
    /// What part of the results of attention and perceptron is dropped in training runs.
    pub dropout: f64,
    /// What the norms add to the variance.
    pub epsilon: f64,
    /// How the kernels begin.
    pub kernel: Kernel,
}

impl TransformerBlock {
    /// A block of a decoder, without dropout: causal, an expansion of 4, an epsilon of 0.00001.
    pub fn new(heads: usize) -> Self {
        Self { heads, expansion: 4, causal: true, dropout: 0.0, epsilon: 1e-5, kernel: Kernel::default() }
    }

    fn norm(&self) -> LayerNorm {
        LayerNorm { epsilon: self.epsilon, ..LayerNorm::default() }
    }

    fn dense(&self, units: usize) -> Dense {
        Dense { kernel: self.kernel.clone(), ..Dense::new(units) }
    }

    /// The sum of the input and what a part of the block has made of it.
    fn residual(&self, graph: &mut Graph, input: Output, made: Output) -> Result<Output> {
        let kept = if self.dropout > 0.0 { graph.dropout(made, self.dropout)? } else { made };
        graph.add(input, kept)
    }
}

impl Layer for TransformerBlock {
    fn call(&self, graph: &mut Graph, input: Output) -> Result<Output> {
        let width = last_axis(graph, input, "[batch, length, width], width known")?;
        if self.heads == 0 || width % self.heads != 0 {
            let message = format!("a width of {width} is not shared evenly by {} heads; take a divisor", self.heads);
            return Err(graph.refusal(graph.scope_name(), message));
        }
        let attention = MultiHeadAttention {
            causal: self.causal,
            kernel: self.kernel.clone(),
            ..MultiHeadAttention::new(self.heads, width / self.heads)
        };
        let normal = self.norm().build(graph, "attention_norm", input)?;
        let attended = attention.build(graph, "attention", normal)?;
        let input = self.residual(graph, input, attended)?;
        let normal = self.norm().build(graph, "mlp_norm", input)?;
        let gelu = Activation::Gelu { approximate: true };
        let hidden = Dense { activation: gelu, ..self.dense(self.expansion * width) };
        let hidden = hidden.build(graph, "mlp_hidden", normal)?;
        let made = self.dense(width).build(graph, "mlp_output", hidden)?;
        self.residual(graph, input, made)
    }
}
