//! Lines of text, behind those that are there already.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::{self, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A stream of lines that several threads may write, buffered.
#[derive(Debug)]
pub(crate) struct Lines<W: Write>(Mutex<BufWriter<W>>);

impl<W: Write> Lines<W> {
    pub(crate) fn new(output: W) -> Self {
        Self(Mutex::new(BufWriter::new(output)))
    }

    pub(crate) fn write(&self, line: fmt::Arguments<'_>) -> io::Result<()> {
        writeln!(self.lock(), "{line}")
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        self.lock().flush()
    }

    pub(crate) fn into_inner(self) -> io::Result<W> {
        let output = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        output.into_inner().map_err(io::IntoInnerError::into_error)
    }

    /// Each line goes to the buffer at once, so a poisoned lock still guards whole ones.
    fn lock(&self) -> MutexGuard<'_, BufWriter<W>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Opens a file to go on behind its last whole line, or makes it; tells whether it has any line.
pub(crate) fn open(path: &Path) -> io::Result<(File, bool)> {
    let opened = || {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let end = end_of_last_line(&mut file)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok((file, end > 0))
    };
    opened().map_err(|error: io::Error| {
        io::Error::new(error.kind(), format!("cannot write events to `{}`: {error}", path.display()))
    })
}

/// The place behind the last line break; 0 if there is none.
fn end_of_last_line(file: &mut File) -> io::Result<u64> {
    const BLOCK: u64 = 4096;
    let mut end = file.seek(SeekFrom::End(0))?;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut block)?;
        if let Some(place) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + place as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
