//! The innermost loop: a small tile of the product, held in registers over the whole depth.

use crate::cpu::{lanes::Lanes, number::Float};

/// The most vectors side by side that a kernel takes.
pub(super) const MAX_VECTORS: usize = 3;

/// Where a kernel finds the elements of its rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rows<T> {
    /// Side by side for each step of the depth: row `r` at depth `p` of a panel of `h` rows lies at `p * h + r`.
    Packed(*const T),
    /// Row `r` at depth `p` lies at `r * stride + p`.
    Direct(*const T, usize),
}

impl<T> Rows<T> {
    /// The rows from this one on, which is at a panel's beginning.
    ///
    /// # Safety
    /// The row exists; packed, `depth` elements lie before it for each row.
    #[inline(always)]
    #[allow(unsafe_code, reason = "panels are found by pointers")]
    pub(super) unsafe fn from(self, row: usize, depth: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Rows::Packed(elements) => Rows::Packed(elements.add(row * depth)),
                Rows::Direct(elements, stride) => Rows::Direct(elements.add(row * stride), stride),
            }
        }
    }
}

/// The vectors of a strip: the one of depth `p` begins at `p * stride`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strip<T> {
    pub(super) elements: *const T,
    pub(super) stride: usize,
}

/// Where a tile is written: row `r` begins at `r * stride`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile<T> {
    pub(super) elements: *mut T,
    pub(super) stride: usize,
    /// Whether the product is added to what is there.
    pub(super) adds: bool,
}

/// The product of `HEIGHT` rows and `VECTORS` columns of vectors over the depth.
///
/// Each element is summed up in the order of the depth, by fused multiply-adds from zero.
///
/// # Safety
/// Rows, strip and tile have these extents; the processor has the instructions of `V`.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
unsafe fn kernel<T: Float, V: Lanes<T>, const HEIGHT: usize, const VECTORS: usize>(
    depth: usize,
    rows: Rows<T>,
    strip: Strip<T>,
    tile: Tile<T>,
) {
    let mut sums = [[V::splat(T::ZERO); VECTORS]; HEIGHT];
    // SAFETY: the caller's promise.
    unsafe {
        match rows {
            Rows::Packed(elements) => {
                for step in 0..depth {
                    let row = |row: usize| *elements.add(step * HEIGHT + row);
                    multiply::<T, V, HEIGHT, VECTORS>(&mut sums, row, strip.elements.add(step * strip.stride));
                }
            }
            Rows::Direct(elements, stride) => {
                let mut starts = [elements; HEIGHT];
                for (row, start) in starts.iter_mut().enumerate() {
                    *start = elements.add(row * stride);
                }
                for step in 0..depth {
                    let row = |row: usize| *starts[row].add(step);
                    multiply::<T, V, HEIGHT, VECTORS>(&mut sums, row, strip.elements.add(step * strip.stride));
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (vector, sum) in sums.iter().enumerate() {
                let place = tile.elements.add(row * tile.stride + vector * V::COUNT);
                let sum = if tile.adds { V::load(place).add(*sum) } else { *sum };
                sum.store(place);
            }
        }
    }
}

#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
unsafe fn multiply<T: Float, V: Lanes<T>, const HEIGHT: usize, const VECTORS: usize>(
    sums: &mut [[V; VECTORS]; HEIGHT],
    row: impl Fn(usize) -> T,
    strip: *const T,
) {
    // SAFETY: the caller of the kernel promises that a strip has its vectors.
    let mut vectors = [V::splat(T::ZERO); VECTORS];
    for (index, vector) in vectors.iter_mut().enumerate() {
        *vector = unsafe { V::load(strip.add(index * V::COUNT)) };
    }
    for (index, sums) in sums.iter_mut().enumerate() {
        let element = V::splat(row(index));
        for (sum, vector) in sums.iter_mut().zip(vectors) {
            *sum = sum.multiply_add(element, vector);
        }
    }
}

/// The height of the panel that follows when this many rows remain.
#[inline(always)]
pub(super) fn height(remaining: usize, most: usize) -> usize {
    [12, 8, 6, 4, 2].into_iter().find(|height| *height <= most && *height <= remaining).unwrap_or(1)
}

/// The product of a panel of `height` rows and a strip of `vectors`.
///
/// # Safety
/// As the kernel's; the height is one that [`height`] gives.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers")]
pub(super) unsafe fn panel<T: Float, V: Lanes<T>>(
    height: usize,
    vectors: usize,
    depth: usize,
    rows: Rows<T>,
    strip: Strip<T>,
    tile: Tile<T>,
) {
    macro_rules! choose {
        ($($height:literal $vectors:literal),*) => {
            match (height, vectors) {
                // SAFETY: the caller's promise.
                $(($height, $vectors) if const { $height <= V::ROWS[$vectors] } => unsafe { kernel::<T, V, $height, $vectors>(depth, rows, strip, tile) },)*
                _ => unreachable!("panels are 12, 8, 6, 4, 2 or 1 high and 1 to 3 vectors wide"),
            }
        };
    }
    choose!(12 1, 8 1, 6 1, 4 1, 2 1, 1 1, 12 2, 8 2, 6 2, 4 2, 2 2, 1 2, 8 3, 6 3, 4 3, 2 3, 1 3);
}
