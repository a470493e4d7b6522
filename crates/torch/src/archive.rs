//! The zip archive that `torch.save` writes: a pickle, and a file for each storage.

use std::{collections::BTreeMap, ops::Range};

use everstep_tensor::{ByteOrder, Error, Result, Shared};
use rawzip::{CompressionMethod, ZipArchive, ZipVerification};

use crate::{fault, unknown};

/// The files of an archive, by their names below its one folder.
pub(crate) struct Archive<'a> {
    file: &'a Shared,
    places: BTreeMap<String, Place>,
}

struct Place {
    range: Range<usize>,
    claim: ZipVerification,
}

impl<'a> Archive<'a> {
    /// # Errors
    /// `DataLoss` if the file is no archive; `FailedPrecondition` if it is compressed or of another kind.
    pub(crate) fn open(file: &'a Shared) -> Result<Self> {
        let bytes = (**file).as_ref();
        if bytes.starts_with(&[0x80, 2, 0x8a, 10]) {
            return Err(unknown("the file is of a PyTorch before 1.6; load it there, and save it by a later one"));
        }
        let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
        let mut places = BTreeMap::new();
        let mut entries = archive.entries();
        while let Some(entry) = entries.next_entry().map_err(damaged)? {
            let path = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            let name = path.split_once('/').map_or(path.as_str(), |(_, name)| name).to_owned();
            if entry.compression_method() != CompressionMethod::STORE {
                return Err(unknown(format!(
                    "{path} is compressed, as torch.save never does; unpack it and zip it without"
                )));
            }
            let found = archive.get_entry(entry.wayfinder()).map_err(damaged)?;
            let (begin, end) = found.compressed_data_range();
            let place = Place { range: begin as usize..end as usize, claim: found.claim_verifier() };
            if places.insert(name, place).is_some() {
                return Err(fault(format!("the archive has {path} twice")));
            }
        }
        Ok(Self { file, places })
    }

    /// Where the file lies, verified.
    pub(crate) fn find(&self, name: &str) -> Result<Range<usize>> {
        let place = self.places.get(name).ok_or_else(|| fault(format!("the archive has no {name}")))?;
        let bytes = &(**self.file).as_ref()[place.range.clone()];
        if cfg!(fuzzing) {
            return Ok(place.range.clone());
        }
        let found = ZipVerification { crc: crc32fast::hash(bytes), uncompressed_size: bytes.len() as u64 };
        place.claim.valid(found).map_err(|error| damaged(error).context(name))?;
        Ok(place.range.clone())
    }

    /// The bytes of a file, verified.
    pub(crate) fn bytes(&self, name: &str) -> Result<&'a [u8]> {
        Ok(&(**self.file).as_ref()[self.find(name)?])
    }

    /// The order of the bytes of elements; archives that do not tell it are little-endian.
    pub(crate) fn order(&self) -> Result<ByteOrder> {
        match self.places.contains_key("byteorder").then(|| self.bytes("byteorder")).transpose()? {
            None | Some(b"little") => Ok(ByteOrder::Little),
            Some(b"big") => Ok(ByteOrder::Big),
            Some(other) => Err(fault(format!("the order of bytes {:?} is unknown", String::from_utf8_lossy(other)))),
        }
    }

    pub(crate) fn file(&self) -> &'a Shared {
        self.file
    }
}

fn damaged(error: rawzip::Error) -> Error {
    fault(error.to_string())
}
