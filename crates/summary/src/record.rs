//! Records in a stream of bytes, each guarded by checksums: TensorFlow's TFRecord format.
//!
//! A record is the length of its payload (8 bytes, little-endian), the masked CRC-32C of these 8 bytes (4 bytes,
//! little-endian), the payload, and the masked CRC-32C of the payload.
//! Masked means rotated right by 15 bits, plus `0xa282ead8`, so that a checksum over stored checksums stays strong.
//!
//! ```
//! use everstep_summary::record::{RecordReader, RecordWriter};
//!
//! let mut bytes = Vec::new();
//! RecordWriter::new(&mut bytes).write(b"abc")?;
//!
//! let mut reader = RecordReader::new(&*bytes);
//! assert_eq!(reader.read()?, Some(&b"abc"[..]));
//! assert_eq!(reader.read()?, None);
//! # Ok::<(), std::io::Error>(())
//! ```

mod reader;
mod writer;

pub use reader::RecordReader;
pub use writer::RecordWriter;

/// The bytes before a payload: its length, and the checksum of the length.
const HEADER: usize = 12;

/// The bytes of a checksum.
const CHECKSUM: usize = 4;

/// The masked CRC-32C of some bytes, as it is stored.
fn masked(bytes: &[u8]) -> [u8; CHECKSUM] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Adds a record.
pub(crate) fn add(records: &mut Vec<u8>, payload: &[u8]) {
    let start = begin(records);
    records.extend(payload);
    end(records, start);
}

/// Begins a record whose payload is added next; [`end`] needs what this returns.
pub(crate) fn begin(records: &mut Vec<u8>) -> usize {
    let start = records.len();
    records.extend([0; HEADER]);
    start
}

/// Ends the record that began there.
pub(crate) fn end(records: &mut Vec<u8>, start: usize) {
    let (header, payload) = records[start..].split_at_mut(HEADER);
    let length = (payload.len() as u64).to_le_bytes();
    header[..8].copy_from_slice(&length);
    header[8..].copy_from_slice(&masked(&length));
    let checksum = masked(payload);
    records.extend(checksum);
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn checksums_are_the_published_ones() {
        let up: Vec<u8> = (0..32).collect();
        let down: Vec<u8> = (0..32).rev().collect();
        let vectors: [(&[u8], u32); 5] = [
            (b"123456789", 0xe306_9283),
            (&[0; 32], 0x8a91_36aa),
            (&[0xff; 32], 0x62a8_ab43),
            (&up, 0x46dd_794e),
            (&down, 0x113f_db5c),
        ];
        for (bytes, checksum) in vectors {
            assert_eq!(crc32c::crc32c(bytes), checksum);
        }
        assert_eq!(masked(b"123456789"), 0xc78a_b0e5_u32.to_le_bytes());
    }
}
