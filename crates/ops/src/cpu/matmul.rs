//! The matrix product: the output is cut into tiles by its shape alone, each one a single-threaded call of `gemm`.

use std::ops::Range;

use gemm::Parallelism;

use super::{
    number::Float,
    pool::{Fork, Pool},
};
use crate::{
    View, ViewMut,
    element::{Element, with_float},
};

/// Rows and columns of a tile: small enough that a layer's product makes work for several threads,
/// large enough that packing the operands once a tile costs little.
const TILE: [usize; 2] = [128, 128];

/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 16;

pub(super) fn matmul(
    pool: &Pool,
    transpose_a: bool,
    transpose_b: bool,
    a: View<'_>,
    b: View<'_>,
    output: &mut ViewMut<'_>,
) {
    let (rows, columns) = (output.shape[0], output.shape[1]);
    let depth = a.shape[usize::from(!transpose_a)];
    with_float!(a.data.dtype(), T => {
        let product = Product {
            left: Operand::<T>::new(T::slice(a.data), [rows, depth], transpose_a),
            right: Operand::<T>::new(T::slice(b.data), [depth, columns], transpose_b),
            output: Output(T::slice_mut(&mut output.data).as_mut_ptr()),
            rows,
            depth,
            columns,
        };
        let cost = rows * columns * depth.max(1) / PER_OPERATION;
        let (down, across) = (rows.div_ceil(TILE[0]), columns.div_ceil(TILE[1]));
        match down * across {
            0 => {}
            1 => product.tile(0, 0),
            tiles => pool.enter(cost, |fork| product.tiles(across, 0..tiles, fork)),
        }
    });
}

/// A matrix, read from the elements in either order.
#[derive(Clone, Copy, Debug)]
struct Operand<'a, T> {
    values: &'a [T],
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Operand<'a, T> {
    fn new(values: &'a [T], [rows, columns]: [usize; 2], transposed: bool) -> Operand<'a, T> {
        let (row_stride, column_stride) = if transposed { (1, rows) } else { (columns, 1) };
        Operand { values, row_stride, column_stride }
    }
}

/// Where the tiles are written.
#[derive(Clone, Copy, Debug)]
struct Output<T>(*mut T);

#[allow(unsafe_code, reason = "threads write to tiles of one buffer that are not slices of it")]
// SAFETY: the pointer comes from a mutable borrow that outlives the product, and every tile is written by one thread.
unsafe impl<T: Send> Sync for Output<T> {}

/// One product, ready to be computed tile by tile.
#[derive(Debug)]
struct Product<'a, T> {
    left: Operand<'a, T>,
    right: Operand<'a, T>,
    output: Output<T>,
    rows: usize,
    depth: usize,
    columns: usize,
}

impl<T: Float> Product<'_, T> {
    /// Computes the tiles of these numbers; they are counted along the rows of the output, `across` a row.
    fn tiles(&self, across: usize, numbers: Range<usize>, fork: Fork) {
        if numbers.len() == 1 {
            return self.tile(numbers.start / across * TILE[0], numbers.start % across * TILE[1]);
        }
        let half = numbers.start + numbers.len() / 2;
        fork.join(|| self.tiles(across, numbers.start..half, fork), || self.tiles(across, half..numbers.end, fork));
    }

    /// Computes the tile that begins at this row and column.
    #[allow(unsafe_code, reason = "the crate gemm takes pointers and strides")]
    fn tile(&self, row: usize, column: usize) {
        let (rows, columns) = (TILE[0].min(self.rows - row), TILE[1].min(self.columns - column));
        let (left, right) = (self.left, self.right);
        // SAFETY: the check has compared the shapes with the lengths, so rows `row..row + rows` of the left operand,
        // columns `column..column + columns` of the right one, and the tile where they meet lie in their buffers, with
        // these strides; no other tile overlaps it, and the output is borrowed mutably, so it overlaps neither operand.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                self.depth,
                self.output.0.add(row * self.columns + column),
                1,
                self.columns as isize,
                false,
                left.values.as_ptr().add(row * left.row_stride),
                left.column_stride as isize,
                left.row_stride as isize,
                right.values.as_ptr().add(column * right.column_stride),
                right.column_stride as isize,
                right.row_stride as isize,
                T::ZERO,
                T::ONE,
                false,
                false,
                false,
                Parallelism::None,
            );
        }
    }
}
