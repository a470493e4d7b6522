//! The crate through its public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod csv;
mod dataset;
mod digits;
mod fashion_mnist;
mod idx;
mod loader;
mod prefetch;
mod split;

use std::{fs, io::Write, path::PathBuf};

use everstep_data::{Batch, Dataset};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};
use flate2::{Compression, Crc, write::GzEncoder};
use tempfile::TempDir;

/// A dataset whose column `row` numbers its samples, beside two pixels that follow from it.
fn numbered(len: usize) -> Dataset {
    let row = Tensor::from_vec([len], (0..len as i64).collect()).unwrap();
    let x = Tensor::from_vec([len, 2], (0..2 * len).map(|pixel| pixel as f32).collect()).unwrap();
    Dataset::new(vec![("x", x), ("row", row)]).unwrap()
}

/// The numbers of the samples in a batch of `numbered`, after a look at whether its columns still fit.
#[track_caller]
fn rows(batch: &Batch) -> Vec<i64> {
    let rows = batch.column("row").unwrap().as_slice::<i64>().unwrap().to_vec();
    let pixels = rows.iter().flat_map(|row| [2.0 * *row as f32, 2.0 * *row as f32 + 1.0]);
    assert!(batch.column("x").unwrap().as_slice::<f32>().unwrap().iter().copied().eq(pixels));
    rows
}

/// The rows of a batch, or the kind of the error.
fn outcome(result: Result<Batch>) -> std::result::Result<Vec<i64>, ErrorKind> {
    result.map(|batch| rows(&batch)).map_err(|error| error.kind())
}

/// Checks the kind of an error, that it is one line, and that its message holds `parts`.
#[track_caller]
fn check_error<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind, parts: &[&str]) -> Error {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.kind(), kind, "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    for part in parts {
        assert!(message.contains(part), "{message} lacks {part}");
    }
    error
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A file with that content, in a folder that lives as long as the first of the pair.
fn file(content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    fs::write(&path, content).unwrap();
    (folder, path)
}

/// CRC-32, as zlib has it.
fn checksum(bytes: impl Iterator<Item = u8>) -> u32 {
    let mut checksum = Crc::new();
    checksum.update(&bytes.collect::<Vec<u8>>());
    checksum.sum()
}
