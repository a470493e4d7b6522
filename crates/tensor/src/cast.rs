//! The audited casts between elements and bytes: the one module of the contract crates with `unsafe`.
#![allow(unsafe_code, reason = "a slice of elements and its bytes are one memory; each cast states why it is sound")]

use std::alloc::{Layout, alloc_zeroed};

use crate::{DType, Element};

/// 64 bytes on a boundary of 64: a cache line, and the widest vector register.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; 64]);

impl Line {
    pub(crate) const SIZE: usize = 64;
}

/// The bytes of `elements`.
pub(crate) fn bytes<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: `Element` is sealed over bool, integers and floats: no padding, every byte initialised; u8 has alignment 1.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

/// The bytes of `elements`, to be written; not for bool, whose bytes must stay 0 or 1.
pub(crate) fn bytes_mut<T: Element>(elements: &mut [T]) -> &mut [u8] {
    assert!(T::DTYPE != DType::Bool, "any byte may be written, and a bool is 0 or 1");
    // SAFETY: as in `bytes`; every bit pattern is a valid integer or float.
    unsafe { std::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), size_of_val(elements)) }
}

/// `bytes` as elements, or `None` if they are not aligned, not a whole number, or not all valid as `T`.
pub(crate) fn elements<T: Element>(bytes: &[u8]) -> Option<&[T]> {
    // SAFETY: alignment, length and, for bool, each byte are checked; every bit pattern of a number is valid.
    is_valid::<T>(bytes)
        .then(|| unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<T>()) })
}

/// As `elements`, to be written; what is written through `T` keeps the bytes valid for `T`.
pub(crate) fn elements_mut<T: Element>(bytes: &mut [u8]) -> Option<&mut [T]> {
    // SAFETY: as in `elements`; the borrow is exclusive, and only whole elements are written.
    is_valid::<T>(bytes)
        .then(|| unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len() / size_of::<T>()) })
}

/// A pass over the bytes for bool, whose other bit patterns would be undefined behaviour; constant time for numbers.
fn is_valid<T: Element>(bytes: &[u8]) -> bool {
    bytes.as_ptr().cast::<T>().is_aligned()
        && bytes.len().is_multiple_of(size_of::<T>())
        && (T::DTYPE != DType::Bool || bytes.iter().all(|byte| *byte <= 1))
}

/// So many lines of zeros, not yet touched, or `None` if there is no memory for them.
pub(crate) fn zeroed_lines(count: usize) -> Option<Vec<Line>> {
    let layout = Layout::array::<Line>(count).ok()?;
    if count == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout is not empty.
    let lines = unsafe { alloc_zeroed(layout) }.cast::<Line>();
    // SAFETY: the global allocator gave this memory by the layout of a vector of that capacity, and zeros are lines.
    (!lines.is_null()).then(|| unsafe { Vec::from_raw_parts(lines, count, count) })
}

/// The bytes of `lines`.
pub(crate) fn lines(lines: &[Line]) -> &[u8] {
    // SAFETY: a `Line` is 64 initialised bytes without padding.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), size_of_val(lines)) }
}

/// The bytes of `lines`, to be written.
pub(crate) fn lines_mut(lines: &mut [Line]) -> &mut [u8] {
    // SAFETY: as in `lines`; every bit pattern is a valid byte.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), size_of_val(lines)) }
}
