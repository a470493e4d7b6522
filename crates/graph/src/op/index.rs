//! Operations that choose elements by their index or their order.

pub(crate) mod infer;

use everstep_tensor::DType;

use super::attribute::{Attribute, Attributes};

/// An operation that chooses elements by index, or orders them; "indices" are i32 or i64.
///
/// An index that its axis does not have is an error of the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum IndexOp {
    /// Inputs (values, indices): the slices of the values along an axis that the indices name; the indices' axes stand in its place.
    Gather {
        /// The axis of the values that is indexed.
        axis: usize,
    },
    /// The adjoint of [`IndexOp::Gather`], float: inputs (gradient, indices, operand); zeros in the operand's shape, and each slice of the gradient added where it came from.
    ///
    /// Of the operand nothing but the shape is used. Slices with one index are added in their order.
    GatherGrad {
        /// The axis of the operand that is indexed.
        axis: usize,
    },
    /// Inputs (tensor, indices, slices), numeric: the tensor, with each slice added to the row that its index names, in their order.
    ScatterAdd,
    /// Inputs (slices `[n, ..]` numeric, indices `[n]`); outputs (slices, i64 `[n]`): the first of the slices with one index becomes the sum of them all, added in their order, and the others become 0.
    ///
    /// The second output are the places of the indices in ascending order of the indices, equal ones in their order.
    SumDuplicates,
    /// A number where the index along a new axis is the input's, and another elsewhere; an index beyond it has the other one everywhere.
    OneHot {
        /// Where the new axis stands in the output.
        axis: usize,
        /// Its length.
        depth: usize,
        /// The number at the index.
        on: f64,
        /// The number elsewhere.
        off: f64,
        /// The type of the output.
        dtype: DType,
    },
    /// The greatest elements along the last axis, numeric: outputs (values, i32 indices), the greatest first, of equals the lower index first.
    ///
    /// NaN counts as the greatest.
    TopK {
        /// How many; all of them if `None`.
        count: Option<usize>,
        /// Whether they are the least, the least first, instead.
        ascending: bool,
    },
    /// The adjoint of choosing elements along the last axis, float: inputs (gradient, indices, operand).
    ///
    /// Zeros in the operand's shape, each element of the gradient added at its index; of the operand nothing but the shape is used.
    TopKGrad,
    /// The sums or products of all elements up to each one along an axis, numeric.
    Cumulate(Cumulate),
    /// The adjoint of a cumulative product, float: inputs (gradient, input); right where elements are zero too.
    CumprodGrad(Cumulate),
    /// Inputs (predictions `[b, c]` float, targets `[b]` indices), to bool: whether fewer than `count` predictions of the row exceed that of the target.
    ///
    /// False where the target is beyond the classes, or its prediction is not finite.
    InTopK {
        /// How many are the top.
        count: usize,
    },
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

impl IndexOp {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Gather { .. } => "GatherV2",
            Self::GatherGrad { .. } => "GatherGrad",
            Self::ScatterAdd => "TensorScatterAdd",
            Self::SumDuplicates => "SumDuplicates",
            Self::OneHot { .. } => "OneHot",
            Self::TopK { count: None, .. } => "Sort",
            Self::TopK { .. } => "TopKV2",
            Self::TopKGrad => "TopKGrad",
            Self::Cumulate(Cumulate { product: false, .. }) => "Cumsum",
            Self::Cumulate(_) => "Cumprod",
            Self::CumprodGrad(_) => "CumprodGrad",
            Self::InTopK { .. } => "InTopKV2",
        }
    }

    pub(crate) fn input_count(&self) -> usize {
        match self {
            Self::GatherGrad { .. } | Self::ScatterAdd | Self::TopKGrad => 3,
            Self::Gather { .. } | Self::SumDuplicates | Self::CumprodGrad(_) | Self::InTopK { .. } => 2,
            Self::OneHot { .. } | Self::TopK { .. } | Self::Cumulate(_) => 1,
        }
    }

    pub(crate) fn uses_only_shape_of(&self, input: usize) -> bool {
        matches!(self, Self::GatherGrad { .. } | Self::TopKGrad) && input == 2
    }

    pub(crate) fn attributes(&self) -> Attributes {
        match *self {
            Self::Gather { axis } | Self::GatherGrad { axis } => vec![("axis", Attribute::length(axis))],
            Self::OneHot { axis, depth, on, off, .. } => vec![
                ("axis", Attribute::length(axis)),
                ("depth", Attribute::length(depth)),
                ("on_value", Attribute::Number(on)),
                ("off_value", Attribute::Number(off)),
            ],
            Self::TopK { count, ascending } => {
                let count = count.map(|count| ("k", Attribute::length(count)));
                count.into_iter().chain(ascending.then_some(("ascending", Attribute::Flag(true)))).collect()
            }
            Self::Cumulate(cumulate) | Self::CumprodGrad(cumulate) => vec![
                ("axis", Attribute::length(cumulate.axis)),
                ("exclusive", Attribute::Flag(cumulate.exclusive)),
                ("reverse", Attribute::Flag(cumulate.reverse)),
            ],
            Self::InTopK { count } => vec![("k", Attribute::length(count))],
            Self::ScatterAdd | Self::SumDuplicates | Self::TopKGrad => Vec::new(),
        }
    }
}
