//! The matrix product: packed operands, tiles held in registers, the same bits on every instruction set.
//!
//! The scheme is that of Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): strips of the
//! right operand are packed for the first-level cache, panels of the left one for the second level.

mod kernel;
mod operand;
mod workspace;

#[cfg(test)]
mod tests;

use std::{ops::Range, slice};

use self::kernel::{MAX_VECTORS, Rows, Strip, Tile, height};
pub(super) use self::operand::{Left, Matrix, Right};
use super::{
    epilogue::End,
    isa::{Instructions, Registers, Work},
    lanes::Lanes,
    pool::Fork,
};

/// Steps of the depth that are summed up in registers before they are added to the output; part of what the bits depend on.
pub(super) const DEPTH: usize = 256;
/// Rows whose panels are packed at once, for the second-level cache.
const ROWS: usize = 256;
/// Up to so many columns the left operand is read where it lies.
const UNPACKED: usize = 64;
/// Elements of the largest tile.
const TILE: usize = 12 * 2 * 16;
/// Elements of a packed strip.
const STRIP: usize = DEPTH * MAX_VECTORS * 16;
/// Multiply-adds that are worth a task of their own.
const TASK: usize = 1 << 19;

/// Reserves what this thread needs to take part in any product.
pub(super) fn reserve() {
    workspace::reserve(STRIP + DEPTH * ROWS);
}

/// What is computed: `output[row * row_stride + column * column_stride]`, one of the strides being 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Product<'a, T, L, R, E> {
    pub(super) rows: usize,
    pub(super) depth: usize,
    pub(super) columns: usize,
    pub(super) left: &'a L,
    pub(super) right: &'a R,
    /// What becomes of the sums once the whole depth is summed up, line by line as they lie in memory.
    pub(super) ending: E,
    pub(super) output: Output<T>,
}

/// Where the product is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output<T> {
    elements: *mut T,
    row_stride: usize,
    column_stride: usize,
    /// Whether columns are the lines; of one column the strides do not tell.
    is_transpose: bool,
}

#[allow(unsafe_code, reason = "threads write to tiles of one buffer that are not slices of it")]
// SAFETY: the pointer comes from a mutable borrow that outlives the product, and every tile is written by one thread.
unsafe impl<T: Send> Sync for Output<T> {}
#[allow(unsafe_code, reason = "threads write to tiles of one buffer that are not slices of it")]
// SAFETY: as above.
unsafe impl<T: Send> Send for Output<T> {}

impl<T> Output<T> {
    /// A row-major matrix of so many columns.
    pub(super) fn rows(values: &mut [T], columns: usize) -> Output<T> {
        Output { elements: values.as_mut_ptr(), row_stride: columns, column_stride: 1, is_transpose: false }
    }

    /// The transpose of a row-major matrix: its rows lie `1` apart, its columns `rows`.
    pub(super) fn columns(values: &mut [T], rows: usize) -> Output<T> {
        Output { elements: values.as_mut_ptr(), row_stride: 1, column_stride: rows, is_transpose: true }
    }

    /// A matrix whose rows lie `stride` apart in a larger buffer.
    ///
    /// # Safety
    /// While the product is computed, its elements can be written there, and nobody else reads or writes them.
    #[allow(unsafe_code, reason = "the rows of a part of a tensor are not one slice")]
    pub(super) unsafe fn strided(elements: *mut T, stride: usize) -> Output<T> {
        Output { elements, row_stride: stride, column_stride: 1, is_transpose: false }
    }

    #[allow(unsafe_code, reason = "tiles of one buffer are not slices of it")]
    unsafe fn at(&self, row: usize, column: usize) -> *mut T {
        // SAFETY: the caller's promise that the element is within the output.
        unsafe { self.elements.add(row * self.row_stride + column * self.column_stride) }
    }
}

