//! Poolings of images, and the geometry of their windows.

use std::ops::Range;

/// What is computed of a pooling `images -> output`, channel by channel; both are `[batch, height, width, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pooling {
    /// `(images) -> output`: the greatest element of each window; NaN if any is.
    Max,
    /// `(images, output, gradient of the output) -> gradient of the images`: to the first element that equals the output.
    MaxGrad,
    /// `(images) -> output`: the mean of the elements of each window that lie in the image.
    Average,
    /// `(gradient of the output) -> gradient of the images`
    AverageGrad,
}

/// The windows of a pooling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Windows {
    /// Height and width of a window, at least 1.
    pub size: [usize; 2],
    /// How far it moves down and across, at least 1.
    pub strides: [usize; 2],
    /// How far the first one reaches over the image, above and to the left.
    pub before: [usize; 2],
}

impl Windows {
    /// The part of window `place` along `axis` that lies in an image of that length.
    pub(crate) fn touched(&self, axis: usize, place: usize, length: usize) -> Range<usize> {
        let start = place * self.strides[axis];
        let end = (start + self.size[axis]).saturating_sub(self.before[axis]).min(length);
        start.saturating_sub(self.before[axis])..end
    }

    /// Whether the numbers make sense, and each of so many windows along `axis` touches an image of that length.
    pub(crate) fn touch(&self, axis: usize, places: usize, length: usize) -> bool {
        let Windows { size, strides, before } = *self;
        let last = places.saturating_sub(1).checked_mul(strides[axis]);
        let is_countable = last.and_then(|last| last.checked_add(size[axis])).is_some();
        let reaches = places == 0
            || is_countable && size[axis] > before[axis] && last.is_some_and(|last| last < length + before[axis]);
        size[axis] > 0 && strides[axis] > 0 && length > 0 && reaches
    }
}
