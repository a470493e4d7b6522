//! The lengths of a tensor's axes.

use std::{
    fmt,
    ops::{Deref, DerefMut},
};

/// Axes held without an allocation.
const INLINE: usize = 6;

/// The lengths of a tensor's axes, outermost first; no axis for a scalar.
///
/// It derefs to `[usize]`. Up to rank 6 it lives on the stack, so that a steady loop allocates nothing.
#[derive(Clone)]
pub struct Shape(Axes);

#[derive(Clone)]
enum Axes {
    Inline { rank: u8, lengths: [usize; INLINE] },
    Heap(Box<[usize]>),
}

impl Shape {
    /// The shape of a scalar.
    pub const SCALAR: Self = Self(Axes::Inline { rank: 0, lengths: [0; INLINE] });

    /// A shape of these axis lengths.
    pub fn new(axes: &[usize]) -> Self {
        if axes.len() > INLINE {
            return Self(Axes::Heap(axes.into()));
        }
        let mut lengths = [0; INLINE];
        lengths[..axes.len()].copy_from_slice(axes);
        Self(Axes::Inline { rank: axes.len() as u8, lengths })
    }

    /// The number of elements, or `None` if it exceeds `usize`.
    #[inline]
    pub fn elements(&self) -> Option<usize> {
        self.iter().try_fold(1usize, |product, axis| product.checked_mul(*axis))
    }
}

impl Deref for Shape {
    type Target = [usize];
    #[inline]
    fn deref(&self) -> &[usize] {
        match &self.0 {
            Axes::Inline { rank, lengths } => &lengths[..usize::from(*rank)],
            Axes::Heap(axes) => axes,
        }
    }
}

impl DerefMut for Shape {
    #[inline]
    fn deref_mut(&mut self) -> &mut [usize] {
        match &mut self.0 {
            Axes::Inline { rank, lengths } => &mut lengths[..usize::from(*rank)],
            Axes::Heap(axes) => axes,
        }
    }
}

impl From<&[usize]> for Shape {
    fn from(axes: &[usize]) -> Self {
        Self::new(axes)
    }
}

impl<const RANK: usize> From<[usize; RANK]> for Shape {
    fn from(axes: [usize; RANK]) -> Self {
        Self::new(&axes)
    }
}

impl<const RANK: usize> From<&[usize; RANK]> for Shape {
    fn from(axes: &[usize; RANK]) -> Self {
        Self::new(axes)
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        shape.clone()
    }
}

impl From<Vec<usize>> for Shape {
    fn from(axes: Vec<usize>) -> Self {
        Self::new(&axes)
    }
}

impl PartialEq for Shape {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Shape {}

impl std::hash::Hash for Shape {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// As a list: `[128, 10]`, `[]` for a scalar.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
