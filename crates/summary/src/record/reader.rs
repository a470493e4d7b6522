//! The reader of records.

use std::io::{self, ErrorKind, Read};

use super::{CHECKSUM, HEADER, masked};

/// Reads records from a stream that may still grow.
///
/// Each record is a few small reads, so the stream should be buffered.
#[derive(Debug)]
pub struct RecordReader<R: Read> {
    input: R,
    /// The bytes read so far of the record at `offset`.
    record: Vec<u8>,
    offset: u64,
    /// The record at `offset` was handed out.
    done: bool,
}

impl<R: Read> RecordReader<R> {
    /// A reader of the records from here on.
    pub fn new(input: R) -> Self {
        Self { input, record: Vec::new(), offset: 0, done: false }
    }

    /// The payload of the next record, or `None` at the end behind a whole record.
    ///
    /// # Errors
    ///
    /// - `UnexpectedEof`: the stream ends within the record. Call again when more was appended.
    /// - `InvalidData`: a checksum does not fit. There is no way to find the next record, so each later call says the same.
    /// - What the stream returns.
    ///
    /// The first two name the [`offset`](Self::offset) of the record.
    /// No more memory is taken than twice what the stream really holds, whatever length a record claims.
    pub fn read(&mut self) -> io::Result<Option<&[u8]>> {
        self.pass();
        if !self.fill(HEADER)? {
            return if self.record.is_empty() { Ok(None) } else { Err(self.truncated()) };
        }
        let end = self.end_of_payload().ok_or_else(|| self.corrupted("length"))?;
        if !self.fill(end + CHECKSUM)? {
            return Err(self.truncated());
        }
        if masked(&self.record[HEADER..end]) != self.record[end..] {
            return Err(self.corrupted("content"));
        }
        self.done = true;
        Ok(Some(&self.record[HEADER..end]))
    }

    /// Where the record begins that was read last, or that the last error is about: bytes from where the reader began.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Leaves the record that was handed out.
    fn pass(&mut self) {
        if self.done {
            self.offset += self.record.len() as u64;
            self.record.clear();
            self.done = false;
        }
    }

    /// Reads until the record has `length` bytes; false if the stream ends before.
    fn fill(&mut self, length: usize) -> io::Result<bool> {
        let missing = length.saturating_sub(self.record.len());
        // Grows with what is read, not with what is asked for, and keeps what it has when an error comes between.
        self.input.by_ref().take(missing as u64).read_to_end(&mut self.record)?;
        Ok(self.record.len() >= length)
    }

    /// Where the payload ends by the header, if that is sound.
    fn end_of_payload(&self) -> Option<usize> {
        let (length, checksum) = self.record[..HEADER].split_first_chunk::<8>()?;
        if masked(length) != checksum {
            return None;
        }
        let end = usize::try_from(u64::from_le_bytes(*length)).ok()?.checked_add(HEADER)?;
        end.checked_add(CHECKSUM).map(|_| end)
    }

    fn truncated(&self) -> io::Error {
        io::Error::new(ErrorKind::UnexpectedEof, format!("truncated record at offset {}", self.offset))
    }

    fn corrupted(&self, part: &str) -> io::Error {
        let message = format!("corrupted record at offset {}: its {part} does not fit its checksum", self.offset);
        io::Error::new(ErrorKind::InvalidData, message)
    }
}
