//! Scalars as comma-separated values.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Write},
    path::Path,
    time::{Duration, SystemTime},
};

use everstep_event::{Event, EventSink, What};

use crate::lines::{self, Lines};

/// The first line.
const HEAD: &str = "wall_time,step,tag,value";

/// Writes each scalar as a line `wall_time,step,tag,value`, behind a first line of these words; passes over the rest.
///
/// The wall time is in seconds since 1970; a value that is not finite is `NaN`, `inf` or `-inf`; a tag with a comma, a
/// quotation mark or a line break stands in quotation marks, as RFC 4180 has it.
/// Lines are buffered: [`flush`](EventSink::flush) writes them, and so does dropping the sink, which hides an error.
#[derive(Debug)]
pub struct Csv<W: Write>(Lines<W>);

impl Csv<File> {
    /// Goes on with a file, behind its last whole line, or makes it.
    ///
    /// # Errors
    /// Why the file cannot be opened, read or cut.
    pub fn append(path: impl AsRef<Path>) -> io::Result<Self> {
        let (file, has_lines) = lines::open(path.as_ref())?;
        if has_lines { Ok(Self(Lines::new(file))) } else { Self::new(file) }
    }
}

impl<W: Write> Csv<W> {
    /// Writes to a stream that has no line yet.
    ///
    /// # Errors
    /// What the stream returns.
    pub fn new(output: W) -> io::Result<Self> {
        let lines = Lines::new(output);
        lines.write(format_args!("{HEAD}"))?;
        Ok(Self(lines))
    }

    /// The stream, with everything written.
    ///
    /// # Errors
    /// What the stream returns.
    pub fn into_inner(self) -> io::Result<W> {
        self.0.into_inner()
    }
}

impl<W: Write + Send> EventSink for Csv<W> {
    fn emit(&self, event: Event) -> io::Result<()> {
        let What::Scalar { tag, value } = &event.what else { return Ok(()) };
        self.0.write(format_args!("{},{},{},{value}", seconds(event.wall_time), event.step, quoted(tag)))
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Seconds since 1970, to a microsecond.
pub(crate) fn seconds(time: SystemTime) -> f64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.as_ref().map_or_else(|before| -before.duration().as_secs_f64(), Duration::as_secs_f64);
    (seconds * 1e6).round() / 1e6
}

/// A field as RFC 4180 has it.
fn quoted(field: &str) -> Cow<'_, str> {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\"")).into()
    } else {
        field.into()
    }
}
