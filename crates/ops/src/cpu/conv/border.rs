//! Images with what surrounds them.

use std::ops::Range;

use crate::cpu::number::Number;

/// An image `[height, width, depth]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Image<'a, T> {
    pub(super) values: &'a [T],
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) depth: usize,
}

/// A part of an image, and perhaps of what surrounds it: `lines` lines from the first one, `width` places each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) line: isize,
    pub(super) lines: usize,
    pub(super) place: isize,
    pub(super) width: usize,
}

impl<T: Number> Image<'_, T> {
    /// Copies a part, with zeros around the image.
    pub(super) fn copy(&self, part: Part, into: &mut [T]) {
        if into.is_empty() {
            return;
        }
        let inside = inside(part.place, part.width, self.width);
        // Beside the image nothing is read.
        let from = usize::try_from(part.place).unwrap_or(0).min(self.width) * self.depth;
        let places = inside.start * self.depth..inside.end * self.depth;
        for (index, into) in into.chunks_exact_mut(part.width * self.depth).take(part.lines).enumerate() {
            let line = usize::try_from(part.line + index as isize).ok().filter(|line| *line < self.height);
            let Some(line) = line else {
                into.fill(T::ZERO);
                continue;
            };
            let line = &self.values[line * self.width * self.depth..][..self.width * self.depth];
            into[..places.start].fill(T::ZERO);
            into[places.clone()].copy_from_slice(&line[from..][..places.len()]);
            into[places.end..].fill(T::ZERO);
        }
    }
}

/// Which of `count` places from `first` on lie in `0..length`, counted from the first one.
fn inside(first: isize, count: usize, length: usize) -> Range<usize> {
    let start = usize::try_from(-first).unwrap_or(0).min(count);
    let end = usize::try_from(length as isize - first).unwrap_or(0).clamp(start, count);
    start..end
}
