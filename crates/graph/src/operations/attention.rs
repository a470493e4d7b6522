//! Building attention.

use everstep_tensor::Result;

use crate::{AttentionOp, AttentionPass, Graph, Op, Output};

/// Which keys a query attends to, and how scores are scaled; by default all of them, by `1 / sqrt(depth)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Attention {
    /// What the scores are multiplied by; `1 / sqrt(depth)` if `None`.
    pub scale: Option<f64>,
    /// Whether query `i` attends to the keys up to `i` alone.
    pub causal: bool,
    /// Which keys may be attended to at all: bool `[batch, keys]`.
    pub mask: Option<Output>,
}

impl Attention {
    /// Each query attends to itself and what is before it.
    pub fn causal() -> Self {
        Self { causal: true, ..Self::default() }
    }
}

impl Graph {
    /// Scaled dot-product attention, `softmax(q k^T / sqrt(depth)) v` for each example and head.
    ///
    /// Queries are `[batch, queries, heads, depth]`, keys `[batch, keys, heads, depth]`, values
    /// `[batch, keys, heads, any]`; the result is `[batch, queries, heads, any]`, zeros where a query may attend to no key.
    ///
    /// # Errors
    /// If the inputs are not of one float dtype, the mask not bool, or the shapes do not fit.
    ///
    /// ```
    /// use everstep_graph::{Attention, Graph};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let x = graph.placeholder("x", DType::F32, [None, Some(16), Some(4), Some(32)])?;
    /// let y = graph.scaled_dot_product_attention(x, x, x, Attention::causal())?;
    /// assert_eq!(graph.type_of(y)?.to_string(), "f32[?, 16, 4, 32]");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn scaled_dot_product_attention(
        &mut self,
        queries: impl Into<Output>,
        keys: impl Into<Output>,
        values: impl Into<Output>,
        attention: Attention,
    ) -> Result<Output> {
        let Attention { scale, causal, mask } = attention;
        let inputs: Vec<Output> = [queries.into(), keys.into(), values.into()].into_iter().chain(mask).collect();
        let pass = AttentionPass::Forward;
        self.add_op(Op::Attention(AttentionOp { pass, scale, causal, masked: mask.is_some() }), &inputs)
    }
}
