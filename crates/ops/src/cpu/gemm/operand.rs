//! The operands of a product: matrices as they lie in memory, or whatever can be packed like them.

use std::ops::Range;

use crate::cpu::{isa::Registers, number::Float};

/// The left operand, whose elements are multiplied by vectors of the right one.
pub(in crate::cpu) trait Left<T>: Sync {
    /// Copies rows, as many as a panel is high, side by side for each step of the depth: `into[step * height + row]`.
    fn pack(&self, rows: Range<usize>, depth: Range<usize>, into: &mut [T]);

    /// The elements, if row `r` at depth `p` lies at `r * stride + p`; then nothing is packed.
    fn direct(&self) -> Option<(&[T], usize)> {
        None
    }
}

/// The right operand, which is read in vectors of neighbouring columns.
pub(in crate::cpu) trait Right<T>: Sync {
    /// Copies columns side by side for each step of the depth: `into[step * width + column]`.
    ///
    /// There may be fewer columns than `width`; what lies behind them is not looked at.
    fn pack(&self, depth: Range<usize>, columns: Range<usize>, width: usize, into: &mut [T]);

    /// The elements, if depth `p` of column `c` lies at `p * stride + c`.
    fn direct(&self) -> Option<(&[T], usize)> {
        None
    }
}

/// A matrix of which one axis lies side by side.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Matrix<'a, T> {
    pub(in crate::cpu) values: &'a [T],
    /// Where the next line begins.
    pub(in crate::cpu) stride: usize,
    /// Whether a line is a step of the depth, else it holds the whole depth.
    pub(in crate::cpu) lines_are_steps: bool,
}

impl<T: Registers> Left<T> for Matrix<'_, T> {
    #[inline(always)]
    fn pack(&self, rows: Range<usize>, depth: Range<usize>, into: &mut [T]) {
        Right::pack(self, depth, rows.clone(), rows.len(), into);
    }

    #[inline(always)]
    fn direct(&self) -> Option<(&[T], usize)> {
        (!self.lines_are_steps).then_some((self.values, self.stride))
    }
}

impl<T: Registers> Right<T> for Matrix<'_, T> {
    #[inline(always)]
    fn pack(&self, depth: Range<usize>, columns: Range<usize>, width: usize, into: &mut [T]) {
        if !self.lines_are_steps {
            return transpose(self.values, self.stride, columns, depth, width, into);
        }
        let lines = Lines { values: self.values, stride: self.stride, first: depth.start, start: columns.start };
        // The usual widths are constants, so that the copy is a move or two.
        match columns.len() == width {
            true if width == 8 => lines.copy::<8>(into),
            true if width == 16 => lines.copy::<16>(into),
            true if width == 32 => lines.copy::<32>(into),
            true if width == 48 => lines.copy::<48>(into),
            true if width == 6 => lines.copy::<6>(into),
            true if width == 4 => lines.copy::<4>(into),
            _ => lines.copy_parts(columns.len(), width, into),
        }
    }

    #[inline(always)]
    fn direct(&self) -> Option<(&[T], usize)> {
        self.lines_are_steps.then_some((self.values, self.stride))
    }
}

/// Parts of the lines of a matrix, from line `first` on, each from place `start` on.
struct Lines<'a, T> {
    values: &'a [T],
    stride: usize,
    first: usize,
    start: usize,
}

impl<T: Float> Lines<'_, T> {
    #[inline(always)]
    fn copy<const WIDTH: usize>(&self, into: &mut [T]) {
        for (index, into) in into.chunks_exact_mut(WIDTH).enumerate() {
            let line = &self.values[(self.first + index) * self.stride + self.start..][..WIDTH];
            fetch_ahead(line.as_ptr().wrapping_add(WIDTH));
            into.copy_from_slice(line);
        }
    }

    #[inline(always)]
    fn copy_parts(&self, length: usize, width: usize, into: &mut [T]) {
        for (index, into) in into.chunks_exact_mut(width).enumerate() {
            let line = &self.values[(self.first + index) * self.stride + self.start..][..length];
            into.iter_mut().zip(line).for_each(|(into, value)| *into = *value);
        }
    }
}

/// Asks for what the next strip or panel takes first of a line: lines lie too far apart for the processor to foresee it.
#[inline(always)]
#[allow(unsafe_code, reason = "an instruction of the processor")]
fn fetch_ahead<T>(element: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every processor of this architecture has the instruction, which no address can make fail.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(element.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = element;
}

/// Copies parts of lines, each one a column: `into[place * width + line]`.
#[inline(always)]
#[allow(unsafe_code, reason = "squares are turned in registers")]
fn transpose<T: Registers>(
    values: &[T],
    stride: usize,
    lines: Range<usize>,
    places: Range<usize>,
    width: usize,
    into: &mut [T],
) {
    const SIDE: usize = 4;
    if lines.is_empty() || places.is_empty() {
        return;
    }
    assert!(values.len() >= (lines.end - 1) * stride + places.end, "lines lie in their matrix");
    assert!(lines.len() <= width && into.len() >= places.len() * width, "lines fit into the strip");
    let (across, down) = (lines.len() / SIDE * SIDE, places.len() / SIDE * SIDE);
    let from = |line: usize, place: usize| (lines.start + line) * stride + places.start + place;
    for line in (0..across).step_by(SIDE) {
        for place in (0..down).step_by(SIDE) {
            // SAFETY: four lines from `line` and four places from `place` are within both, as asserted.
            unsafe {
                T::turn(
                    values.as_ptr().add(from(line, place)),
                    stride,
                    into.as_mut_ptr().add(place * width + line),
                    width,
                );
            }
        }
    }
    let pairs = across + (lines.len() - across) / 2 * 2;
    for line in (across..pairs).step_by(2) {
        for place in (0..down).step_by(SIDE) {
            // SAFETY: two lines from `line` and four places from `place` are within both, as asserted.
            unsafe {
                T::turn_pair(
                    values.as_ptr().add(from(line, place)),
                    stride,
                    into.as_mut_ptr().add(place * width + line),
                    width,
                );
            }
        }
    }
    for line in 0..lines.len() {
        let rest = if line < pairs { down } else { 0 };
        for place in rest..places.len() {
            into[place * width + line] = values[from(line, place)];
        }
    }
}
