//! Shapes without allocation: at most [`MAX_RANK`] extents, held in place.

/// The greatest number of axes of a tensor.
pub(crate) const MAX_RANK: usize = 8;

/// A shape held in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extents {
    extents: [usize; MAX_RANK],
    rank: usize,
}

impl Extents {
    pub(crate) const EMPTY: Extents = Extents { extents: [1; MAX_RANK], rank: 0 };

    pub(crate) fn push(&mut self, extent: usize) {
        self.extents[self.rank] = extent;
        self.rank += 1;
    }

    pub(crate) fn as_slice(&self) -> &[usize] {
        &self.extents[..self.rank]
    }

    /// `shape` without `axes`.
    pub(crate) fn without(shape: &[usize], axes: &[usize]) -> Extents {
        let mut kept = Extents::EMPTY;
        for (axis, &extent) in shape.iter().enumerate() {
            if !axes.contains(&axis) {
                kept.push(extent);
            }
        }
        kept
    }

    /// `shape` with 1 in the place of `axes`.
    pub(crate) fn with_ones(shape: &[usize], axes: &[usize]) -> Extents {
        let mut kept = Extents::EMPTY;
        for (axis, &extent) in shape.iter().enumerate() {
            kept.push(if axes.contains(&axis) { 1 } else { extent });
        }
        kept
    }
}

/// The number of elements, or `None` if no machine holds as many.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent))
}

/// The extent of `axis` counted from the last, 1 where the shape has no such axis.
pub(crate) fn from_the_end(shape: &[usize], axis: usize) -> usize {
    shape.len().checked_sub(axis + 1).map_or(1, |index| shape[index])
}
