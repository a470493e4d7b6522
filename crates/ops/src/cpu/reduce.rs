//! Reductions over any axes, and the index of the greatest element.

use std::ops::Range;

use super::{
    elementwise::BLOCK,
    fold::{All, Any, Combine, GRAIN, Max, Min, Prod, Sum, fold},
    number::Number,
    pool::{Fork, Pool, Rows},
};
use crate::{
    Reduction, View, ViewMut,
    element::{Element, with_float, with_number},
    shape::MAX_RANK,
};

/// Neighbouring outputs that are folded together, row by row.
const STRIP: usize = 64;

/// Rows that are folded one after the other, before halves are combined.
const STRIP_ROWS: usize = 64;

pub(super) fn reduce(pool: &Pool, reduction: Reduction, axes: &[usize], input: View<'_>, output: &mut ViewMut<'_>) {
    let layout = Layout::new(input.shape, axes);
    match reduction {
        Reduction::Sum => with_number!(input.data.dtype(), T => into::<T, Sum>(pool, &layout, input, output)),
        Reduction::Max => with_number!(input.data.dtype(), T => into::<T, Max>(pool, &layout, input, output)),
        Reduction::Min => with_number!(input.data.dtype(), T => into::<T, Min>(pool, &layout, input, output)),
        Reduction::Prod => with_number!(input.data.dtype(), T => into::<T, Prod>(pool, &layout, input, output)),
        Reduction::All => into::<bool, All>(pool, &layout, input, output),
        Reduction::Any => into::<bool, Any>(pool, &layout, input, output),
        Reduction::Mean => with_float!(input.data.dtype(), T => {
            into::<T, Sum>(pool, &layout, input, output);
            let count = axes.iter().map(|&axis| input.shape[axis]).product::<usize>() as T;
            T::slice_mut(&mut output.data).iter_mut().for_each(|sum| *sum /= count);
        }),
    }
}

fn into<T: Element, C: Combine<T>>(pool: &Pool, layout: &Layout, input: View<'_>, output: &mut ViewMut<'_>) {
    let (input, output) = (T::slice(input.data), T::slice_mut(&mut output.data));
    if input.is_empty() {
        return output.fill(C::IDENTITY);
    }
    pool.enter(input.len(), |fork| match layout.run_is_reduced {
        true => fold_runs::<T, C>(layout, input, output, fork),
        false => fold_rows::<T, C>(layout, input, output, fork),
    });
}

/// The last axis disappears: each output is made of consecutive runs.
fn fold_runs<T: Element, C: Combine<T>>(layout: &Layout, input: &[T], output: &mut [T], fork: Fork) {
    let each = input.len() / output.len();
    fork.blocks(output, GRAIN / each.min(GRAIN), &|first, block: &mut [T]| {
        for (index, value) in block.iter_mut().enumerate() {
            let start = layout.kept.offset(first + index);
            *value = runs::<T, C>(layout, &input[start..], 0..layout.reduced.count, fork);
        }
    });
}

fn runs<T: Element, C: Combine<T>>(layout: &Layout, input: &[T], range: Range<usize>, fork: Fork) -> T {
    if range.len() == 1 {
        let start = layout.reduced.offset(range.start);
        return fold::<T, C>(&input[start..start + layout.run], fork);
    }
    let half = range.start + range.len() / 2;
    let fork = if range.len() * layout.run > GRAIN { fork } else { Fork::Caller };
    let (left, right) = fork.join(
        || runs::<T, C>(layout, input, range.start..half, fork),
        || runs::<T, C>(layout, input, half..range.end, fork),
    );
    C::combine(left, right)
}

/// The last axis stays: strips of neighbouring outputs are made of rows.
fn fold_rows<T: Element, C: Combine<T>>(layout: &Layout, input: &[T], output: &mut [T], fork: Fork) {
    let rows = layout.reduced.count;
    let strips = STRIP * (GRAIN / (rows * STRIP).min(GRAIN));
    let outputs = Rows { values: output, width: layout.run };
    fork.blocks(outputs, strips / layout.run, &|first, block: Rows<'_, T>| {
        for (index, row) in block.values.chunks_exact_mut(layout.run).enumerate() {
            let start = layout.kept.offset(first + index);
            fork.blocks(row, strips, &|column, row: &mut [T]| {
                for (index, strip) in row.chunks_mut(STRIP).enumerate() {
                    let input = &input[start + column + index * STRIP..];
                    strip.copy_from_slice(
                        &rows_of_strip::<T, C>(layout, input, 0..rows, strip.len(), fork)[..strip.len()],
                    );
                }
            });
        }
    });
}

