//! What fuzzing found, read again: no reader panics, none takes more time than a moment, nor more memory than a small
//! multiple of its input.
//!
//! In a binary of its own, with one test: the allocator counts for all threads of the process.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::{alloc::System, fs, path::Path};

use cap::Cap;

#[allow(unreachable_pub, reason = "the fuzz targets have the module in common with the test")]
mod readers;

use readers::{EVENTS, NATIVE, NPZ, Reader, SAFETENSORS, TENSOR_BUNDLE, TORCH};

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

#[track_caller]
fn replay(reader: &Reader) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(reader.name);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let input = fs::read(entry.unwrap().path()).unwrap();
        reader.run(&ALLOCATOR, &input);
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn the_corpus_of_every_reader_is_read_in_little_memory() {
    [NATIVE, SAFETENSORS, TENSOR_BUNDLE, NPZ, TORCH, EVENTS].iter().for_each(replay);
}
