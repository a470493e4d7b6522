//! The native format: golden bytes, damage of every kind, forged tables, shards.

use std::{
    fs,
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use everstep_checkpoint::{Contents, Files, Format, Manifest, Native, read, write};
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

fn table(step: u64, manifest: &[(&str, &str)], entries: &[Vec<u8>]) -> Vec<u8> {
    let notes = manifest.iter().flat_map(|(name, text)| [string(name), string(text)].concat()).collect();
    let counts = [number(0), number(entries.len() as u64)].concat();
    [number(step), number(manifest.len() as u64), notes, counts, entries.concat()].concat()
}

fn head(version: u32) -> Vec<u8> {
    let mut head = [b"EVERSTEP", &version.to_le_bytes()[..]].concat();
    head.resize(64, 0);
    head
}

/// A file of these tensors, aligned, and of this table, whatever it says, with the right checksum.
fn file(version: u32, table: &[u8], tensors: &[&[u8]]) -> Vec<u8> {
    let mut file = head(version);
    for tensor in tensors {
        file.resize(file.len().next_multiple_of(64), 0);
        file.extend(*tensor);
    }
    with_table(file, table)
}

fn with_table(mut file: Vec<u8>, table: &[u8]) -> Vec<u8> {
    let checked = [&file[..64], table, &number(table.len() as u64)].concat();
    file.extend(&checked[64..]);
    file.extend(crc32c::crc32c(&checked).to_le_bytes());
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
    let expected = file(1, &table(7, &[("a", "test")], &entries), &[&floats, &[1], &[], &step]);
    assert_eq!(written(&Native::default(), &contents()), expected);
}

#[test]
fn a_tiny_file_is_these_bytes() {
    let variables = [("w", Tensor::from_vec([2], vec![1.0f32, -0.0]).unwrap())].into_iter().collect();
    let contents = Contents { step: 3, manifest: [("a".into(), "test".into())].into(), variables };
    let bytes = written(&Native::default(), &contents);
    let hex: Vec<String> = bytes.chunks(32).map(|row| row.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
    assert_eq!(
        hex,
        [
            "4556455253544550010000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0000803f00000080030000000000000001000000000000000100000000000000",
            "6104000000000000007465737400000000000000000100000000000000010000",
            "0000000000770300000000000000663332010000000000000002000000000000",
            "000000000000000000080000000000000075ef4deb6d00000000000000be9f93",
            "e8",
        ]
    );
}

/// What version 1 wrote once; whatever versions follow, they read it.
#[test]
fn a_file_of_version_1_stays_readable() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let whole = read(&Files::at(fixture.join("version-1.everstep")).unwrap(), &Native::default()).unwrap();
    let shards = read(&Files::at(fixture.join("version-1-shards.everstep")).unwrap(), &Native::default()).unwrap();
    for opened in [whole, shards] {
        assert_eq!(opened.description(), contents().description());
        assert!(opened.variables.bit_eq(&contents().variables));
    }
}

#[test]
fn every_flipped_bit_is_an_error() {
    let (mut file, bytes) = (NamedTempFile::new().unwrap(), written(&Native::default(), &contents()));
    file.write_all(&bytes).unwrap();
    let mut put = |at: usize, byte: u8| {
        file.seek(SeekFrom::Start(at as u64)).unwrap();
        file.write_all(&[byte]).unwrap();
        read(&Files::at(file.path()).unwrap(), &Native::default()).map_err(|error| error.kind()).err()
    };
    for bit in 0..bytes.len() * 8 {
        let (at, mask) = (bit / 8, 1 << (bit % 8));
        assert_eq!(put(at, bytes[at] ^ mask), Some(ErrorKind::DataLoss), "bit {bit}");
        assert_eq!(put(at, bytes[at]), None);
    }
}

#[test]
fn every_other_length_is_an_error() {
    let (mut file, bytes) = (NamedTempFile::new().unwrap(), written(&Native::default(), &contents()));
    file.write_all(&bytes).unwrap();
    for length in (0..bytes.len()).rev() {
        file.as_file().set_len(length as u64).unwrap();
        let error = read(&Files::at(file.path()).unwrap(), &Native::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataLoss, "{length} bytes");
    }
    assert_eq!(opened(&Native::default(), &[&bytes[..], &[0]].concat()).unwrap_err().kind(), ErrorKind::DataLoss);
}

#[test]
fn the_step_is_read_without_the_elements() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    let mut bytes = written(&Native::default(), &contents());
    bytes[64] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let files = Files::at(&path).unwrap();
    assert_eq!(Native::default().describe(&files).unwrap(), contents().description());
    assert!(Native::default().open(&files).is_err());
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(Native::default().describe(&files).unwrap_err().kind(), ErrorKind::DataLoss);
}

