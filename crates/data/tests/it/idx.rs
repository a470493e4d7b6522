//! IDX files: golden bytes, damage, garbage.

use std::fs;

use everstep_data::read_idx;
use everstep_tensor::{Element, ErrorKind, Result, Tensor};
use proptest::prelude::*;

use crate::{check_error, file, gzip};

/// u8 [2, 3].
const BYTES: &[u8] = &[0, 0, 0x08, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 255];

fn read(content: &[u8]) -> Result<Tensor> {
    let (_folder, path) = file(content);
    read_idx(path)
}

#[track_caller]
fn check<T: Element>(content: &[u8], shape: &[usize], elements: &[T]) {
    for content in [content.to_vec(), gzip(content)] {
        let tensor = read(&content).unwrap();
        assert!(tensor.bit_eq(&Tensor::from_vec(shape, elements.to_vec()).unwrap()), "{tensor:?}");
    }
}

#[track_caller]
fn refused(content: &[u8], kind: ErrorKind, parts: &[&str]) {
    let (_folder, path) = file(content);
    let path_shown = path.display().to_string();
    check_error(read_idx(path), kind, &[parts, &[&path_shown]].concat());
}

#[test]
fn every_element_type_is_read() {
    check(BYTES, &[2, 3], &[1u8, 2, 3, 4, 5, 255]);
    check(&[0, 0, 0x0c, 1, 0, 0, 0, 2, 0, 0, 1, 2, 255, 255, 255, 254], &[2], &[258i32, -2]);
    check(&[0, 0, 0x0d, 1, 0, 0, 0, 2, 0x3f, 0x80, 0, 0, 0x80, 0, 0, 0], &[2], &[1.0f32, -0.0]);
    check(&[0, 0, 0x0e, 1, 0, 0, 0, 1, 0xc0, 0x09, 0x21, 0xfb, 0x54, 0x44, 0x2d, 0x18], &[1], &[-std::f64::consts::PI]);
    check::<u8>(&[0, 0, 0x08, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28], &[0, 28, 28], &[]);
    check(&[&[0u8, 0, 0x08, 8][..], &[0, 0, 0, 1].repeat(8), &[9]].concat(), &[1; 8], &[9u8]);
}

#[test]
fn every_truncation_is_data_loss() {
    for len in 0..BYTES.len() {
        refused(&BYTES[..len], ErrorKind::DataLoss, &["bring the file again"]);
        refused(&gzip(&BYTES[..len]), ErrorKind::DataLoss, &["bring the file again"]);
    }
    let packed = gzip(BYTES);
    for len in 0..packed.len() {
        refused(&packed[..len], ErrorKind::DataLoss, &["bring the file again"]);
    }
}

#[test]
fn a_flipped_bit_of_a_compressed_file_changes_no_element() {
    let packed = gzip(BYTES);
    // The ten bytes of the gzip header hold a time and flags that change nothing.
    for bit in 80..8 * packed.len() {
        let mut packed = packed.clone();
        packed[bit / 8] ^= 1 << (bit % 8);
        match read(&packed) {
            // Only the bits that pad the last byte of the stream mean nothing.
            Ok(tensor) => assert_eq!(tensor.bytes(), &BYTES[12..], "bit {bit}"),
            // The code of another element type is seen before the checksum.
            Err(error) => assert!(matches!(error.kind(), ErrorKind::DataLoss | ErrorKind::InvalidArgument), "{error}"),
        }
    }
}

#[test]
fn more_than_the_header_says_is_data_loss() {
    let longer = [BYTES, &[0]].concat();
    refused(&longer, ErrorKind::DataLoss, &["u8[2, 3], 6 bytes, and more follow"]);
    refused(&gzip(&longer), ErrorKind::DataLoss, &["and more follow"]);
    refused(&[gzip(BYTES), gzip(&[7])].concat(), ErrorKind::DataLoss, &["and more follow"]);
    refused(&[gzip(BYTES), vec![7]].concat(), ErrorKind::DataLoss, &["corrupt"]);
}

#[test]
fn another_beginning_is_named() {
    refused(b"PK\x03\x04 and so on", ErrorKind::DataLoss, &["not an IDX file", "[50, 4b, 03, 04]"]);
    refused(&[0, 0, 0x08, 0, 1], ErrorKind::DataLoss, &["not an IDX file"]);
    refused(&[0, 0, 0x07, 1, 0, 0, 0, 1, 1], ErrorKind::DataLoss, &["element type 0x07"]);
    refused(&[0, 0, 0x09, 1, 0, 0, 0, 1, 1], ErrorKind::InvalidArgument, &["i8", "write them as u8"]);
    refused(&[0, 0, 0x0b, 1, 0, 0, 0, 1, 0, 1], ErrorKind::InvalidArgument, &["i16"]);
}

/// The promise is of terabytes: reading it would fail where memory were taken for it.
#[test]
fn a_promise_takes_no_memory() {
    let huge = [&[0, 0, 0x0e, 2, 255, 255, 255, 255, 0, 0, 255, 255][..], &[1; 20]].concat();
    refused(&huge, ErrorKind::DataLoss, &["f64[4294967295, 65535]", "but 20 follow"]);
    refused(&gzip(&huge), ErrorKind::DataLoss, &["but 20 follow"]);
    let beyond = [&[0, 0, 0x08, 255][..], &[255; 4 * 255]].concat();
    refused(&beyond, ErrorKind::DataLoss, &["more than memory can hold"]);
}

#[test]
fn a_file_that_is_not_there_is_not_found() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    check_error(read_idx(&missing), ErrorKind::NotFound, &[&missing.display().to_string()]);
}

proptest! {
    #[test]
    fn garbage_is_a_tensor_or_an_error(
        start in prop_oneof![Just(vec![]), Just(vec![0u8, 0]), Just(vec![0, 0, 0x0d, 2, 0, 0]), Just(vec![0x1f, 0x8b, 8, 0])],
        rest in proptest::collection::vec(any::<u8>(), 0..200),
        packed in any::<bool>(),
    ) {
        let content = [start, rest].concat();
        let (folder, path) = file(&if packed { gzip(&content) } else { content });
        if let Err(error) = read_idx(&path) {
            prop_assert!(matches!(error.kind(), ErrorKind::DataLoss | ErrorKind::InvalidArgument), "{error}");
        }
        fs::remove_dir_all(folder.path()).unwrap();
    }

    #[test]
    fn what_was_written_is_read(rows in 0usize..20, columns in 0usize..20, seed in any::<u64>()) {
        let elements: Vec<i32> = (0..rows * columns).map(|index| (seed.wrapping_mul(index as u64 + 1) >> 16) as i32).collect();
        let axis = |len: usize| (len as u32).to_be_bytes();
        let mut content = [&[0, 0, 0x0c, 2][..], &axis(rows), &axis(columns)].concat();
        content.extend(elements.iter().flat_map(|element| element.to_be_bytes()));
        check(&content, &[rows, columns], &elements);
    }
}
