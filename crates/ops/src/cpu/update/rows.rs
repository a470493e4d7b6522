//! Updates of some rows: each row is updated as if it were a variable by itself.

use std::array;

use super::{
    super::{
        index::Indices,
        number::Number,
        pool::{Fork, Pool},
    },
    begin, update,
};
use crate::{
    Data, Target, Update, View, ViewMut,
    element::{Element, with_number},
};

/// The most targets of an update.
const TARGETS: usize = 4;
/// The most inputs of an update, without indices and order.
const INPUTS: usize = 10;
/// Slices that one thread takes.
const BLOCK: usize = 32;
/// Elements of a row that are summed up and updated at once.
const CHUNK: usize = 1 << 9;

/// `rows` are the indices of the slices and their order.
pub(in super::super) fn update_rows(
    pool: &Pool,
    kind: &Update,
    targets: &mut [Target<'_>],
    inputs: &[View<'_>],
    rows: &[View<'_>],
) {
    let slices = inputs[slices_of(kind)];
    with_number!(slices.data.dtype(), T => {
        keep_old::<T>(pool, targets);
        let (indices, order) = (Indices::new(rows[0]), i64::slice(rows[1].data));
        if slices.data.len() == 0 {
            return;
        }
        let width = slices.data.len() / order.len();
        let step = Step { kind, inputs, slices: T::slice(slices.data), indices, width };
        let mut left = targets.iter_mut();
        let targets = array::from_fn(|_| left.next().map_or(&mut [][..], |target| T::slice_mut(&mut target.next.data)));
        let part = Part { targets, first: 0, order };
        pool.enter(step.slices.len() * 8, |fork| step.divide(fork, part));
    });
}

/// Which input the slices are.
fn slices_of(kind: &Update) -> usize {
    kind.dense_input().expect("the check lets no other update be of rows")
}

/// The rows that stay come from the old values, if those lie elsewhere.
fn keep_old<T: Element>(pool: &Pool, targets: &mut [Target<'_>]) {
    for target in targets {
        let Some(old) = target.from.map(|old| T::slice(old.data)) else { continue };
        let next = T::slice_mut(&mut target.next.data);
        pool.blocks(next, super::BLOCK * 8, old.len() / 2, &|first, block: &mut [T]| begin(block, Some(old), first));
    }
}

/// What is done to each row.
#[derive(Debug)]
struct Step<'a, T> {
    kind: &'a Update,
    inputs: &'a [View<'a>],
    slices: &'a [T],
    indices: Indices<'a>,
    width: usize,
}

/// Rows from `first` on of every target, and in their order the places of the slices that belong to them.
#[derive(Debug)]
struct Part<'a, T> {
    targets: [&'a mut [T]; TARGETS],
    first: usize,
    order: &'a [i64],
}

impl<T: Number> Step<'_, T> {
    fn row(&self, place: i64) -> usize {
        self.indices.at(place as usize)
    }

    /// Divides the work where another row begins.
    fn divide(&self, fork: Fork, part: Part<'_, T>) {
        let Some(middle) = self.middle(part.order) else { return self.each(part) };
        let Part { targets, first, order } = part;
        let (before, after) = order.split_at(middle);
        let row = self.row(after[0]);
        let mut halves = targets.into_iter().map(|rows| match rows.is_empty() {
            true => (&mut [][..], &mut [][..]),
            false => rows.split_at_mut((row - first) * self.width),
        });
        let mut right = array::from_fn(|_| &mut [][..]);
        let left = array::from_fn(|index| {
            let (before, after) = halves.next().expect("there are as many");
            right[index] = after;
            before
        });
        fork.join(
            || self.divide(fork, Part { targets: left, first, order: before }),
            || self.divide(fork, Part { targets: right, first: row, order: after }),
        );
    }

    /// Where the slices of another row begin, about in the middle; `None` if they are few, or of one row.
    fn middle(&self, order: &[i64]) -> Option<usize> {
        if order.len() <= BLOCK {
            return None;
        }
        let begins = |place: &usize| self.row(order[*place - 1]) != self.row(order[*place]);
        let middle = order.len() / 2;
        (middle..order.len()).find(begins).or_else(|| (1..middle).rev().find(begins))
    }

    fn each(&self, mut part: Part<'_, T>) {
        for group in part.order.chunk_by(|one, other| self.row(*one) == self.row(*other)) {
            let start = (self.row(group[0]) - part.first) * self.width;
            for column in (0..self.width).step_by(CHUNK) {
                let length = CHUNK.min(self.width - column);
                let mut rows = part.targets.iter_mut();
                let chunks = array::from_fn(|_| match rows.next() {
                    Some(rows) if !rows.is_empty() => &mut rows[start + column..][..length],
                    _ => &mut [],
                });
                self.sum(group, column, length, |sum| self.update(chunks, sum));
            }
        }
    }

    /// The sum of some columns of the slices.
    fn sum(&self, group: &[i64], column: usize, length: usize, then: impl FnOnce(&[T])) {
        let slice = |place: &i64| &self.slices[*place as usize * self.width + column..][..length];
        let (first, others) = group.split_first().expect("a group is not empty");
        if others.is_empty() {
            return then(slice(first));
        }
        let mut buffer = [T::ZERO; CHUNK];
        let sum = &mut buffer[..length];
        sum.copy_from_slice(slice(first));
        for place in others {
            sum.iter_mut().zip(slice(place)).for_each(|(sum, other)| *sum = sum.add(*other));
        }
        then(sum);
    }

    /// The update of some elements of one row.
    fn update(&self, chunks: [&mut [T]; TARGETS], gradient: &[T]) {
        let shape = [gradient.len()];
        let count = chunks.iter().filter(|chunk| !chunk.is_empty()).count();
        let mut targets =
            chunks.map(|chunk| Target { next: ViewMut { shape: &shape, data: T::data_mut(chunk) }, from: None });
        let mut inputs = [View { shape: &[], data: Data::Bool(&[]) }; INPUTS];
        inputs[..self.inputs.len()].copy_from_slice(self.inputs);
        inputs[slices_of(self.kind)] = View { shape: &shape, data: T::data(gradient) };
        update(&Pool::Caller, self.kind, &mut targets[..count], &inputs[..self.inputs.len()]);
    }
}
