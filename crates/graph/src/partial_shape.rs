//! A shape some of whose axes are unknown until values are fed.

use std::{fmt, ops::Deref};

use everstep_tensor::Shape;

/// The lengths of a tensor's axes, outermost first; `None` is a length that only a run knows, such as the batch size.
///
/// The rank is always known. It derefs to `[Option<usize>]`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PartialShape(Vec<Option<usize>>);

impl PartialShape {
    /// The shape of a scalar.
    pub const SCALAR: Self = Self(Vec::new());

    /// The shape, or `None` if an axis is unknown.
    pub fn to_shape(&self) -> Option<Shape> {
        self.iter().copied().collect::<Option<Vec<usize>>>().map(Shape::from)
    }

    /// Whether a value of shape `shape` fits.
    pub fn accepts(&self, shape: &[usize]) -> bool {
        self.len() == shape.len()
            && self.iter().zip(shape).all(|(axis, length)| axis.is_none_or(|axis| axis == *length))
    }

    /// What is known if both describe one value, or `None` if they contradict each other.
    ///
    /// ```
    /// use everstep_graph::PartialShape;
    ///
    /// let known = PartialShape::from([None, Some(64)]).merge(&PartialShape::from([Some(32), None]));
    /// assert_eq!(known, Some(PartialShape::from([32, 64])));
    /// ```
    pub fn merge(&self, other: &Self) -> Option<Self> {
        if self.len() != other.len() {
            return None;
        }
        self.iter().zip(other.iter()).map(|(one, other)| merge_axes(*one, *other)).collect::<Option<_>>().map(Self)
    }

    /// The shape that NumPy's broadcasting gives the two, or `None` if they do not fit.
    ///
    /// Axes are matched from the last one; a missing axis, or one of length 1, is repeated.
    /// An unknown axis beside a known one longer than 1 can only be 1 or equal, so the result is known.
    pub fn broadcast(&self, other: &Self) -> Option<Self> {
        let rank = self.len().max(other.len());
        (0..rank)
            .map(|axis| broadcast_axes(self.padded(axis, rank), other.padded(axis, rank)))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// Axis `axis` after the shape was led by axes of length 1 up to `rank`.
    fn padded(&self, axis: usize, rank: usize) -> Option<usize> {
        (axis + self.len()).checked_sub(rank).map_or(Some(1), |axis| self[axis])
    }
}

/// One axis of [`PartialShape::merge`]: the outer `None` is a contradiction.
fn merge_axes(one: Option<usize>, other: Option<usize>) -> Option<Option<usize>> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(Some(one)),
        (one, other) => Some(one.or(other)),
    }
}

/// One axis of [`PartialShape::broadcast`]: the outer `None` is a contradiction.
fn broadcast_axes(one: Option<usize>, other: Option<usize>) -> Option<Option<usize>> {
    match (one, other) {
        (Some(1), axis) | (axis, Some(1)) => Some(axis),
        (one, other) => merge_axes(one, other),
    }
}

impl Deref for PartialShape {
    type Target = [Option<usize>];
    fn deref(&self) -> &[Option<usize>] {
        &self.0
    }
}

impl FromIterator<Option<usize>> for PartialShape {
    fn from_iter<I: IntoIterator<Item = Option<usize>>>(axes: I) -> Self {
        Self(axes.into_iter().collect())
    }
}

impl<const RANK: usize> From<[Option<usize>; RANK]> for PartialShape {
    fn from(axes: [Option<usize>; RANK]) -> Self {
        Self(axes.to_vec())
    }
}

impl<const RANK: usize> From<[usize; RANK]> for PartialShape {
    fn from(axes: [usize; RANK]) -> Self {
        Self::from(axes.as_slice())
    }
}

impl From<&[usize]> for PartialShape {
    fn from(axes: &[usize]) -> Self {
        axes.iter().copied().map(Some).collect()
    }
}

impl From<&Shape> for PartialShape {
    fn from(shape: &Shape) -> Self {
        Self::from(&**shape)
    }
}

/// As a list: `[?, 64]`, `[]` for a scalar.
impl fmt::Display for PartialShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes = self.iter().map(|axis| axis.map_or("?".into(), |axis| axis.to_string()));
        write!(f, "[{}]", axes.collect::<Vec<String>>().join(", "))
    }
}

impl fmt::Debug for PartialShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