/// The file of these bytes is refused with this message behind its path.
#[track_caller]
fn check_refused(bytes: &[u8], message: &str) {
    let error = opened(&Native::default(), bytes).unwrap_err();
    let (_, fault) =
        error.to_string().split_once("file: ").map(|(path, fault)| (path.len(), fault.to_string())).unwrap();
    assert_eq!(fault, message);
    assert!([ErrorKind::DataLoss, ErrorKind::FailedPrecondition].contains(&error.kind()), "{error:?}");
}

#[test]
fn a_fault_names_the_tensor_and_what_is_wrong() {
    let one = |entry: Vec<u8>| table(7, &[], &[entry]);
    let (a, b) = (entry("a", "u8", &[1], 0, &[5]), entry("b", "u8", &[1], 0, &[6]));
    check_refused(b"", "the file has 0 bytes, the shortest has 76");
    check_refused(&[7; 76], "the file does not begin as a checkpoint does");
    check_refused(&file(1, &one(entry("a", "f8", &[1], 0, &[5])), &[&[5]]), "tensor a: the dtype f8 is unknown");
    check_refused(&file(1, &one(entry("a", "f32", &[1], 0, &[5])), &[&[5]]), "tensor a: f32[1] does not take 1 bytes");
    check_refused(
        &file(1, &one(a.clone()), &[&[6]]),
        "tensor a: the checksum of the elements is 74dcb4b9, stored is 678c474d",
    );
    check_refused(
        &file(1, &one(entry("a", "bool", &[1], 0, &[5])), &[&[5]]),
        "tensor a: a bool's byte is neither 0 nor 1",
    );
    check_refused(&file(1, &one(a.clone()), &[]), "the file has 0 bytes of elements, the table says 1");
    check_refused(&file(1, &one(a.clone()), &[&[5, 0]]), "the file has 2 bytes of elements, the table says 1");
    let overlapping = table(7, &[], &[a.clone(), b]);
    check_refused(&file(1, &overlapping, &[&[5], &[6]]), "tensor b: it is at byte 0 of the elements, not at 64");
    let twice = table(7, &[], &[a.clone(), entry("a", "u8", &[1], 64, &[5])]);
    check_refused(&file(1, &twice, &[&[5], &[5]]), "tensor a: the names do not ascend");
    let two = table(7, &[], &[a.clone(), entry("b", "u8", &[1], 64, &[6])]);
    let mut padded = file(1, &two, &[&[5], &[6]]);
    padded[127] = 1;
    check_refused(&padded, "tensor b: the bytes before it are not zero");
    let notes = table(7, &[("b", ""), ("a", "")], &[]);
    check_refused(&file(1, &notes, &[]), "the names of the notes do not ascend");
    let mut cut = table(7, &[], std::slice::from_ref(&a));
    cut[16] = 64;
    check_refused(&file(1, &cut, &[]), "1 bytes of elements are not cut into shards of 64");
    check_refused(&file(1, &[one(a), vec![0]].concat(), &[&[5]]), "the table ends at byte 87 of its 88");
}

#[test]
fn a_claim_reserves_nothing() {
    let huge = u64::MAX / 2;
    let many = |entry: Vec<u8>| file(1, &table(7, &[], &[entry]), &[]);
    let tensors = [number(7), number(0), number(0), number(huge)].concat();
    let name = [number(7), number(0), number(0), number(1), number(huge)].concat();
    let notes = [number(7), number(huge)].concat();
    let rank = [string("a"), string("u8"), number(huge)].concat();
    let shape = entry("a", "u8", &[huge, huge], 0, &[5]);
    let length =
        [string("a"), string("u8"), number(1), number(1 << 40), number(0), number(1 << 40), vec![0; 4]].concat();
    let offset = entry("a", "u8", &[1], huge, &[5]);
    let mut sharded = table(7, &[], std::slice::from_ref(&length));
    sharded[16] = 64;
    let files = [&tensors, &name, &notes, &sharded].map(|table| file(1, table, &[]));
    for bytes in files.into_iter().chain([many(rank), many(shape), many(length), many(offset)]) {
        assert_eq!(opened(&Native::default(), &bytes).unwrap_err().kind(), ErrorKind::DataLoss);
    }
}

