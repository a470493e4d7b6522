//! Elements written at regular distances: concatenation, padding, the gradient of slicing.

use super::super::{elementwise::BLOCK, pool::Pool};
use crate::{element::Element, shape::MAX_RANK};

/// An axis of the output, and which of its places are written.
#[derive(Clone, Copy, Debug)]
struct Axis {
    extent: usize,
    begin: usize,
    step: isize,
    count: usize,
}

impl Axis {
    /// Which element of the input comes to this index.
    fn source(&self, index: usize) -> Option<usize> {
        let way = index as isize - self.begin as isize;
        let source = usize::try_from(way / self.step).ok()?;
        (way % self.step == 0 && source < self.count).then_some(source)
    }

    /// Whether all of it is written, in order.
    fn is_whole(&self) -> bool {
        self.begin == 0 && self.step == 1 && self.count == self.extent
    }
}

/// The axes of the output; an axis that is whole is one with the axis before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    axes: [Axis; MAX_RANK],
    rank: usize,
}

impl Layout {
    pub(super) fn new(input: &[usize], output: &[usize], begins: &[usize], steps: &[isize]) -> Layout {
        let single = Axis { extent: 1, begin: 0, step: 1, count: 1 };
        let mut layout = Layout { axes: [single; MAX_RANK], rank: 1 };
        for index in 0..output.len() {
            let axis = Axis { extent: output[index], begin: begins[index], step: steps[index], count: input[index] };
            let outer = &mut layout.axes[layout.rank - 1];
            if outer.extent == 1 && outer.count == 1 {
                *outer = axis;
            } else if axis.is_whole() && (outer.step == 1 || axis.extent == 1) {
                *outer = Axis {
                    extent: outer.extent * axis.extent,
                    begin: outer.begin * axis.extent,
                    step: outer.step,
                    count: outer.count * axis.extent,
                };
            } else {
                layout.axes[layout.rank] = axis;
                layout.rank += 1;
            }
        }
        layout
    }

    /// The row of the input that comes to a row of the output.
    fn source(&self, mut row: usize) -> Option<usize> {
        let (mut source, mut rows) = (0, 1);
        for axis in self.axes[..self.rank - 1].iter().rev() {
            source += axis.source(row % axis.extent)? * rows;
            row /= axis.extent;
            rows *= axis.count;
        }
        Some(source)
    }

    /// The elements of the output between the first and the last index of the first axis that is written.
    fn bounds(&self) -> std::ops::Range<usize> {
        let first = &self.axes[0];
        let last = (first.begin as isize + first.step * (first.count as isize - 1)) as usize;
        let each = self.axes[1..self.rank].iter().map(|axis| axis.extent).product::<usize>();
        first.begin.min(last) * each..(first.begin.max(last) + 1) * each
    }
}

pub(super) fn place<T: Element>(pool: &Pool, layout: &Layout, input: &[T], output: &mut [T]) {
    if input.is_empty() {
        return;
    }
    let last = layout.axes[layout.rank - 1];
    let bounds = layout.bounds();
    let start = bounds.start;
    let output = &mut output[bounds];
    let cost = output.len() / 2;
    pool.blocks(output, BLOCK, cost, &|first, block: &mut [T]| {
        let (mut row, mut column) = ((start + first) / last.extent, (start + first) % last.extent);
        let mut rest = block;
        while !rest.is_empty() {
            let (part, after) = rest.split_at_mut((last.extent - column).min(rest.len()));
            if let Some(source) = layout.source(row) {
                place_row(&last, &input[source * last.count..(source + 1) * last.count], column, part);
            }
            (row, column, rest) = (row + 1, 0, after);
        }
    });
}

/// Writes a row of the input to the part of a row of the output that begins at `column`.
fn place_row<T: Element>(axis: &Axis, input: &[T], column: usize, part: &mut [T]) {
    if axis.step == 1 {
        let (first, end) = (axis.begin.max(column), (axis.begin + axis.count).min(column + part.len()));
        if first < end {
            part[first - column..end - column].copy_from_slice(&input[first - axis.begin..end - axis.begin]);
        }
        return;
    }
    let mut place = axis.begin as isize - column as isize;
    for element in input {
        if let Some(output) = usize::try_from(place).ok().and_then(|place| part.get_mut(place)) {
            *output = *element;
        }
        place += axis.step;
    }
}
