//! The native format: golden bytes, damage of every kind, forged headers.

use std::io::{Seek, SeekFrom, Write};

use everstep_checkpoint::{Contents, Files, Format, Native, read};
use everstep_tensor::{ErrorKind, Tensor};
use proptest::{collection, prelude::*};
use tempfile::NamedTempFile;

use crate::formats::{opened, written};

/// What the golden file holds.
fn contents() -> Contents {
    let variables = [
        ("b", Tensor::from_vec([2], vec![1.0f32, -0.0]).unwrap()),
        ("flag", Tensor::scalar(true)),
        ("none", Tensor::from_vec([0, 3], Vec::<i64>::new()).unwrap()),
        ("step", Tensor::scalar(7i64)),
    ];
    Contents { step: 7, manifest: [("a".into(), "test".into())].into(), variables: variables.into_iter().collect() }
}

fn number(number: u64) -> Vec<u8> {
    number.to_le_bytes().into()
}

fn string(text: &str) -> Vec<u8> {
    [number(text.len() as u64), text.into()].concat()
}

fn entry(name: &str, dtype: &str, shape: &[u64], offset: u64, elements: &[u8]) -> Vec<u8> {
    let shape = [vec![shape.len() as u64], shape.to_vec()].concat().into_iter().flat_map(number).collect();
    let length = number(elements.len() as u64);
    [string(name), string(dtype), shape, number(offset), length, crc32c::crc32c(elements).to_le_bytes().into()].concat()
}

fn header(step: u64, manifest: &[(&str, &str)], entries: &[Vec<u8>]) -> Vec<u8> {
    let notes = manifest.iter().flat_map(|(name, text)| [string(name), string(text)].concat()).collect();
    [number(step), number(manifest.len() as u64), notes, number(entries.len() as u64), entries.concat()].concat()
}

/// A file of this header, whatever it holds, with the right checksum, and of these tensors, aligned.
fn file(version: u32, header: &[u8], tensors: &[&[u8]]) -> Vec<u8> {
    let mut file = [b"EVERSTEP", &version.to_le_bytes()[..], &number(header.len() as u64), header].concat();
    file.extend(crc32c::crc32c(&file).to_le_bytes());
    for tensor in tensors {
        file.resize(file.len().next_multiple_of(64), 0);
        file.extend(*tensor);
    }
    file
}

#[test]
fn the_bytes_are_those_of_format_md() {
    let (floats, step) = ([0, 0, 0x80, 0x3f, 0, 0, 0, 0x80], number(7));
    let entries = [
        entry("b", "f32", &[2], 0, &floats),
        entry("flag", "bool", &[], 64, &[1]),
        entry("none", "i64", &[0, 3], 128, &[]),
        entry("step", "i64", &[], 128, &step),
    ];
    let expected = file(1, &header(7, &[("a", "test")], &entries), &[&floats, &[1], &[], &step]);
    assert_eq!(written(&Native, &contents()), expected);
}

#[test]
fn a_tiny_file_is_these_bytes() {
    let variables = [("w", Tensor::from_vec([2], vec![1.0f32, -0.0]).unwrap())].into_iter().collect();
    let contents = Contents { step: 3, manifest: [("a".into(), "test".into())].into(), variables };
    let bytes = written(&Native, &contents);
    let hex: Vec<String> = bytes.chunks(32).map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    assert_eq!(
        hex,
        [
            "4556455253544550010000006500000000000000030000000000000001000000",
            "0000000001000000000000006104000000000000007465737401000000000000",
            "0001000000000000007703000000000000006633320100000000000000020000",
            "00000000000000000000000000080000000000000075ef4deb38c4c23a000000",
            "0000803f00000080",
        ]
    );
}

#[test]
fn every_flipped_bit_is_an_error() {
    let (mut file, bytes) = (NamedTempFile::new().unwrap(), written(&Native, &contents()));
    file.write_all(&bytes).unwrap();
    let mut put = |at: usize, byte: u8| {
        file.seek(SeekFrom::Start(at as u64)).unwrap();
        file.write_all(&[byte]).unwrap();
        read(&Files::at(file.path()).unwrap(), &Native).map_err(|error| error.kind()).err()
    };
    for bit in 0..bytes.len() * 8 {
        let (at, mask) = (bit / 8, 1 << (bit % 8));
        assert_eq!(put(at, bytes[at] ^ mask), Some(ErrorKind::DataLoss), "bit {bit}");
        assert_eq!(put(at, bytes[at]), None);
    }
}

#[test]
fn every_other_length_is_an_error() {
    let (mut file, bytes) = (NamedTempFile::new().unwrap(), written(&Native, &contents()));
    file.write_all(&bytes).unwrap();
    for length in (0..bytes.len()).rev() {
        file.as_file().set_len(length as u64).unwrap();
        let error = read(&Files::at(file.path()).unwrap(), &Native).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{length} bytes");
    }
    assert_eq!(opened(&Native, &[&bytes[..], &[0]].concat()).unwrap_err().kind(), ErrorKind::DataLoss);
}

