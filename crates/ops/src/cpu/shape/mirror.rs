//! Mirrored padding, and its adjoint.

use super::super::{elementwise::BLOCK, number::Float, pool::Pool};
use crate::{element::Element, kernel::Mirror};

/// A tensor with mirrored elements around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Padding<'a> {
    pub(super) inner: &'a [usize],
    pub(super) outer: &'a [usize],
    pub(super) before: &'a [usize],
    pub(super) mirror: Mirror,
}

impl Padding<'_> {
    /// The row of the inner tensor that is seen at a row of the outer one.
    fn source(&self, mut row: usize) -> usize {
        let (mut source, mut rows) = (0, 1);
        for axis in (0..self.outer.len().saturating_sub(1)).rev() {
            let index = row % self.outer[axis];
            row /= self.outer[axis];
            source += self.mirror.source(index, self.before[axis], self.inner[axis]) * rows;
            rows *= self.inner[axis];
        }
        source
    }

    /// The last axis: its extents, and what is before it; a scalar is a row of one element.
    fn last(&self) -> Last {
        Last {
            inner: self.inner.last().copied().unwrap_or(1),
            outer: self.outer.last().copied().unwrap_or(1),
            before: self.before.last().copied().unwrap_or(0),
        }
    }

    /// Calls `each` with every row of the outer tensor where the row of the inner one is seen.
    fn images(&self, row: usize, each: &mut impl FnMut(usize)) {
        self.images_of(self.outer.len().saturating_sub(1), row, [0, 1], each);
    }

    /// The axes before `axes` are still to come; those after it chose `row` of `rows`.
    fn images_of(&self, axes: usize, number: usize, [row, rows]: [usize; 2], each: &mut impl FnMut(usize)) {
        let Some(axis) = axes.checked_sub(1) else { return each(row) };
        let (inner, outer) = (self.inner[axis], self.outer[axis]);
        for image in self.mirror.images(number % inner, self.before[axis], inner, outer).into_iter().flatten() {
            self.images_of(axis, number / inner, [row + image * rows, rows * outer], each);
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Last {
    inner: usize,
    outer: usize,
    before: usize,
}

pub(super) fn pad<T: Element>(pool: &Pool, padding: Padding<'_>, input: &[T], output: &mut [T]) {
    let last = padding.last();
    let cost = output.len();
    pool.blocks(output, BLOCK, cost, &|first, block: &mut [T]| {
        let (mut row, mut column, mut rest) = (first / last.outer, first % last.outer, block);
        while !rest.is_empty() {
            let (part, after) = rest.split_at_mut((last.outer - column).min(rest.len()));
            let source = &input[padding.source(row) * last.inner..][..last.inner];
            for (index, element) in part.iter_mut().enumerate() {
                *element = source[padding.mirror.source(column + index, last.before, last.inner)];
            }
            (row, column, rest) = (row + 1, 0, after);
        }
    });
}

pub(super) fn pad_grad<T: Float>(pool: &Pool, padding: Padding<'_>, input: &[T], output: &mut [T]) {
    let last = padding.last();
    let cost = output.len() * 4;
    pool.blocks(output, BLOCK / 4, cost, &|first, block: &mut [T]| {
        let (mut row, mut column, mut rest) = (first / last.inner, first % last.inner, block);
        while !rest.is_empty() {
            let (part, after) = rest.split_at_mut((last.inner - column).min(rest.len()));
            part.fill(T::ZERO);
            padding.images(row, &mut |image| {
                let image = &input[image * last.outer..][..last.outer];
                for (index, element) in part.iter_mut().enumerate() {
                    let places = padding.mirror.images(column + index, last.before, last.inner, last.outer);
                    for place in places.into_iter().flatten() {
                        *element = element.add(image[place]);
                    }
                }
            });
            (row, column, rest) = (row + 1, 0, after);
        }
    });
}
