//! The audited casts between elements and bytes: the one module of the contract crates with `unsafe`.
#![allow(unsafe_code, reason = "a slice of elements and its bytes are one memory; each cast states why it is sound")]

use std::alloc::{Layout, alloc_zeroed};

use crate::{DType, Element};

/// The bytes of `elements`.
pub(crate) fn bytes<T: Element>(elements: &[T]) -> &[u8] {
    // SAFETY: `Element` is sealed over bool, integers and floats, or their bits alone: no padding, every byte initialised; u8 has alignment 1.
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

/// Elements of two bytes, as their bits.
pub(crate) fn words<T: Element>(elements: &[T]) -> &[u16] {
    const { assert!(size_of::<T>() == 2 && align_of::<T>() == 2) };
    // SAFETY: size and alignment are a u16's, whose every bit pattern is valid; an element is all initialised.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), elements.len()) }
}

/// As `words`, to be written.
pub(crate) fn words_mut<T: Element>(elements: &mut [T]) -> &mut [u16] {
    const { assert!(size_of::<T>() == 2 && align_of::<T>() == 2) };
    // SAFETY: as in `words`; `Element` is sealed, and its only types of two bytes are numbers, for which every pattern is valid.
    unsafe { std::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), elements.len()) }
}

/// So many zeros, not yet touched, or `None` if there is no memory for them.
pub(crate) fn zeroed(length: usize) -> Option<Vec<u8>> {
    let layout = Layout::array::<u8>(length).ok()?;
    if length == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the layout is not empty.
    let bytes = unsafe { alloc_zeroed(layout) };
    // SAFETY: the global allocator gave this memory by the layout of a vector of that capacity, and zeros are bytes.
    (!bytes.is_null()).then(|| unsafe { Vec::from_raw_parts(bytes, length, length) })
}

/// Asks the system to back these bytes with huge pages where it can: faults and translations are fewer by hundreds.
///
/// The bytes must begin at a page; nothing is lost if the system refuses.
#[cfg(target_os = "linux")]
pub(crate) fn advise_huge_pages(bytes: &[u8]) {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn madvise(address: *const c_void, length: usize, advice: c_int) -> c_int;
    }
    /// `MADV_HUGEPAGE`, the same number on every architecture.
    const HUGE_PAGE: c_int = 14;
    // SAFETY: the signature is that of POSIX; this advice changes neither what the bytes hold nor who may use them.
    unsafe { madvise(bytes.as_ptr().cast(), bytes.len(), HUGE_PAGE) };
}

/// Other systems choose by themselves.
#[cfg(not(target_os = "linux"))]
pub(crate) fn advise_huge_pages(_bytes: &[u8]) {}
