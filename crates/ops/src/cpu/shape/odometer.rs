//! Counting through the indices of some axes, with a place that follows.

use crate::shape::MAX_RANK;

/// An axis that is counted through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) extent: usize,
    /// How far the place moves from one index to the next.
    pub(super) stride: isize,
}

/// The indices of some axes, the last of which runs fastest, and the place that belongs to them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odometer<'a> {
    axes: &'a [Axis],
    indices: [usize; MAX_RANK],
    place: isize,
}

impl<'a> Odometer<'a> {
    /// At index `number`, the indices being numbered in order; `start` is the place of the first.
    pub(super) fn new(axes: &'a [Axis], start: usize, mut number: usize) -> Odometer<'a> {
        let (mut indices, mut place) = ([0; MAX_RANK], start as isize);
        for (index, axis) in indices[..axes.len()].iter_mut().zip(axes).rev() {
            *index = number % axis.extent;
            number /= axis.extent;
            place += *index as isize * axis.stride;
        }
        Odometer { axes, indices, place }
    }

    pub(super) fn place(&self) -> isize {
        self.place
    }

    /// On to the next indices; after the last ones come the first.
    pub(super) fn advance(&mut self) {
        for (index, axis) in self.indices[..self.axes.len()].iter_mut().zip(self.axes).rev() {
            *index += 1;
            self.place += axis.stride;
            if *index < axis.extent {
                return;
            }
            self.place -= axis.stride * axis.extent as isize;
            *index = 0;
        }
    }
}
