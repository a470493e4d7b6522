//! The matrix product of two tensors: which operand is read in vectors.

use super::{
    epilogue::{End, Ending},
    gemm::{DEPTH, Matrix, Output, Product},
    isa::Registers,
    pool::{Fork, Pool},
};
use crate::{
    Epilogue, View, ViewMut,
    element::{Element, with_float},
};

/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 16;
/// Up to so many columns, the lines of the output lie near each other.
const NEAR: usize = 64;

/// The inputs are the two matrices, and the bias if the epilogue has one.
pub(super) fn matmul(
    pool: &Pool,
    transpose: [bool; 2],
    epilogue: Epilogue,
    inputs: &[View<'_>],
    output: &mut ViewMut<'_>,
) {
    let (rows, columns) = (output.shape[0], output.shape[1]);
    let depth = inputs[0].shape[usize::from(!transpose[0])];
    with_float!(output.data.as_data().dtype(), T => {
        let ending = Ending::<T>::new(epilogue, inputs.get(2).copied());
        let (a, b, output) = (T::slice(inputs[0].data), T::slice(inputs[1].data), T::slice_mut(&mut output.data));
        let cost = rows * columns * (depth.max(1) / PER_OPERATION + ending.weight());
        pool.enter(cost, |fork| product(fork, transpose, a, b, [rows, depth, columns], ending, output));
    });
}

/// The product of two matrices given by their elements, `[rows, depth]` and `[depth, columns]` or their transposes.
pub(super) fn product<T: Registers>(
    fork: Fork,
    [transpose_a, transpose_b]: [bool; 2],
    a: &[T],
    b: &[T],
    [rows, depth, columns]: [usize; 3],
    ending: impl End<T>,
    output: &mut [T],
) {
    let stride = |straight: usize, turned: usize, transpose: bool| if transpose { turned } else { straight };
    let a = Matrix { values: a, stride: stride(depth, rows, transpose_a), lines_are_steps: transpose_a };
    let b = Matrix { values: b, stride: stride(columns, depth, transpose_b), lines_are_steps: !transpose_b };
    if turns(rows, depth, columns, transpose_a, transpose_b) {
        let output = Output::columns(output, columns);
        Product { rows: columns, depth, columns: rows, left: &b, right: &a, ending, output }.compute(fork);
    } else {
        let output = Output::rows(output, columns);
        Product { rows, depth, columns, left: &a, right: &b, ending, output }.compute(fork);
    }
}

/// Whether to compute the transpose of the product, the first operand being read in vectors: no bit changes, only the time.
fn turns(rows: usize, depth: usize, columns: usize, transpose_a: bool, transpose_b: bool) -> bool {
    let straight = Work { rows, depth, columns, packs_left: transpose_a, transposes_right: transpose_b };
    let turned = Work { rows: columns, depth, columns: rows, packs_left: !transpose_b, transposes_right: !transpose_a };
    // The columns of a tile lie `columns` apart: far apart they fall into the same few sets of the cache, and a write
    // takes as long as four moves.
    let written = if columns <= NEAR { 2 } else { 16 };
    turned.time() + written * rows * columns * depth.div_ceil(DEPTH) < straight.time()
}

/// What a product takes to compute.
struct Work {
    rows: usize,
    depth: usize,
    columns: usize,
    packs_left: bool,
    transposes_right: bool,
}

impl Work {
    /// About how long it takes, in quarters of the time of a move of one element.
    fn time(&self) -> usize {
        let multiplied = self.rows * self.columns.next_multiple_of(16) * self.depth / 8;
        let packed = usize::from(self.packs_left) * self.rows * self.depth;
        let strips = self.columns * self.depth * if self.transposes_right { 4 } else { 1 };
        multiplied + packed + strips
    }
}
