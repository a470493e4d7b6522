//! Buffers that threads write in parts.

use std::ops::Range;

/// A buffer of which each part is written by one thread, where the parts are no halves of halves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared<T> {
    elements: *mut T,
    length: usize,
}

#[allow(unsafe_code, reason = "threads write to parts of one buffer")]
// SAFETY: the pointer comes from a mutable borrow that outlives the work, and every part is written by one thread.
unsafe impl<T: Send> Sync for Shared<T> {}
#[allow(unsafe_code, reason = "threads write to parts of one buffer")]
// SAFETY: as above.
unsafe impl<T: Send> Send for Shared<T> {}

impl<T> Shared<T> {
    pub(super) fn new(values: &mut [T]) -> Shared<T> {
        Shared { elements: values.as_mut_ptr(), length: values.len() }
    }

    /// Where an element lies.
    #[allow(unsafe_code, reason = "threads write to parts of one buffer")]
    pub(super) fn at(&self, place: usize) -> *mut T {
        assert!(place <= self.length, "the place is in the buffer");
        // SAFETY: it is, or just behind it.
        unsafe { self.elements.add(place) }
    }

    /// A part to be written.
    ///
    /// # Safety
    /// The buffer is still borrowed, and nobody else uses these elements meanwhile.
    #[allow(unsafe_code, reason = "threads write to parts of one buffer")]
    #[allow(clippy::mut_from_ref, reason = "the caller promises that the parts do not overlap")]
    pub(super) unsafe fn part(&self, places: Range<usize>) -> &mut [T] {
        assert!(places.start <= places.end && places.end <= self.length, "the part is in the buffer");
        // SAFETY: it is, and the caller promises the rest.
        unsafe { std::slice::from_raw_parts_mut(self.elements.add(places.start), places.len()) }
    }
}
