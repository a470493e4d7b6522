//! What slicing takes of an axis.

use std::ops::{Range, RangeFrom, RangeFull, RangeTo};

use super::{Attribute, Attributes};

/// What slicing takes of an axis, as NumPy: negative places count from the end, and bounds beyond the axis are cut to it.
///
/// A number chooses one element and removes the axis; ranges are written as Rust's.
///
/// ```
/// use everstep_graph::{Graph, Section};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let images = graph.placeholder("images", DType::F32, [None, Some(28), Some(28), Some(3)])?;
/// // NumPy's images[..., ::-2, -1] with a new axis in front.
/// let sections = [Section::NewAxis, Section::Ellipsis, Section::all().by(-2), (-1).into()];
/// let sliced = graph.strided_slice(images, &sections)?;
/// assert_eq!(graph.type_of(sliced)?.to_string(), "f32[1, ?, 28, 14]");
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// The element at that place; the axis disappears.
    Index(isize),
    /// Every `step`-th element from `begin` on, up to `end`, which is left out.
    Range {
        /// The first element; `None` is the first of all, or the last of all if the step is negative.
        begin: Option<isize>,
        /// Where to stop; `None` is beyond the last element, or before the first one if the step is negative.
        end: Option<isize>,
        /// How far from one to the next, not 0; negative runs backwards.
        step: isize,
    },
    /// A new axis of length 1.
    NewAxis,
    /// All of as many axes as the other sections leave; once at most, and at the end if it is not given.
    Ellipsis,
}

impl Section {
    /// The whole axis.
    pub const fn all() -> Self {
        Self::Range { begin: None, end: None, step: 1 }
    }

    /// The same range with another step; other sections stay as they are.
    pub const fn by(self, step: isize) -> Self {
        match self {
            Self::Range { begin, end, .. } => Self::Range { begin, end, step },
            other => other,
        }
    }

    /// Which elements of an axis of that length it takes: the first, how many, and the step.
    ///
    /// `None` if it is an index beyond the axis, or takes no axis at all.
    pub fn of(self, length: usize) -> Option<Taken> {
        let length = isize::try_from(length).ok()?;
        match self {
            Self::Index(index) => {
                let first = if index < 0 { index.checked_add(length)? } else { index };
                let is_inside = (0..length).contains(&first);
                is_inside.then_some(Taken { first: first as usize, count: 1, step: 1 })
            }
            Self::Range { begin, end, step } => {
                // The bounds a place is cut to, and those it has if it is not given.
                let (least, most) = if step < 0 { (-1, length - 1) } else { (0, length) };
                let cut =
                    |place: isize| (if place < 0 { place.saturating_add(length) } else { place }).clamp(least, most);
                let (first, stop) = if step < 0 { (most, least) } else { (least, most) };
                let (first, stop) = (begin.map_or(first, cut), end.map_or(stop, cut));
                let span = if step < 0 { first - stop } else { stop - first };
                let count = usize::try_from(span).unwrap_or(0).div_ceil(step.unsigned_abs().max(1));
                Some(Taken { first: if count == 0 { 0 } else { first as usize }, count, step })
            }
            Self::NewAxis | Self::Ellipsis => None,
        }
    }
}

/// Which elements of an axis a [`Section`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Taken {
    /// The first one; 0 if there is none.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// How far from one to the next.
    pub step: isize,
}

impl From<isize> for Section {
    fn from(index: isize) -> Self {
        Self::Index(index)
    }
}

impl From<Range<isize>> for Section {
    fn from(range: Range<isize>) -> Self {
        Self::Range { begin: Some(range.start), end: Some(range.end), step: 1 }
    }
}

impl From<RangeFrom<isize>> for Section {
    fn from(range: RangeFrom<isize>) -> Self {
        Self::Range { begin: Some(range.start), end: None, step: 1 }
    }
}

impl From<RangeTo<isize>> for Section {
    fn from(range: RangeTo<isize>) -> Self {
        Self::Range { begin: None, end: Some(range.end), step: 1 }
    }
}

impl From<RangeFull> for Section {
    fn from(_: RangeFull) -> Self {
        Self::all()
    }
}

/// TensorFlow's attributes: bit `i` of a mask belongs to section `i`.
pub(super) fn attributes(sections: &[Section]) -> Attributes {
    let number = |place: isize| place as i64;
    let begin = |section: &Section| match *section {
        Section::Index(index) => number(index),
        Section::Range { begin, .. } => begin.map_or(0, number),
        _ => 0,
    };
    let end = |section: &Section| match *section {
        Section::Index(index) => number(index).wrapping_add(1),
        Section::Range { end, .. } => end.map_or(0, number),
        _ => 0,
    };
    let step = |section: &Section| if let Section::Range { step, .. } = *section { number(step) } else { 1 };
    let each = |of: &dyn Fn(&Section) -> i64| Attribute::Integers(sections.iter().map(of).collect());
    let mask = |set: &dyn Fn(&Section) -> bool| {
        let bits = sections.iter().enumerate().filter(|(_, section)| set(section)).map(|(index, _)| 1 << index);
        Attribute::Integer(bits.sum())
    };
    vec![
        ("begin", each(&begin)),
        ("end", each(&end)),
        ("strides", each(&step)),
        ("begin_mask", mask(&|section| matches!(section, Section::Range { begin: None, .. }))),
        ("end_mask", mask(&|section| matches!(section, Section::Range { end: None, .. }))),
        ("new_axis_mask", mask(&|section| matches!(section, Section::NewAxis))),
        ("shrink_axis_mask", mask(&|section| matches!(section, Section::Index(_)))),
    ]
}
