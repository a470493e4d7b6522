//! Files, opened and, where they are compressed, unpacked: all input of the crate.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use everstep_tensor::{Error, ErrorKind, Result};
use flate2::bufread::MultiGzDecoder;

/// What a gzip file begins with (RFC 1952).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The content of the file at `path`, unpacked if it begins as gzip does.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>> {
    let file = File::open(path).map_err(Error::from)?;
    unpacked(BufReader::new(file))
}

/// The content of `packed`, unpacked if it begins as gzip does.
pub(crate) fn unpacked(mut packed: impl BufRead + 'static) -> Result<Box<dyn Read>> {
    let is_gzip = packed.fill_buf().map_err(failed)?.starts_with(&GZIP_MAGIC);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) })
}

/// Why reading failed: of damage, or of what the system says.
pub(crate) fn failed(error: io::Error) -> Error {
    match error.kind() {
        // What the decoder says of a corrupt or truncated stream.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            damaged(format!("the compressed data are corrupt ({error})")).with_source(error)
        }
        _ => error.into(),
    }
}

/// `DataLoss` of that cause, with the remedy.
pub(crate) fn damaged(cause: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::DataLoss, format!("{cause}; bring the file again from where it came"))
}
