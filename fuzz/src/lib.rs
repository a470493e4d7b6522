//! What the targets share: the readers by name, and a limit of the memory that they take.

use std::alloc::System;

use cap::Cap;

#[path = "../../tests/tests/it/corpus/readers.rs"]
pub mod readers;

/// Memory that a reader may take whatever its input: for tables, buffers of files, messages.
const FREE: usize = 1 << 20;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Reads the input; what it takes beyond `times` its bytes is not given, which ends the process.
pub fn bounded(input: &[u8], times: usize, read: fn(&[u8])) {
    let limit = ALLOCATOR.allocated() + FREE + times * input.len();
    ALLOCATOR.set_limit(limit).expect("the limit is above what is taken");
    read(input);
    ALLOCATOR.set_limit(usize::MAX).expect("there is no limit");
}