impl<T: Registers, L: Left<T>, R: Right<T>, E: End<T>> Product<'_, T, L, R, E> {
    /// Computes the whole product; the threads share it in blocks, which change no bit.
    pub(super) fn compute(&self, fork: Fork) {
        self.compute_by(Instructions::of_this_processor(), fork);
    }

    fn compute_by(&self, instructions: Instructions, fork: Fork) {
        if self.rows == 0 || self.columns == 0 {
            return;
        }
        let [down, across] = self.blocks(fork.threads());
        self.share(
            instructions,
            fork,
            across,
            [self.rows.div_ceil(down), self.columns.div_ceil(across)],
            0..down * across,
        );
    }

    /// How many blocks the output is cut into, along each axis.
    fn blocks(&self, threads: usize) -> [usize; 2] {
        let down = self.rows.div_ceil(ROWS);
        if threads == 1 {
            return [down, 1];
        }
        let tasks = (self.rows * self.columns * self.depth / TASK).clamp(1, 2 * threads);
        let across = tasks.div_ceil(down).min(self.columns.div_ceil(2 * MAX_VECTORS * 16));
        let down = down.max(tasks.div_ceil(across)).min(self.rows.div_ceil(8));
        [down, across]
    }

    /// Computes the blocks of these numbers, counted along the rows of the output, `across` a row.
    fn share(&self, instructions: Instructions, fork: Fork, across: usize, size: [usize; 2], blocks: Range<usize>) {
        if blocks.len() > 1 {
            let half = blocks.start + blocks.len() / 2;
            fork.join(
                || self.share(instructions, fork, across, size, blocks.start..half),
                || self.share(instructions, fork, across, size, half..blocks.end),
            );
            return;
        }
        // Blocks begin at whole panels and vectors.
        let part = |index: usize, size: usize, unit: usize, all: usize| {
            let size = size.next_multiple_of(unit);
            (index * size).min(all)..((index + 1) * size).min(all)
        };
        let rows = part(blocks.start / across, size[0], 8, self.rows);
        let columns = part(blocks.start % across, size[1], 16, self.columns);
        self.block_by(instructions, rows, columns);
    }

    fn block_by(&self, instructions: Instructions, rows: Range<usize>, columns: Range<usize>) {
        if rows.is_empty() || columns.is_empty() {
            return;
        }
        let panels = if self.reads_left(&columns) { 0 } else { DEPTH.min(self.depth) * rows.len() };
        workspace::with(STRIP + panels, |space| {
            instructions.run(Block { product: self, rows, columns, space: space.split_at_mut(STRIP) });
        });
    }

    /// Computes a block with room for a packed strip and for packed panels.
    ///
    /// All that it calls is inlined, so that it is compiled for the caller's instructions.
    #[inline(always)]
    fn block<V: Lanes<T>>(&self, rows: Range<usize>, columns: Range<usize>, (strip, panels): (&mut [T], &mut [T])) {
        for first in (0..self.depth.max(1)).step_by(DEPTH) {
            let depth = first..self.depth.min(first + DEPTH);
            self.slice::<V>(rows.clone(), depth, columns.clone(), strip, panels);
        }
    }

    /// Whether the left operand is read where it lies: for few columns, packing it does not pay.
    fn reads_left(&self, columns: &Range<usize>) -> bool {
        columns.len() <= UNPACKED && self.left.direct().is_some()
    }

    /// Adds the product over a part of the depth.
    #[inline(always)]
    fn slice<V: Lanes<T>>(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        columns: Range<usize>,
        strip: &mut [T],
        panels: &mut [T],
    ) {
        let reads_left = self.reads_left(&columns);
        let mut packed = 0;
        let mut column = columns.start;
        while column < columns.end {
            let vectors = vectors_of_strip((columns.end - column).div_ceil(V::COUNT), widest::<T, V>());
            let columns = column..columns.end.min(column + vectors * V::COUNT);
            let most = V::ROWS[vectors];
            if packed != most && !reads_left {
                self.pack_panels(rows.clone(), depth.clone(), most, panels);
                packed = most;
            }
            let panels = if reads_left { None } else { Some(&*panels) };
            self.strip::<V>(rows.clone(), depth.clone(), columns.clone(), vectors, strip, panels);
            column = columns.end;
        }
    }

    #[inline(always)]
    fn pack_panels(&self, rows: Range<usize>, depth: Range<usize>, most: usize, panels: &mut [T]) {
        let mut row = rows.start;
        while row < rows.end {
            let height = height(rows.end - row, most);
            let place = (row - rows.start) * depth.len();
            self.left.pack(row..row + height, depth.clone(), &mut panels[place..place + height * depth.len()]);
            row += height;
        }
    }

    /// Multiplies all rows by one strip of columns.
    #[inline(always)]
    #[allow(unsafe_code, reason = "kernels take pointers")]
    fn strip<V: Lanes<T>>(
        &self,
        rows: Range<usize>,
        depth: Range<usize>,
        columns: Range<usize>,
        vectors: usize,
        space: &mut [T],
        panels: Option<&[T]>,
    ) {
        let (width, most) = (vectors * V::COUNT, V::ROWS[vectors]);
        let strip = match self.right.direct() {
            Some((values, stride)) if rows.len() <= 2 * most && columns.len() == width && !depth.is_empty() => {
                let values = &values[depth.start * stride + columns.start..];
                assert!(
                    depth.is_empty() || values.len() >= (depth.len() - 1) * stride + width,
                    "a strip lies in its matrix"
                );
                Strip { elements: values.as_ptr(), stride }
            }
            _ => {
                let space = &mut space[..depth.len() * width];
                self.right.pack(depth.clone(), columns.clone(), width, space);
                Strip { elements: space.as_ptr(), stride: width }
            }
        };
        let left = match (panels, self.left.direct()) {
            (None, Some((values, stride))) if !depth.is_empty() => {
                let last = (rows.end - 1) * stride + depth.end;
                assert!(values.len() >= last, "rows lie in their matrix");
                Rows::Direct(values[rows.start * stride + depth.start..].as_ptr(), stride)
            }
            (panels, _) => Rows::Packed(panels.unwrap_or_default().as_ptr()),
        };
        let adds = depth.start > 0;
        let whole = columns.len() == width && self.output.column_stride == 1;
        let mut buffer = [T::ZERO; TILE];
        let mut row = rows.start;
        while row < rows.end {
            let height = height(rows.end - row, most);
            // SAFETY: rows and columns are within the output, whose tiles no two blocks share; operands were looked at
            // above, and the buffer holds the largest tile.
            unsafe {
                let left = left.from(row - rows.start, depth.len());
                if whole {
                    let tile =
                        Tile { elements: self.output.at(row, columns.start), stride: self.output.row_stride, adds };
                    kernel::panel::<T, V>(height, vectors, depth.len(), left, strip, tile);
                } else {
                    let tile = Tile { elements: buffer.as_mut_ptr(), stride: width, adds: false };
                    kernel::panel::<T, V>(height, vectors, depth.len(), left, strip, tile);
                    self.put(row, columns.clone(), buffer[..height * width].chunks_exact(width), adds);
                }
                if depth.end == self.depth {
                    self.end(row..row + height, columns.clone());
                }
            }
            row += height;
        }
    }

    /// Ends the sums of a tile, line by line as they lie in the output.
    ///
    /// # Safety
    /// The tile is within the output and written, and nobody else reads or writes it.
    #[inline(always)]
    #[allow(unsafe_code, reason = "tiles of one buffer are not slices of it")]
    unsafe fn end(&self, rows: Range<usize>, columns: Range<usize>) {
        let is_transpose = self.output.is_transpose;
        let (lines, line) = if is_transpose { (columns, rows) } else { (rows, columns) };
        for index in lines {
            let (row, column) = if is_transpose { (line.start, index) } else { (index, line.start) };
            // SAFETY: the caller's promise; a line's elements lie side by side.
            let sums = unsafe { slice::from_raw_parts_mut(self.output.at(row, column), line.len()) };
            self.ending.end(line.start, sums);
        }
    }

    /// Writes or adds a tile from a buffer.
    ///
    /// # Safety
    /// The tile is within the output, and nobody else writes it.
    #[inline(always)]
    #[allow(unsafe_code, reason = "tiles of one buffer are not slices of it")]
    unsafe fn put<'b>(&self, row: usize, columns: Range<usize>, tile: impl Iterator<Item = &'b [T]>, adds: bool)
    where
        T: 'b,
    {
        for (index, sums) in tile.enumerate() {
            for (column, sum) in columns.clone().zip(sums) {
                // SAFETY: the caller's promise.
                unsafe {
                    let place = self.output.at(row + index, column);
                    *place = if adds { (*place).add(*sum) } else { *sum };
                }
            }
        }
    }
}

/// A block of a product, with room for a packed strip and for packed panels.
struct Block<'a, 'b, T, L, R, E> {
    product: &'a Product<'b, T, L, R, E>,
    rows: Range<usize>,
    columns: Range<usize>,
    space: (&'a mut [T], &'a mut [T]),
}

impl<T: Registers, L: Left<T>, R: Right<T>, E: End<T>> Work<T> for Block<'_, '_, T, L, R, E> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        self.product.block::<V>(self.rows, self.columns, self.space);
    }
}

/// How many vectors the next strip takes of those that remain: strips are evenly wide.
#[inline(always)]
fn vectors_of_strip(remaining: usize, most: usize) -> usize {
    remaining.div_ceil(remaining.div_ceil(most))
}

/// The most vectors of a strip.
#[inline(always)]
fn widest<T, V: Lanes<T>>() -> usize {
    V::VECTORS.min(MAX_VECTORS)
}
