//! Kernels that choose elements by their index or their order.

/// Chooses elements by index, or orders them; "indices" are i32 or i64, and one that its axis does not have is an error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IndexKernel {
    /// Inputs (values any dtype, indices): the slices of the values along an axis that the indices name.
    ///
    /// The output has the values' shape with the indices' axes in the place of the axis.
    Gather {
        /// The axis of the values that is indexed.
        axis: usize,
    },
    /// The adjoint of `Gather`, numeric: inputs (slices, indices); each slice is added, in order, to the place it came from.
    ///
    /// Everything else becomes 0.
    Scatter {
        /// The axis of the output that is indexed.
        axis: usize,
    },
    /// Inputs (tensor, indices, slices), numeric: the tensor, with each slice added, in order, to the row of that index.
    ScatterAdd,
    /// Inputs (indices), any dtype out: `on` where the index along the output's axis is the input's, else `off`.
    ///
    /// An index beyond the axis is `off` everywhere, and no error.
    OneHot {
        /// The axis of the output that the input does not have.
        axis: usize,
        /// The number at the index, converted to the dtype.
        on: f64,
        /// The number elsewhere, converted to the dtype.
        off: f64,
    },
    /// Numeric, along the last axis; outputs (elements, i32 indices), as many as the outputs' last axis has.
    ///
    /// The greatest come first, of equals the lower index; NaN counts as the greatest.
    TopK {
        /// Whether the least come first instead; NaN is then last.
        ascending: bool,
    },
    /// The adjoint of choosing along the last axis, float: inputs (gradient, indices), both of one shape.
    ///
    /// Zeros, and each element of the gradient added at its index.
    TopKGrad,
    /// Numeric: the sum or product of all elements up to each one along an axis, one after the other.
    Cumulate(Cumulate),
    /// The adjoint of a cumulative product, float: inputs (gradient, input), right where elements are zero too.
    CumprodGrad(Cumulate),
    /// Inputs (predictions `[b, c]` float, targets `[b]` indices), to bool: whether fewer than `count` predictions exceed that of the target.
    ///
    /// False where the target is beyond the classes, which is no error, or its prediction is not finite.
    InTopK {
        /// How many are the top.
        count: usize,
    },
    /// Inputs (indices `[n]`), to i64 `[n]`: the places of the indices in ascending order of the indices, equal ones in their order.
    Order,
    /// Inputs (slices `[n, ..]` numeric, indices `[n]`); outputs (slices, the indices' [`IndexKernel::Order`]).
    ///
    /// The first of the slices with one index becomes the sum of them all, added in their order; the others become 0.
    SumDuplicates,
}

/// Which elements are combined along an axis, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cumulate {
    /// The axis.
    pub axis: usize,
    /// Whether elements are multiplied instead of added.
    pub product: bool,
    /// Whether an element is left out of its own result, which begins with 0 or 1.
    pub exclusive: bool,
    /// Whether the results begin at the last element.
    pub reverse: bool,
}
