//! What fuzzing found, read again: no reader panics, and none takes more time than a moment.

use std::{fs, path::Path};

#[allow(unreachable_pub, reason = "the fuzz targets have the module in common with the test")]
mod readers;

#[track_caller]
fn replay(name: &str, read: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        read(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}

#[test]
fn the_corpus_of_every_reader_is_read() {
    replay("native", readers::native);
    replay("safetensors", readers::safetensors);
    replay("tensor-bundle", readers::tensor_bundle);
    replay("npz", readers::npz);
    replay("torch", readers::torch);
    replay("events", readers::events);
}
