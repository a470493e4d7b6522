//! Scaled dot-product attention, and the lengths that its tensors agree on.

/// What is computed of an attention `softmax(q k^T * scale) v`, for each example and head, float.
///
/// Queries are `[batch, queries, heads, depth]`, keys `[batch, keys, heads, depth]`, values
/// `[batch, keys, heads, width]`, the result `[batch, queries, heads, width]`; logarithms, `[batch, heads, queries]`, are
/// those of the sums of the exponentials of scores, infinite where a query may attend to no key, which gives zeros.
/// The last input may be a mask, bool `[batch, keys]`: the keys that may be attended to.
/// One more output is the workspace: [`Kernels::workspace`](crate::Kernels::workspace) elements, left with any values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AttentionPass {
    /// `(queries, keys, values) -> (result, logarithms)`
    Forward,
    /// `(gradient of the result, queries, keys, values, result, logarithms) -> (gradients of queries, keys, values)`
    Gradient,
}

impl AttentionPass {
    /// Queries, keys and values among the inputs.
    pub(crate) fn operands<T: Copy>(self, inputs: &[T]) -> [T; 3] {
        match self {
            AttentionPass::Forward => [inputs[0], inputs[1], inputs[2]],
            AttentionPass::Gradient => [inputs[1], inputs[2], inputs[3]],
        }
    }
}

/// The lengths of an attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttentionSizes {
    pub(crate) batch: usize,
    pub(crate) queries: usize,
    pub(crate) keys: usize,
    pub(crate) heads: usize,
    pub(crate) depth: usize,
    pub(crate) width: usize,
}

impl AttentionSizes {
    /// What queries, keys and values agree on, if they do.
    pub(crate) fn of(q: &[usize], k: &[usize], v: &[usize]) -> Option<AttentionSizes> {
        let (&[batch, queries, heads, depth], &[_, keys, ..], &[.., width]) = (q, k, v) else { return None };
        let fits = k == [batch, keys, heads, depth] && v == [batch, keys, heads, width];
        fits.then_some(AttentionSizes { batch, queries, keys, heads, depth, width })
    }

    /// The shape of the result.
    pub(crate) fn result(&self) -> [usize; 4] {
        [self.batch, self.queries, self.heads, self.width]
    }

    /// The shape of the logarithms.
    pub(crate) fn logarithms(&self) -> [usize; 3] {
        [self.batch, self.heads, self.queries]
    }
}