fn rows_of_strip<T: Element, C: Combine<T>>(
    layout: &Layout,
    input: &[T],
    range: Range<usize>,
    width: usize,
    fork: Fork,
) -> [T; STRIP] {
    if range.len() <= STRIP_ROWS {
        let mut lanes = [C::IDENTITY; STRIP];
        for row in range {
            let start = layout.reduced.offset(row);
            for (lane, &value) in lanes.iter_mut().zip(&input[start..start + width]) {
                *lane = C::combine(*lane, value);
            }
        }
        return lanes;
    }
    let half = range.start + range.len() / 2;
    let fork = if range.len() * width > GRAIN { fork } else { Fork::Caller };
    let (mut left, right) = fork.join(
        || rows_of_strip::<T, C>(layout, input, range.start..half, width, fork),
        || rows_of_strip::<T, C>(layout, input, half..range.end, width, fork),
    );
    for (left, right) in left.iter_mut().zip(right) {
        *left = C::combine(*left, right);
    }
    left
}

/// The axes of an input, those that stay and those that disappear, neighbours of a kind being one axis.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// The extent of the last axis.
    run: usize,
    run_is_reduced: bool,
    /// The axes that stay, without the last.
    kept: Axes,
    /// The axes that disappear, without the last.
    reduced: Axes,
}

impl Layout {
    fn new(shape: &[usize], axes: &[usize]) -> Layout {
        let mut layout = Layout { run: 1, run_is_reduced: false, kept: Axes::NONE, reduced: Axes::NONE };
        let (mut stride, mut run_ended) = (1, false);
        for (axis, &extent) in shape.iter().enumerate().rev().filter(|&(_, &extent)| extent != 1) {
            let reduced = axes.contains(&axis);
            if stride == 1 {
                layout.run_is_reduced = reduced;
            }
            run_ended |= reduced != layout.run_is_reduced;
            match (run_ended, reduced) {
                (false, _) => layout.run *= extent,
                (true, true) => layout.reduced.push(extent, stride),
                (true, false) => layout.kept.push(extent, stride),
            }
            stride *= extent;
        }
        layout
    }
}

/// Some axes of an input, the last one first.
#[derive(Clone, Copy, Debug)]
struct Axes {
    axes: [(usize, usize); MAX_RANK],
    rank: usize,
    /// The product of the extents.
    count: usize,
}

impl Axes {
    const NONE: Axes = Axes { axes: [(1, 0); MAX_RANK], rank: 0, count: 1 };

    /// Adds an axis of `extent` elements, `stride` apart, before those already here.
    fn push(&mut self, extent: usize, stride: usize) {
        self.count *= extent;
        let last = &mut self.axes[self.rank.saturating_sub(1)];
        if self.rank > 0 && last.0 * last.1 == stride {
            last.0 *= extent;
            return;
        }
        self.axes[self.rank] = (extent, stride);
        self.rank += 1;
    }

    /// Where element `index` of these axes lies.
    fn offset(&self, mut index: usize) -> usize {
        let mut offset = 0;
        for &(extent, stride) in &self.axes[..self.rank] {
            offset += index % extent * stride;
            index /= extent;
        }
        offset
    }
}

pub(super) fn argmax(pool: &Pool, axis: usize, input: View<'_>, output: &mut ViewMut<'_>) {
    with_number!(input.data.dtype(), T => best::<T>(pool, axis, input, output, |value, best| {
        value > best || value.is_nan() && !best.is_nan()
    }));
}

pub(super) fn argmin(pool: &Pool, axis: usize, input: View<'_>, output: &mut ViewMut<'_>) {
    with_number!(input.data.dtype(), T => best::<T>(pool, axis, input, output, |value, best| {
        value < best || value.is_nan() && !best.is_nan()
    }));
}

/// The first index along an axis of the value that no later one is better than.
fn best<T: Number>(
    pool: &Pool,
    axis: usize,
    input: View<'_>,
    output: &mut ViewMut<'_>,
    is_better: impl Fn(T, T) -> bool + Copy + Sync,
) {
    let (extent, inner) = (input.shape[axis], input.shape[axis + 1..].iter().product::<usize>());
    let (input, output) = (T::slice(input.data), i64::slice_mut(&mut output.data));
    pool.blocks(output, (BLOCK / extent).max(1), input.len(), &|first, block: &mut [i64]| {
        for (index, value) in block.iter_mut().enumerate() {
            let (outer, column) = ((first + index) / inner, (first + index) % inner);
            let start = outer * extent * inner + column;
            let (mut place, mut best) = (0, input[start]);
            for (later, &value) in input[start..].iter().step_by(inner).take(extent).enumerate() {
                if is_better(value, best) {
                    (place, best) = (later, value);
                }
            }
            *value = place as i64;
        }
    });
}
