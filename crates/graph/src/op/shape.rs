//! Operations that move elements without computing with them.

mod infer;
mod section;

pub use section::{Section, Taken};

use super::attribute::{Attribute, Attributes};

/// An operation that moves, repeats or counts elements; any dtype unless said otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum ShapeOp {
    /// The same elements in another shape.
    Reshape(Vec<Length>),
    /// The elements of the first input in the shape of the second, of which nothing but the shape is used.
    ReshapeLike,
    /// The axes in another order: axis `i` of the output is axis `axes[i]` of the input.
    Transpose(Vec<usize>),
    /// The inputs, at least one, one after the other along an axis; the other axes are equal.
    Concat(usize),
    /// The part of the first input that belongs to input `part` of a [`ShapeOp::Concat`] whose inputs follow.
    ///
    /// Of those nothing but the shapes is used.
    ConcatPart {
        /// The axis of the concatenation.
        axis: usize,
        /// Which of its inputs.
        part: usize,
    },
    /// The input cut along an axis into outputs of these lengths, which add up to the axis.
    Split {
        /// The axis that is cut.
        axis: usize,
        /// The length of each output.
        sizes: Vec<usize>,
    },
    /// The inputs, at least one and of one shape, side by side along a new axis.
    Pack(usize),
    /// The input cut along an axis into `count` outputs that do not have it; `count` is its length.
    Unpack {
        /// The axis that disappears.
        axis: usize,
        /// Its length.
        count: usize,
    },
    /// The elements that NumPy's basic indexing chooses: no ellipsis, and one section for each axis of the input.
    StridedSlice(Vec<Section>),
    /// The adjoint of [`ShapeOp::StridedSlice`]: inputs (gradient, operand); zeros in the operand's shape, the gradient where it was sliced.
    ///
    /// Of the operand nothing but the shape is used.
    StridedSliceGrad(Vec<Section>),
    /// The input with elements before and after it along each axis.
    Pad {
        /// How many before and after, axis by axis.
        paddings: Vec<(usize, usize)>,
        /// Which elements.
        mode: PadMode,
    },
    /// The adjoint of a reflecting or symmetric [`ShapeOp::Pad`], float: inputs (gradient, operand); the sum over each element's images.
    ///
    /// Of the operand nothing but the shape is used.
    PadGrad {
        /// How many before and after, axis by axis.
        paddings: Vec<(usize, usize)>,
        /// Which elements.
        mode: PadMode,
    },
    /// The input repeated so often along each axis.
    Tile(Vec<usize>),
    /// The adjoint of [`ShapeOp::Tile`], float: inputs (gradient, operand); the sum over each element's repetitions.
    ///
    /// Of the operand nothing but the shape is used.
    TileGrad(Vec<usize>),
    /// The input with a new axis of length 1 at that place of the output.
    ExpandDims(usize),
    /// The input without these axes, each of length 1, ascending.
    Squeeze(Vec<usize>),
    /// The input repeated to that shape by NumPy's broadcasting.
    BroadcastTo(Vec<usize>),
    /// The first input repeated to the shape of the second, of which nothing but the shape is used.
    BroadcastLike,
    /// The input with these axes, ascending, from last to first.
    Reverse(Vec<usize>),
    /// A number everywhere, in the dtype and shape of the input, of which nothing else is used.
    FillLike(f64),
    /// The lengths of the input's axes, as an i64 vector; nothing but the shape is used.
    Shape,
    /// The number of the input's elements, as an i64 scalar; nothing but the shape is used.
    Size,
}

/// The length of an axis of a reshaped value.
///
/// ```
/// use everstep_graph::{Graph, Length};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let tokens = graph.placeholder("tokens", DType::F32, [None, None, Some(128)])?;
/// // Four heads; batch and time stay whatever they are.
/// let heads = graph.reshape(tokens, [Length::OfInput(0), Length::OfInput(1), 4.into(), 32.into()])?;
/// assert_eq!(graph.type_of(heads)?.to_string(), "f32[?, ?, 4, 32]");
/// let rows = graph.reshape(heads, [-1, 128])?;
/// assert_eq!(graph.type_of(rows)?.to_string(), "f32[?, 128]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// This length; or -1, for one axis at most: whatever remains.
    Is(isize),
    /// The length of that axis of the input, which only the run may know.
    OfInput(usize),
}

impl From<isize> for Length {
    fn from(length: isize) -> Self {
        Self::Is(length)
    }
}

/// Which elements a padding has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// This number, converted to the dtype; for bool whether it is not zero.
    Constant(f64),
    /// The input mirrored at its first and last element, which are not repeated: `3 2 | 1 2 3 | 2 1`.
    Reflect,
    /// The input mirrored at its edges: `2 1 | 1 2 3 | 3 2`.
    Symmetric,
}

