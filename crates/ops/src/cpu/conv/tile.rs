//! The innermost loops: a small tile of sums, held in registers while products are added up.

use crate::cpu::{lanes::Lanes, number::Float};

/// What a tile's rows run through: `outer * inner` stretches of `length` elements side by side.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretches {
    pub(super) outer: usize,
    pub(super) outer_step: usize,
    pub(super) inner: usize,
    pub(super) inner_step: usize,
    pub(super) length: usize,
}

/// How the sums are stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Store {
    /// How many columns there are; a tile may be wider.
    pub(super) columns: usize,
    /// Whether the sums are added to what is there.
    pub(super) adds: bool,
}

/// Each row, running through its stretches, times the strip, whose vectors follow each other.
///
/// # Safety
/// Every row reaches through the stretches, the strip is as deep, and a place has as many elements as there are columns;
/// the processor has the instructions of `V`.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
unsafe fn across<T: Float, V: Lanes<T>, const ROWS: usize, const VECTORS: usize>(
    starts: &[*const T],
    stretches: Stretches,
    strip: *const T,
    places: &[*mut T],
    store: Store,
) {
    let mut sums = [[V::splat(T::ZERO); VECTORS]; ROWS];
    let mut strip = strip;
    // SAFETY: the caller's promise.
    unsafe {
        let starts: [*const T; ROWS] = std::array::from_fn(|row| *starts.get_unchecked(row));
        for outer in 0..stretches.outer {
            for inner in 0..stretches.inner {
                let offset = outer * stretches.outer_step + inner * stretches.inner_step;
                let starts = starts.map(|start| start.add(offset));
                for place in 0..stretches.length {
                    multiply::<T, V, ROWS, VECTORS>(&mut sums, |row| *starts[row].add(place), strip);
                    strip = strip.add(VECTORS * V::COUNT);
                }
            }
        }
        write(&sums, |row| *places.get_unchecked(row), store);
    }
}

/// What rows that lie side by side and vectors meet at each of a grid of places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) down: usize,
    pub(super) across: usize,
    /// How far the rows are from one line of the grid to the next, and from one place to the next.
    pub(super) row_steps: [usize; 2],
    /// The same of the vectors, which follow each other within a line.
    pub(super) vector_step: usize,
}

/// Rows `r` at `rows + r` times the vectors, summed over the places of a grid.
///
/// # Safety
/// The pointers reach as far as the grid says, and row `r` of the sums, at `to + r * step`, has as many elements as there
/// are columns; the processor has the instructions of `V`.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
unsafe fn over<T: Float, V: Lanes<T>, const ROWS: usize, const VECTORS: usize>(
    rows: *const T,
    vectors: *const T,
    grid: Grid,
    to: *mut T,
    step: usize,
    store: Store,
) {
    let mut sums = [[V::splat(T::ZERO); VECTORS]; ROWS];
    let mut vectors = vectors;
    // SAFETY: the caller's promise.
    unsafe {
        for line in 0..grid.down {
            let mut rows = rows.add(line * grid.row_steps[0]);
            for _ in 0..grid.across {
                multiply::<T, V, ROWS, VECTORS>(&mut sums, |row| *rows.add(row), vectors);
                rows = rows.wrapping_add(grid.row_steps[1]);
                vectors = vectors.wrapping_add(grid.vector_step);
            }
        }
        write(&sums, |row| to.add(row * step), store);
    }
}

#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
unsafe fn multiply<T: Float, V: Lanes<T>, const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; ROWS],
    row: impl Fn(usize) -> T,
    strip: *const T,
) {
    // SAFETY: the caller promises that a strip has its vectors.
    let vectors: [V; VECTORS] = std::array::from_fn(|vector| unsafe { V::load(strip.add(vector * V::COUNT)) });
    for (index, sums) in sums.iter_mut().enumerate() {
        let element = V::splat(row(index));
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = sum.multiply_add(element, vector);
        }
    }
}

