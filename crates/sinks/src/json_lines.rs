//! Events as lines of JSON.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use everstep_event::{Event, EventSink};

use crate::{
    json,
    lines::{self, Lines},
};

/// Writes each event, of whatever kind, as a JSON object on a line of its own, by [`json()`].
///
/// Lines are buffered: [`flush`](EventSink::flush) writes them, and so does dropping the sink, which hides an error.
#[derive(Debug)]
pub struct JsonLines<W: Write>(Lines<W>);

impl JsonLines<File> {
    /// Goes on with a file, behind its last whole line, or makes it.
    ///
    /// # Errors
    /// Why the file cannot be opened, read or cut.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        lines::open(path.as_ref()).map(|(file, _)| Self(Lines::new(file)))
    }
}

impl<W: Write> JsonLines<W> {
    /// Writes to a stream.
    pub fn new(output: W) -> Self {
        Self(Lines::new(output))
    }

    /// The stream, with everything written.
    ///
    /// # Errors
    /// What the stream returns.
    pub fn into_inner(self) -> io::Result<W> {
        self.0.into_inner()
    }
}

impl<W: Write + Send> EventSink for JsonLines<W> {
    fn emit(&self, event: Event) -> io::Result<()> {
        self.0.write(format_args!("{}", json(&event)))
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}
