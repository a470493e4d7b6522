//! The zip archive: its entries by name, verified, none upon another.

use std::{io::Read, ops::Range, sync::Arc};

use everstep_tensor::{Error, ErrorKind, Result, Shared};
use flate2::read::DeflateDecoder;
use rawzip::{CompressionMethod, ZipArchive, ZipSliceArchive, ZipVerification};

use crate::fault;

/// A file of an archive: where its bytes lie, and in what.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) source: Shared,
    pub(crate) range: Range<usize>,
}

/// Every file of the archive, in the order of its directory.
///
/// # Errors
/// `DataLoss` if it is no archive, or a file in it is damaged; `FailedPrecondition` for a compression other than deflate.
pub(crate) fn entries(file: &Shared) -> Result<Vec<Entry>> {
    let bytes = (**file).as_ref();
    let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
    let places = places(&archive)?;
    places.into_iter().map(|place| place.entry(file)).collect()
}

/// What the directory says of a file.
struct Place {
    name: String,
    method: CompressionMethod,
    range: Range<usize>,
    claim: ZipVerification,
}

fn places(archive: &ZipSliceArchive<&[u8]>) -> Result<Vec<Place>> {
    let mut places = Vec::new();
    let mut entries = archive.entries();
    while let Some(entry) = entries.next_entry().map_err(damaged)? {
        let name = std::str::from_utf8(entry.file_path().as_bytes()).map_err(|_| fault("a name is not UTF-8"))?;
        let found = archive.get_entry(entry.wayfinder()).map_err(damaged)?;
        let (begin, end) = found.compressed_data_range();
        let range = begin as usize..end as usize;
        let claim = found.claim_verifier();
        places.push(Place { name: name.into(), method: entry.compression_method(), range, claim });
    }
    check_apart(&places)?;
    Ok(places)
}

/// Bytes that belonged to several files could be claimed without end.
fn check_apart(places: &[Place]) -> Result<()> {
    let mut ranges: Vec<_> = places.iter().map(|place| (place.range.start, place.range.end, &place.name)).collect();
    ranges.sort_unstable();
    match ranges.windows(2).find(|pair| pair[1].0 < pair[0].1) {
        None => Ok(()),
        Some(pair) => Err(fault(format!("{} and {} share bytes", pair[0].2, pair[1].2))),
    }
}

impl Place {
    fn entry(self, file: &Shared) -> Result<Entry> {
        let name = self.name.clone();
        self.open(file).map_err(|error| error.context(name))
    }

    fn open(self, file: &Shared) -> Result<Entry> {
        let bytes = &(**file).as_ref()[self.range.clone()];
        match self.method {
            CompressionMethod::STORE => {
                self.check(bytes)?;
                Ok(Entry { name: self.name, source: file.clone(), range: self.range })
            }
            CompressionMethod::DEFLATE => {
                let inflated = self.inflate(bytes)?;
                self.check(&inflated)?;
                let range = 0..inflated.len();
                Ok(Entry { name: self.name, source: Arc::new(inflated), range })
            }
            other => {
                let message = format!("it is compressed by {other}; save it with numpy.savez or savez_compressed");
                Err(Error::new(ErrorKind::FailedPrecondition, message))
            }
        }
    }

    /// Grows as the bytes arrive: what the directory claims reserves nothing.
    fn inflate(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut inflated = Vec::new();
        let most = self.claim.uncompressed_size.saturating_add(1);
        let read = DeflateDecoder::new(bytes).take(most).read_to_end(&mut inflated);
        read.map_err(|error| fault(format!("it does not decompress: {error}")))?;
        Ok(inflated)
    }

    fn check(&self, bytes: &[u8]) -> Result<()> {
        if cfg!(fuzzing) {
            return Ok(());
        }
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        self.claim.valid(ZipVerification { crc: crc.sum(), uncompressed_size: bytes.len() as u64 }).map_err(damaged)
    }
}

fn damaged(error: impl std::fmt::Display) -> Error {
    fault(error.to_string())
}
