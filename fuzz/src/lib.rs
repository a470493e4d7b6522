//! What the targets share: the readers by name, and the allocator that limits them.

use std::alloc::System;

use cap::Cap;

#[path = "../../tests/tests/corpus/readers.rs"]
pub mod readers;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// Reads the input, in memory of a multiple of its bytes.
pub fn run(reader: &readers::Reader, input: &[u8]) {
    reader.run(&ALLOCATOR, input);
}