/// The names in the directory and their lengths, sorted.
fn sizes(directory: &Path) -> Vec<(String, u64)> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let mut sizes: Vec<_> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len())).collect();
    sizes.sort();
    sizes
}

#[test]
fn a_large_set_is_cut_into_files_of_bounded_size() {
    let directory = tempfile::tempdir().unwrap();
    let files = Files::at(directory.path().join("model.everstep")).unwrap();
    let format = Native { shard_bytes: 100 };
    let value = |index: i64| Tensor::from_vec([37], (0..37).map(|element| index * 1000 + element).collect::<Vec<_>>());
    let variables = (0..3).map(|index| (format!("v{index}"), value(index).unwrap())).collect();
    let contents = Contents { step: 7, manifest: Manifest::new(), variables };
    write(&files, &format, &contents).unwrap();
    let sizes = sizes(directory.path());
    let shards: Vec<u64> = sizes[1..].iter().map(|(_, size)| *size).collect();
    // Three tensors of 296 bytes, each at a multiple of 64, cut every 128 bytes.
    assert_eq!(shards, [128, 128, 128, 128, 128, 128, 128, 40]);
    assert_eq!(sizes[1].0, "model.everstep-00000-of-00008");
    // Whoever reads need not know how it was cut.
    assert!(read(&files, &Native::default()).unwrap().variables.bit_eq(&contents.variables));
    assert_eq!(Native::default().describe(&files).unwrap(), contents.description());

    let third = directory.path().join("model.everstep-00003-of-00008");
    let mut bytes = fs::read(&third).unwrap();
    bytes[5] ^= 1;
    fs::write(&third, &bytes).unwrap();
    let fault = |result: Result<(), everstep_tensor::Error>| result.unwrap_err().to_string();
    assert!(fault(read(&files, &format).map(drop)).contains("tensor v1: the checksum of the elements is "));
    fs::write(&third, &bytes[1..]).unwrap();
    let short = "shard 3 of 8 has 127 bytes of elements, the table says 128";
    assert_eq!(fault(format.describe(&files).map(drop)), short);
    fs::remove_file(&third).unwrap();
    assert_eq!(fault(format.describe(&files).map(drop)), "its part model.everstep-00003-of-00008 is missing");
}

#[test]
fn the_names_of_parts_are_told_from_others() {
    let known = ["everstep-00000-of-00001", "everstep-00012-of-00345", "everstep-123456-of-123457"];
    assert!(known.iter().all(|suffix| Native::default().is_part(suffix)));
    let others = ["everstep", "everstep-0-of-1", "everstep-000001-of-00002", "data-00000-of-00001", "everstep-a-of-b"];
    assert!(!others.iter().any(|suffix| Native::default().is_part(suffix)));
}

#[test]
fn a_large_tensor_is_read_in_pieces() {
    let elements = (0..5_000_000).collect::<Vec<i64>>();
    let variables = [("large", Tensor::from_vec([5_000_000], elements).unwrap()), ("small", Tensor::scalar(1i64))];
    let contents = Contents { variables: variables.into_iter().collect(), ..Default::default() };
    let mut bytes = written(&Native::default(), &contents);
    assert!(opened(&Native::default(), &bytes).unwrap().variables.bit_eq(&contents.variables));
    bytes[64 + 20_000_000] ^= 1;
    let message = opened(&Native::default(), &bytes).unwrap_err().to_string();
    assert!(message.contains("tensor large: the checksum of the elements is "), "{message}");
}

#[test]
fn another_version_is_not_damage() {
    let message = "the file has format version 2, this program reads version 1; \
                   open it with the version of Everstep that wrote it, or move it away";
    let bytes = file(2, b"whatever version 2 holds", &[]);
    check_refused(&bytes, message);
    assert_eq!(opened(&Native::default(), &bytes).unwrap_err().kind(), ErrorKind::FailedPrecondition);
}

proptest! {
    /// Tables that are wrong under a right checksum: what is accepted is what the writer would have written.
    #[test]
    fn a_set_has_one_file(edits in collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let bytes = written(&Native::default(), &contents());
        let (rest, foot) = bytes.split_at(bytes.len() - 12);
        let length = u64::from_le_bytes(foot[..8].try_into().unwrap()) as usize;
        let (elements, table) = rest.split_at(rest.len() - length);
        let mut table = table.to_vec();
        for (at, value) in edits {
            *at.get_mut(&mut table) = value;
        }
        let forged = with_table(elements.to_vec(), &table);
        if let Ok(contents) = opened(&Native::default(), &forged) {
            prop_assert_eq!(written(&Native::default(), &contents), forged);
        }
    }
}