/// Writes the sums; a row that is narrower than the tile goes through a buffer.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are stored at pointers")]
unsafe fn write<T: Float, V: Lanes<T>, const ROWS: usize, const VECTORS: usize>(
    sums: &[[V; VECTORS]; ROWS],
    place: impl Fn(usize) -> *mut T,
    store: Store,
) {
    // SAFETY: the caller's promise; the buffer holds the widest row there is.
    unsafe {
        if store.columns == VECTORS * V::COUNT {
            for (row, sums) in sums.iter().enumerate() {
                for (vector, sum) in sums.iter().enumerate() {
                    let place = place(row).add(vector * V::COUNT);
                    let sum = if store.adds { V::load(place).add(*sum) } else { *sum };
                    sum.store(place);
                }
            }
            return;
        }
        let mut buffer = [T::ZERO; 64];
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                sum.store(buffer.as_mut_ptr().add(vector * V::COUNT));
            }
            for (column, sum) in buffer[..store.columns].iter().enumerate() {
                let place = place(row).add(column);
                *place = if store.adds { (*place).add(*sum) } else { *sum };
            }
        }
    }
}

/// How many rows the next tile takes of those that remain.
#[inline(always)]
pub(super) fn height(remaining: usize, most: usize) -> usize {
    [12, 8, 6, 4, 2].into_iter().find(|height| *height <= most && *height <= remaining).unwrap_or(1)
}

/// How many vectors the next strip takes of those that remain: strips are evenly wide.
#[inline(always)]
pub(super) fn width<T, V: Lanes<T>>(remaining: usize) -> usize {
    remaining.div_ceil(remaining.div_ceil(V::VECTORS))
}

macro_rules! choose {
    (call $function:ident, $t:ty, $v:ty, $height:literal, $width:literal, ($($argument:expr),*)) => {
        $function::<$t, $v, $height, $width>($($argument),*)
    };
    (of $rows:ident, $vectors:ident, $function:ident, $t:ty, $v:ty, $arguments:tt, $($height:literal $width:literal),*) => {
        match ($rows, $vectors) {
            $(($height, $width) if const { $height <= <$v as Lanes<$t>>::ROWS[$width] } => {
                choose!(call $function, $t, $v, $height, $width, $arguments)
            })*
            _ => unreachable!("a tile is as high and wide as the registers allow"),
        }
    };
    ($rows:ident, $vectors:ident, $function:ident, $t:ty, $v:ty, $arguments:tt) => {
        choose!(of $rows, $vectors, $function, $t, $v, $arguments,
            12 1, 8 1, 6 1, 4 1, 2 1, 1 1, 12 2, 8 2, 6 2, 4 2, 2 2, 1 2, 8 3, 6 3, 4 3, 2 3, 1 3, 6 4, 4 4, 2 4, 1 4)
    };
}

/// [`across`] for so many rows, of which [`height`] tells the number, and vectors.
///
/// # Safety
/// As there.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
pub(super) unsafe fn rows_across<T: Float, V: Lanes<T>>(
    rows: usize,
    vectors: usize,
    starts: &[*const T],
    stretches: Stretches,
    strip: *const T,
    places: &[*mut T],
    store: Store,
) {
    // SAFETY: the caller's promise.
    unsafe { choose!(rows, vectors, across, T, V, (starts, stretches, strip, places, store)) }
}

/// [`over`] for so many rows, of which [`height`] tells the number, and vectors.
///
/// # Safety
/// As there.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
#[allow(clippy::too_many_arguments, reason = "the innermost loop takes pointers, not structures of them")]
pub(super) unsafe fn rows_over<T: Float, V: Lanes<T>>(
    rows: usize,
    vectors: usize,
    from: *const T,
    strip: *const T,
    grid: Grid,
    to: *mut T,
    step: usize,
    store: Store,
) {
    // SAFETY: the caller's promise.
    unsafe { choose!(rows, vectors, over, T, V, (from, strip, grid, to, step, store)) }
}
