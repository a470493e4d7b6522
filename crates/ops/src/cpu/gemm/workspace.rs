//! Memory for packed operands: each thread keeps its own, so that a steady step allocates nothing.

use std::cell::RefCell;

use crate::cpu::isa::Registers;

/// A line of the cache, aligned as one.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Line {
    _bytes: [u8; 64],
}

thread_local! {
    static LINES: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Reserves as much as any product of f64 needs, so that this thread allocates nothing when it takes part in one.
pub(super) fn reserve(elements: usize) {
    LINES.with_borrow_mut(|lines| lines.reserve((elements * size_of::<f64>()).div_ceil(size_of::<Line>())));
}

/// Lends room for that many elements, with anything in them; it must not be asked for again meanwhile.
#[allow(unsafe_code, reason = "one memory serves both floats")]
pub(super) fn with<T: Registers, R>(elements: usize, work: impl FnOnce(&mut [T]) -> R) -> R {
    LINES.with_borrow_mut(|lines| {
        let needed = (elements * size_of::<T>()).div_ceil(size_of::<Line>());
        if lines.len() < needed {
            lines.resize(needed, Line { _bytes: [0; 64] });
        }
        // SAFETY: a float may have any bits; the lines are initialised, aligned for it, long enough, and lent for as long.
        work(unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast::<T>(), elements) })
    })
}
