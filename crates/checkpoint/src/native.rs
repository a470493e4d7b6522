//! The native format, written; `FORMAT.md` describes it byte by byte.

use std::borrow::Cow;

use everstep_tensor::{Result, Tensor};

use crate::{
    Contents, Description, Draft, Files, Format,
    codec::{self, Entry, Header},
};

mod reader;
#[cfg(test)]
mod tests;

/// The first bytes of a file.
const MAGIC: [u8; 8] = *b"EVERSTEP";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Magic, version and the header's length.
const PREFIX: usize = 20;
/// Bytes of a checksum.
const CHECKSUM: usize = 4;
/// Elements begin at multiples of this: a cache line, and the widest vector register.
const ALIGNMENT: u64 = 64;

/// Everstep's own format: a checked header, then aligned raw little-endian elements, each tensor with its CRC-32C.
///
///
#[doc = include_str!("../FORMAT.md")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Native;

impl Format for Native {
    fn extension(&self) -> &str {
        "everstep"
    }

    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        let into = draft.main()?;
        let header = describe(contents);
        let head = head(&codec::encode(&header)?);
        into.write_all(&head)?;
        let first = aligned(head.len() as u64);
        let mut end = head.len() as u64;
        for ((_, tensor), entry) in contents.variables.iter().zip(&header.tensors) {
            let begin = first + entry.offset;
            into.write_all(&[0; ALIGNMENT as usize][..(begin - end) as usize])?;
            into.write_all(&little_endian(tensor))?;
            end = begin + entry.length;
        }
        Ok(())
    }

    fn open(&self, files: &Files) -> Result<Contents> {
        reader::open(files)
    }

    fn describe(&self, files: &Files) -> Result<Description> {
        reader::describe(files)
    }
}

/// The header of these contents: the tensors one behind the other, each aligned.
fn describe(contents: &Contents) -> Header<'_> {
    let mut end = 0;
    let entry = |(name, tensor)| {
        let entry = entry(name, tensor, aligned(end));
        end = entry.offset + entry.length;
        entry
    };
    let tensors = contents.variables.iter().map(entry).collect();
    let manifest = contents.manifest.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Header { step: contents.step, manifest, tensors }
}

fn entry<'a>(name: &'a str, tensor: &Tensor, offset: u64) -> Entry<'a> {
    let shape = tensor.shape().iter().map(|axis| *axis as u64).collect();
    let bytes = little_endian(tensor);
    Entry { name, dtype: tensor.dtype().name(), shape, offset, length: bytes.len() as u64, crc: crc32c::crc32c(&bytes) }
}

/// Everything before the elements: the encoded header between its prefix and its checksum.
fn head(header: &[u8]) -> Vec<u8> {
    let mut head = Vec::with_capacity(PREFIX + header.len() + CHECKSUM);
    head.extend(MAGIC);
    head.extend(VERSION.to_le_bytes());
    head.extend((header.len() as u64).to_le_bytes());
    head.extend(header);
    head.extend(crc32c::crc32c(&head).to_le_bytes());
    head
}

/// The next place at which elements may begin.
fn aligned(end: u64) -> u64 {
    end.next_multiple_of(ALIGNMENT)
}

/// The elements' bytes as they are in a file.
fn little_endian(tensor: &Tensor) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return tensor.bytes().into();
    }
    let mut bytes = tensor.bytes().to_vec();
    swap(&mut bytes, tensor.dtype().size());
    bytes.into()
}

/// Reverses the bytes of each element: from this machine's order to the other one.
fn swap(bytes: &mut [u8], element: usize) {
    bytes.chunks_exact_mut(element).for_each(<[u8]>::reverse);
}
