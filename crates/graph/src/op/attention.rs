//! Scaled dot-product attention and its gradient.

use everstep_tensor::{DType, Result};

use super::{
    attribute::{Attribute, Attributes},
    convolution::{merged, refuse},
};
use crate::{
    PartialShape, TensorType,
    infer::{check_dtype, check_floats},
};

/// Scaled dot-product attention or its gradient: `softmax(q k^T * scale) v` for each example and head, float.
///
/// Queries are `[batch, queries, heads, depth]`, keys `[batch, keys, heads, depth]`, values
/// `[batch, keys, heads, value depth]`, as Keras' `MultiHeadAttention` has them between its projections.
/// Where there is a mask, it is bool `[batch, keys]` and says which keys may be attended to.
/// A query that may attend to no key gives zeros.
///
/// Vaswani et al., "Attention Is All You Need" (2017); the scores are never held as a whole, and the gradient computes
/// them again, as Dao et al., "FlashAttention" (2022), do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttentionOp {
    /// What is computed.
    pub pass: AttentionPass,
    /// What the scores are multiplied by; `1 / sqrt(depth)` if `None`.
    pub scale: Option<f64>,
    /// Whether query `i` attends to the keys up to `i` alone.
    pub causal: bool,
    /// Whether there is a mask.
    pub masked: bool,
}

/// What is computed of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttentionPass {
    /// Inputs (queries, keys, values, mask if there is one); outputs (result `[batch, queries, heads, value depth]`,
    /// the logarithm of the summed exponentials of each query's scores `[batch, heads, queries]`).
    Forward,
    /// Inputs (gradient of the result, queries, keys, values, result, logarithms, mask if there is one); outputs
    /// (gradients of queries, keys, values).
    Gradient,
}

impl AttentionOp {
    pub(super) fn name(self) -> &'static str {
        match self.pass {
            AttentionPass::Forward => "ScaledDotProductAttention",
            AttentionPass::Gradient => "ScaledDotProductAttentionGrad",
        }
    }

    pub(crate) fn attributes(self) -> Attributes {
        let scale = self.scale.map(|scale| ("scale", Attribute::Number(scale)));
        scale.into_iter().chain([("causal", Attribute::Flag(self.causal))]).collect()
    }

    pub(crate) fn input_count(self) -> usize {
        let mask = usize::from(self.masked);
        match self.pass {
            AttentionPass::Forward => 3 + mask,
            AttentionPass::Gradient => 6 + mask,
        }
    }

    pub(crate) fn infer(self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        let (inputs, mask) = if self.masked { inputs.split_at(inputs.len() - 1) } else { (inputs, &[][..]) };
        check_floats(inputs)?;
        if let Some(scale) = self.scale.filter(|scale| !scale.is_finite()) {
            return refuse(format!("the scale is {scale}; give a finite number"));
        }
        let (q, k, v) = match self.pass {
            AttentionPass::Forward => (0, 1, 2),
            AttentionPass::Gradient => (1, 2, 3),
        };
        let sizes = Sizes::of(&inputs[q].shape, &inputs[k].shape, &inputs[v].shape)?;
        for mask in mask {
            check_dtype("a mask of bool", |dtype| dtype == DType::Bool, mask.dtype)?;
            expect("the mask", &mask.shape, &PartialShape::from([sizes.batch, sizes.keys]))?;
        }
        let typed = |shape: PartialShape| TensorType::new(inputs[0].dtype, shape);
        match self.pass {
            AttentionPass::Forward => Ok(vec![typed(sizes.result()), typed(sizes.logarithms())]),
            AttentionPass::Gradient => {
                expect("the gradient", &inputs[0].shape, &sizes.result())?;
                expect("the result", &inputs[4].shape, &sizes.result())?;
                expect("the logarithms", &inputs[5].shape, &sizes.logarithms())?;
                let Sizes { batch, queries, keys, heads, depth, width } = sizes;
                let values = typed(PartialShape::from([batch, keys, heads, width]));
                let [queries, keys] =
                    [queries, keys].map(|length| typed(PartialShape::from([batch, length, heads, depth])));
                Ok(vec![queries, keys, values])
            }
        }
    }
}

/// What is known of the lengths.
struct Sizes {
    batch: Option<usize>,
    queries: Option<usize>,
    keys: Option<usize>,
    heads: Option<usize>,
    depth: Option<usize>,
    width: Option<usize>,
}

impl Sizes {
    fn of(q: &PartialShape, k: &PartialShape, v: &PartialShape) -> Result<Self> {
        let axes = |shape: &PartialShape| match **shape {
            [batch, length, heads, depth] => Ok([batch, length, heads, depth]),
            _ => refuse(format!("{shape} has not rank 4; give [batch, length, heads, depth]")),
        };
        let ([b0, queries, h0, d0], [b1, k1, h1, d1], [b2, k2, h2, width]) = (axes(q)?, axes(k)?, axes(v)?);
        let agree = || {
            let batch = merged(merged(b0, b1)?, b2)?;
            let heads = merged(merged(h0, h1)?, h2)?;
            Some(Self { batch, queries, keys: merged(k1, k2)?, heads, depth: merged(d0, d1)?, width })
        };
        match agree() {
            Some(sizes) if sizes.depth != Some(0) => Ok(sizes),
            Some(_) => refuse(format!("queries {q} have no depth; give at least 1")),
            None => refuse(format!(
                "queries {q}, keys {k} and values {v} do not fit; give [batch, queries, heads, depth], \
                 [batch, keys, heads, depth] and [batch, keys, heads, any]"
            )),
        }
    }

    fn result(&self) -> PartialShape {
        PartialShape::from([self.batch, self.queries, self.heads, self.width])
    }

    fn logarithms(&self) -> PartialShape {
        PartialShape::from([self.batch, self.heads, self.queries])
    }
}

fn expect(what: &str, given: &PartialShape, expected: &PartialShape) -> Result<()> {
    match given.merge(expected) {
        Some(_) => Ok(()),
        None => refuse(format!("{what} is {given}, it must be {expected}")),
    }
}