#[test]
fn the_step_is_read_without_the_elements() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let mut bytes = written(&Native, &contents());
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let files = Files::at(&path).unwrap();
    assert_eq!(Native.describe(&files).unwrap(), contents().description());
    assert!(Native.open(&files).is_err());
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(Native.describe(&files).unwrap_err().kind(), ErrorKind::DataLoss);
}

/// The file of these bytes is refused with this message behind its path.
#[track_caller]
fn check_refused(bytes: &[u8], message: &str) {
    let error = opened(&Native, bytes).unwrap_err();
    let (_, fault) =
        error.to_string().split_once("file: ").map(|(path, fault)| (path.len(), fault.to_string())).unwrap();
    assert_eq!(fault, message);
    assert!([ErrorKind::DataLoss, ErrorKind::FailedPrecondition].contains(&error.kind()), "{error:?}");
}

#[test]
fn a_fault_names_the_tensor_and_what_is_wrong() {
    let one = |entry: Vec<u8>| header(7, &[], &[entry]);
    let (a, b) = (entry("a", "u8", &[1], 0, &[5]), entry("b", "u8", &[1], 0, &[6]));
    check_refused(b"", "the file has 0 bytes, the shortest has 24");
    check_refused(&[7; 24], "the file does not begin as a checkpoint does");
    check_refused(&file(1, &one(entry("a", "f16", &[1], 0, &[5])), &[&[5]]), "tensor a: the dtype f16 is unknown");
    check_refused(&file(1, &one(entry("a", "f32", &[1], 0, &[5])), &[&[5]]), "tensor a: f32[1] does not take 1 bytes");
    check_refused(
        &file(1, &one(a.clone()), &[&[6]]),
        "tensor a: the checksum of the elements is 74dcb4b9, stored is 678c474d",
    );
    check_refused(
        &file(1, &one(entry("a", "bool", &[1], 0, &[5])), &[&[5]]),
        "tensor a: a bool's byte is neither 0 nor 1",
    );
    check_refused(&file(1, &one(a.clone()), &[]), "tensor a: its 1 bytes from byte 128 on exceed the file's 103");
    check_refused(&file(1, &one(a.clone()), &[&[5, 0]]), "the file has 1 bytes behind its last tensor");
    let overlapping = header(7, &[], &[a.clone(), b]);
    check_refused(&file(1, &overlapping, &[&[5], &[6]]), "tensor b: it is at byte 0 of the elements, not at 64");
    let twice = header(7, &[], &[a.clone(), entry("a", "u8", &[1], 64, &[5])]);
    check_refused(&file(1, &twice, &[&[5], &[5]]), "tensor a: the names do not ascend");
    let mut padded = file(1, &one(a.clone()), &[&[5]]);
    padded[127] = 1;
    check_refused(&padded, "tensor a: the bytes before it are not zero");
    check_refused(&file(1, &[one(a), vec![0]].concat(), &[&[5]]), "the header ends at byte 79 of its 80");
}

#[test]
fn a_claim_reserves_nothing() {
    let huge = u64::MAX / 2;
    let many = |entry: Vec<u8>| file(1, &header(7, &[], &[entry]), &[]);
    let tensors = [number(7), number(0), number(huge)].concat();
    let name = [number(7), number(0), number(1), number(huge)].concat();
    let rank = [string("a"), string("u8"), number(huge)].concat();
    let shape = entry("a", "u8", &[huge, huge], 0, &[5]);
    let length =
        [string("a"), string("u8"), number(1), number(1 << 40), number(0), number(1 << 40), vec![0; 4]].concat();
    let offset = entry("a", "u8", &[1], huge, &[5]);
    for bytes in [file(1, &tensors, &[]), file(1, &name, &[]), many(rank), many(shape), many(length), many(offset)] {
        assert_eq!(opened(&Native, &bytes).unwrap_err().kind(), ErrorKind::DataLoss);
    }
}

#[test]
fn another_version_is_not_damage() {
    let message = "the file has format version 2, this program reads version 1; \
                   open it with the version of Everstep that wrote it, or move it away";
    let bytes = file(2, b"whatever version 2 holds", &[]);
    check_refused(&bytes, message);
    assert_eq!(opened(&Native, &bytes).unwrap_err().kind(), ErrorKind::FailedPrecondition);
}

proptest! {
    /// Headers that are wrong under a right checksum: what is accepted is what the writer would have written.
    #[test]
    fn a_set_has_one_file(edits in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let bytes = written(&Native, &contents());
        let length = u64::from_le_bytes(bytes[12..20].try_into().unwrap()) as usize;
        let mut header = bytes[20..20 + length].to_vec();
        for (at, value) in edits {
            *at.get_mut(&mut header) = value;
        }
        let mut forged = file(1, &header, &[]);
        forged.extend(&bytes[24 + length..]);
        if let Ok(contents) = opened(&Native, &forged) {
            prop_assert_eq!(written(&Native, &contents), forged);
        }
    }
}
