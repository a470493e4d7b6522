//! Matrix products for each of a batch: cut by batch, and each product as the single one is.

use super::{
    epilogue::Unchanged,
    isa::Registers,
    matmul::product,
    pool::{Pool, Rows},
};
use crate::{
    View, ViewMut,
    element::{Element, with_float},
    shape::{elements, from_the_end},
};

/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 16;

/// Elementary operations of a block of products.
const BLOCK: usize = 1 << 14;

pub(super) fn batch_matmul(pool: &Pool, transpose: [bool; 2], a: View<'_>, b: View<'_>, output: &mut ViewMut<'_>) {
    with_float!(a.data.dtype(), T => {
        let (a, b) = (Batch::<T>::new(a), Batch::<T>::new(b));
        let (batch, matrix) = output.shape.split_at(output.shape.len() - 2);
        each(pool, transpose, [a, b], batch, [matrix[0], matrix[1]], T::slice_mut(&mut output.data));
    });
}

fn each<T: Registers>(
    pool: &Pool,
    transpose: [bool; 2],
    [a, b]: [Batch<'_, T>; 2],
    batch: &[usize],
    [rows, columns]: [usize; 2],
    output: &mut [T],
) {
    if output.is_empty() {
        return;
    }
    let depth = a.matrix[usize::from(!transpose[0])];
    let one = (rows * columns * depth.max(1) / PER_OPERATION).max(1);
    let products = output.len() / (rows * columns);
    pool.enter(one.saturating_mul(products), |fork| {
        let outputs = Rows { values: output, width: rows * columns };
        fork.blocks(outputs, (BLOCK / one).max(1), &|first, block: Rows<'_, T>| {
            for (index, output) in block.values.chunks_exact_mut(rows * columns).enumerate() {
                let (a, b) = (a.at(batch, first + index), b.at(batch, first + index));
                product(fork, transpose, a, b, [rows, depth, columns], Unchanged, output);
            }
        });
    });
}

/// Matrices one after the other, some of which several products share.
#[derive(Clone, Copy, Debug)]
struct Batch<'a, T> {
    values: &'a [T],
    batch: &'a [usize],
    matrix: [usize; 2],
}

impl<'a, T: Element> Batch<'a, T> {
    fn new(view: View<'a>) -> Batch<'a, T> {
        let (batch, matrix) = view.shape.split_at(view.shape.len() - 2);
        Batch { values: T::slice(view.data), batch, matrix: [matrix[0], matrix[1]] }
    }

    /// The matrix of product `number` of a batch that this one broadcasts to.
    fn at(&self, batch: &[usize], mut number: usize) -> &'a [T] {
        let (mut place, mut stride) = (0, 1);
        for axis in 0..batch.len() {
            let own = from_the_end(self.batch, axis);
            let extent = from_the_end(batch, axis);
            place += number % extent % own * stride;
            number /= extent;
            stride *= own;
        }
        let size = elements(&self.matrix).unwrap_or(0);
        &self.values[place * size..(place + 1) * size]
    }
}
