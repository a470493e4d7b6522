//! The writer of records.

use std::io::{self, Write};

use super::masked;

/// Writes records to a stream.
///
/// Each record is four small writes, so the stream should be buffered.
#[derive(Debug)]
pub struct RecordWriter<W: Write> {
    output: W,
}

impl<W: Write> RecordWriter<W> {
    /// A writer of records behind what `output` already holds.
    pub fn new(output: W) -> Self {
        Self { output }
    }

    /// Writes one record.
    ///
    /// After an error the stream may end in half a record, and a reader finds nothing that is written behind it.
    pub fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        let length = (payload.len() as u64).to_le_bytes();
        self.output.write_all(&length)?;
        self.output.write_all(&masked(&length))?;
        self.output.write_all(payload)?;
        self.output.write_all(&masked(payload))
    }

    /// Flushes the stream.
    pub fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// The stream.
    pub fn into_inner(self) -> W {
        self.output
    }
}
