//! Walking a row-major output together with inputs that repeat along some of its axes.

use crate::shape::{MAX_RANK, from_the_end};

/// How the places in `N` inputs follow from a place in the output.
///
/// Axes of one element are left out, and neighbours that repeat in the same inputs are one axis:
/// equal shapes are a single run, a bias added to a matrix is rows of runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<const N: usize> {
    /// The extent of the last axis: within a run each input advances by 1 or stays.
    run: usize,
    /// Whether an input advances within a run.
    advances: [bool; N],
    /// The other axes, the last one first.
    axes: [Axis<N>; MAX_RANK],
    rank: usize,
}

#[derive(Clone, Copy, Debug)]
struct Axis<const N: usize> {
    extent: usize,
    strides: [usize; N],
}

impl<const N: usize> Walk<N> {
    /// For inputs whose shapes broadcast to `output`.
    pub(super) fn new(output: &[usize], inputs: [&[usize]; N]) -> Walk<N> {
        let mut axes = [Axis { extent: 1, strides: [0; N] }; MAX_RANK + 1];
        let mut count = 0;
        let mut sizes = [1; N];
        for axis in 0..output.len() {
            let extent = from_the_end(output, axis);
            if extent == 1 {
                continue;
            }
            let repeats = inputs.map(|input| from_the_end(input, axis) == 1);
            let strides: [usize; N] = std::array::from_fn(|input| if repeats[input] { 0 } else { sizes[input] });
            let merges = count > 0 && (0..N).all(|input| (axes[count - 1].strides[input] == 0) == repeats[input]);
            if merges {
                axes[count - 1].extent *= extent;
            } else {
                axes[count] = Axis { extent, strides };
                count += 1;
            }
            for input in 0..N {
                sizes[input] *= if repeats[input] { 1 } else { extent };
            }
        }
        let mut others = [axes[0]; MAX_RANK];
        others.copy_from_slice(&axes[1..]);
        Walk {
            run: axes[0].extent,
            advances: axes[0].strides.map(|stride| stride != 0),
            axes: others,
            rank: count.saturating_sub(1),
        }
    }

    /// Calls `segment` for each part of the output `first..first + length` that lies in one run,
    /// with the part's place relative to `first`, its length, and where it begins in each input.
    #[inline(always)]
    pub(super) fn segments(&self, first: usize, length: usize, mut segment: impl FnMut(usize, usize, [Place; N])) {
        let mut done = 0;
        while done < length {
            let (row, column) = ((first + done) / self.run, (first + done) % self.run);
            let part = (self.run - column).min(length - done);
            let starts = self.row(row);
            segment(
                done,
                part,
                std::array::from_fn(|input| match self.advances[input] {
                    true => Place::From(starts[input] + column),
                    false => Place::At(starts[input]),
                }),
            );
            done += part;
        }
    }

    /// Where row `row` of runs begins in each input.
    fn row(&self, mut row: usize) -> [usize; N] {
        let mut starts = [0; N];
        for axis in &self.axes[..self.rank] {
            let index = row % axis.extent;
            row /= axis.extent;
            for (start, stride) in starts.iter_mut().zip(axis.strides) {
                *start += index * stride;
            }
        }
        starts
    }
}

/// Where a segment reads an input.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// Consecutive elements from this one.
    From(usize),
    /// This element, again and again.
    At(usize),
}