impl ShapeOp {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reshape(_) => "Reshape",
            Self::ReshapeLike => "ReshapeLike",
            Self::Transpose(_) => "Transpose",
            Self::Concat(_) => "ConcatV2",
            Self::ConcatPart { .. } => "ConcatPart",
            Self::Split { .. } => "SplitV",
            Self::Pack(_) => "Pack",
            Self::Unpack { .. } => "Unpack",
            Self::StridedSlice(_) => "StridedSlice",
            Self::StridedSliceGrad(_) => "StridedSliceGrad",
            Self::Pad { mode: PadMode::Constant(_), .. } => "PadV2",
            Self::Pad { .. } => "MirrorPad",
            Self::PadGrad { .. } => "MirrorPadGrad",
            Self::Tile(_) => "Tile",
            Self::TileGrad(_) => "TileGrad",
            Self::ExpandDims(_) => "ExpandDims",
            Self::Squeeze(_) => "Squeeze",
            Self::BroadcastTo(_) => "BroadcastTo",
            Self::BroadcastLike => "BroadcastLike",
            Self::Reverse(_) => "ReverseV2",
            Self::FillLike(0.0) => "ZerosLike",
            Self::FillLike(1.0) => "OnesLike",
            Self::FillLike(_) => "FillLike",
            Self::Shape => "Shape",
            Self::Size => "Size",
        }
    }

    /// How many inputs it takes; `None` if at least one.
    pub(crate) fn input_count(&self) -> Option<usize> {
        match self {
            Self::Concat(_) | Self::ConcatPart { .. } | Self::Pack(_) => None,
            Self::ReshapeLike
            | Self::StridedSliceGrad(_)
            | Self::PadGrad { .. }
            | Self::TileGrad(_)
            | Self::BroadcastLike => Some(2),
            _ => Some(1),
        }
    }

    pub(crate) fn uses_only_shape_of(&self, input: usize) -> bool {
        match self {
            Self::FillLike(_) | Self::Shape | Self::Size => true,
            Self::Concat(_) | Self::Pack(_) => false,
            _ => input > 0,
        }
    }

    pub(crate) fn attributes(&self) -> Attributes {
        match self {
            Self::Reshape(shape) => {
                vec![("shape", Attribute::Integers(shape.iter().map(|axis| axis.code()).collect()))]
            }
            Self::Transpose(axes) => vec![("perm", Attribute::lengths(axes))],
            Self::Concat(axis) | Self::Pack(axis) | Self::ExpandDims(axis) => vec![("axis", Attribute::length(*axis))],
            Self::ConcatPart { axis, part } => {
                vec![("axis", Attribute::length(*axis)), ("part", Attribute::length(*part))]
            }
            Self::Split { axis, sizes } => {
                vec![("axis", Attribute::length(*axis)), ("size_splits", Attribute::lengths(sizes))]
            }
            Self::Unpack { axis, count } => {
                vec![("axis", Attribute::length(*axis)), ("num", Attribute::length(*count))]
            }
            Self::StridedSlice(sections) | Self::StridedSliceGrad(sections) => section::attributes(sections),
            Self::Pad { paddings, mode } | Self::PadGrad { paddings, mode } => {
                let each = paddings.iter().flat_map(|(before, after)| [before, after]);
                vec![("paddings", Attribute::lengths(each)), mode.attribute()]
            }
            Self::Tile(multiples) | Self::TileGrad(multiples) => vec![("multiples", Attribute::lengths(multiples))],
            Self::Squeeze(axes) => vec![("squeeze_dims", Attribute::lengths(axes))],
            Self::BroadcastTo(shape) => vec![("shape", Attribute::lengths(shape))],
            Self::Reverse(axes) => vec![("axis", Attribute::lengths(axes))],
            Self::FillLike(number) if ![0.0, 1.0].contains(number) => vec![("value", Attribute::Number(*number))],
            Self::FillLike(_) | Self::ReshapeLike | Self::BroadcastLike | Self::Shape | Self::Size => Vec::new(),
        }
    }
}

impl Length {
    /// One number: the length, -1 for the rest, and from -2 downwards the axes of the input.
    fn code(self) -> i64 {
        match self {
            Self::Is(length) => length as i64,
            Self::OfInput(axis) => -2 - axis as i64,
        }
    }
}

impl PadMode {
    fn attribute(self) -> (&'static str, Attribute) {
        match self {
            Self::Constant(number) => ("constant_values", Attribute::Number(number)),
            Self::Reflect => ("mode", Attribute::Text("REFLECT")),
            Self::Symmetric => ("mode", Attribute::Text("SYMMETRIC")),
        }
    }
}
