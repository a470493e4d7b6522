//! Records: golden bytes, tears and damage.

use std::{
    cell::RefCell,
    io::{self, ErrorKind, Read},
    rc::Rc,
};

use everstep_summary::record::{RecordReader, RecordWriter};
use proptest::{collection::vec, prelude::*};

/// A stream to which bytes are added while it is read.
#[derive(Clone, Default)]
struct Growing(Rc<RefCell<(Vec<u8>, usize)>>);

impl Growing {
    fn add(&self, bytes: &[u8]) {
        self.0.borrow_mut().0.extend(bytes);
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (bytes, at) = &mut *self.0.borrow_mut();
        let count = (&bytes[*at..]).read(buffer)?;
        *at += count;
        Ok(count)
    }
}

fn written(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = RecordWriter::new(Vec::new());
    payloads.iter().for_each(|payload| writer.write(payload).unwrap());
    writer.into_inner()
}

/// The payloads that can be read, and the error behind them.
fn read(bytes: &[u8]) -> (Vec<Vec<u8>>, Option<io::Error>) {
    let mut reader = RecordReader::new(bytes);
    let mut payloads = Vec::new();
    loop {
        match reader.read() {
            Ok(Some(payload)) => payloads.push(payload.to_vec()),
            Ok(None) => return (payloads, None),
            Err(error) => return (payloads, Some(error)),
        }
    }
}

#[track_caller]
fn check_bytes(payload: &[u8], expected: &str) {
    let bytes: String = written(&[payload.to_vec()]).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(bytes, expected.replace(' ', ""));
}

#[test]
fn records_have_the_bytes_that_tensorflow_writes() {
    check_bytes(b"abc", "0300000000000000 b099490e 616263 6e57f121");
    check_bytes(b"", "0000000000000000 29039807 d8ea82a2");
    check_bytes(
        b"\x09\0\0\0\xc0\x0b\x5a\xd6\x41\x1a\x0dbrain.Event:2",
        "1800000000000000 a37f4b22 09000000c00b5ad6411a0d627261696e2e4576656e743a32 4ca9a464",
    );
}

#[test]
fn a_flipped_bit_is_named_with_its_record() {
    let first = written(&[b"first".to_vec()]);
    let both = written(&[b"first".to_vec(), b"second".to_vec()]);
    for bit in first.len() * 8..both.len() * 8 {
        let mut damaged = both.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (payloads, error) = read(&damaged);
        assert_eq!(payloads, [b"first"]);
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        let part = if bit / 8 < first.len() + 12 { "length" } else { "content" };
        assert_eq!(error.to_string(), format!("corrupted record at offset 21: its {part} does not fit its checksum"));
    }
}

#[test]
fn a_corrupted_record_stays_corrupted() {
    let mut bytes = written(&[b"first".to_vec(), b"second".to_vec()]);
    bytes[14] ^= 1;
    let mut reader = RecordReader::new(&*bytes);
    for _ in 0..3 {
        assert_eq!(reader.read().unwrap_err().kind(), ErrorKind::InvalidData);
        assert_eq!(reader.offset(), 0);
    }
}

#[test]
fn a_length_that_only_claims_takes_no_memory() {
    // The checksum of the length fits, so only the end of the stream gives it away.
    let mut record = written(&[Vec::new()]);
    for length in [u64::MAX, 1 << 62, 1 << 40] {
        let length = length.to_le_bytes();
        record[..8].copy_from_slice(&length);
        let checksum = crc32c::crc32c(&length).rotate_right(15).wrapping_add(0xa282_ead8);
        record[8..12].copy_from_slice(&checksum.to_le_bytes());
        assert!(read(&record).1.is_some());
    }
}

#[test]
fn offsets_are_those_of_the_records() {
    let bytes = written(&[b"abc".to_vec(), b"".to_vec(), b"de".to_vec()]);
    let mut reader = RecordReader::new(&*bytes);
    let mut offsets = Vec::new();
    while reader.read().unwrap().is_some() {
        offsets.push(reader.offset());
    }
    assert_eq!(offsets, [0, 19, 35]);
    assert_eq!(reader.offset(), bytes.len() as u64);
}

fn any_payloads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    vec(vec(any::<u8>(), 0..40), 0..6)
}

proptest! {
    #[test]
    fn reading_gives_back_what_was_written(payloads in any_payloads()) {
        let (read, error) = read(&written(&payloads));
        prop_assert_eq!(read, payloads);
        prop_assert!(error.is_none());
    }

    #[test]
    fn a_tear_at_any_byte_loses_only_the_torn_record_and_only_until_it_is_mended(payloads in any_payloads()) {
        let bytes = written(&payloads);
        for tear in 0..=bytes.len() {
            let ends = (0..=payloads.len()).map(|count| written(&payloads[..count]).len());
            let whole = ends.filter(|end| *end <= tear).count() - 1;
            let torn_at = written(&payloads[..whole]).len();

            let growing = Growing::default();
            let mut reader = RecordReader::new(growing.clone());
            growing.add(&bytes[..tear]);
            for payload in &payloads[..whole] {
                prop_assert_eq!(reader.read().unwrap(), Some(&**payload));
            }
            if torn_at == tear {
                prop_assert!(reader.read().unwrap().is_none());
            } else {
                let error = reader.read().unwrap_err();
                prop_assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                prop_assert_eq!(error.to_string(), format!("truncated record at offset {torn_at}"));
            }
            growing.add(&bytes[tear..]);
            for payload in &payloads[whole..] {
                prop_assert_eq!(reader.read().unwrap(), Some(&**payload));
            }
            prop_assert!(reader.read().unwrap().is_none());
        }
    }

    #[test]
    fn garbage_never_panics(bytes in vec(any::<u8>(), 0..200)) {
        let (payloads, _) = read(&bytes);
        prop_assert!(payloads.iter().map(|payload| payload.len() + 16).sum::<usize>() <= bytes.len());
    }
}
