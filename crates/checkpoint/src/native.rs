//! The native format, written; `FORMAT.md` describes it byte by byte.

use std::{borrow::Cow, io::Write};

use everstep_tensor::{Result, Tensor};

use crate::{
    Contents, Description, Draft, Files, Format,
    codec::{self, Entry, Table},
};

mod reader;
#[cfg(test)]
mod tests;

/// The first bytes of a main file.
const MAGIC: [u8; 8] = *b"EVERSTEP";
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;
/// Magic, version, and zeros up to the first element.
const HEAD: usize = 64;
/// The table's length and the checksum, at the end.
const FOOT: usize = 12;
/// Elements begin at multiples of this: a cache line, and the widest vector register.
const ALIGNMENT: u64 = 64;
/// What is checked and then written while it is in the processor's cache; a multiple of every element's size.
const CHUNK: usize = 256 << 10;

/// Everstep's own format: aligned raw little-endian elements, then a checked table with the CRC-32C of each tensor.
///
/// A set of more than `shard_bytes` is cut into files of that size, so that no file grows beyond what a disk, a store
/// or a transfer takes.
///
#[doc = include_str!("../FORMAT.md")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Native {
    /// The most bytes of elements that a file holds, rounded up to a multiple of 64; 4 GiB by default.
    pub shard_bytes: u64,
}

impl Default for Native {
    fn default() -> Self {
        Self { shard_bytes: 4 << 30 }
    }
}

impl Format for Native {
    fn extension(&self) -> &str {
        "everstep"
    }

    fn is_part(&self, suffix: &str) -> bool {
        let numbers = suffix.strip_prefix("everstep-").and_then(|numbers| numbers.split_once("-of-"));
        numbers.is_some_and(|(index, count)| {
            let number = |digits: &str| digits.parse().ok().filter(|_| digits.len() >= 5);
            number(index).zip(number(count)).is_some_and(|(index, count)| part(index, count) == suffix)
        })
    }

    fn write(&self, contents: &Contents, draft: &mut Draft) -> Result<()> {
        let mut table = describe(contents);
        let total = table.tensors.last().map_or(0, |last| last.offset + last.length);
        let shard = self.shard_bytes.max(1).next_multiple_of(ALIGNMENT);
        if total > shard {
            table.shard = shard;
        } else {
            begin(draft)?;
        }
        let mut elements = Elements { is_cut: table.shard > 0, shards: total.div_ceil(shard), shard, at: 0 };
        for ((_, tensor), entry) in contents.variables.iter().zip(&mut table.tensors) {
            elements.pad(entry.offset, draft)?;
            entry.crc = elements.write(tensor, draft)?;
        }
        if table.shard > 0 {
            begin(draft)?;
        }
        end(&codec::encode(&table)?, draft)
    }

    fn open(&self, files: &Files) -> Result<Contents> {
        reader::open(files)
    }

    fn describe(&self, files: &Files) -> Result<Description> {
        reader::describe(files)
    }
}

/// The suffix of a shard.
fn part(index: u64, count: u64) -> String {
    format!("everstep-{index:05}-of-{count:05}")
}

/// The table of these contents, without checksums: the tensors one behind the other, each aligned.
fn describe(contents: &Contents) -> Table<'_> {
    let mut end = 0;
    let entry = |(name, tensor): (_, &Tensor)| {
        let shape = tensor.shape().iter().map(|axis| *axis as u64).collect();
        let (offset, length) = (aligned(end), tensor.bytes().len() as u64);
        end = offset + length;
        Entry { name, dtype: tensor.dtype().name(), shape, offset, length, crc: 0 }
    };
    let tensors = contents.variables.iter().map(entry).collect();
    let manifest = contents.manifest.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Table { step: contents.step, manifest, shard: 0, tensors }
}

/// The next place at which elements may begin.
fn aligned(end: u64) -> u64 {
    end.next_multiple_of(ALIGNMENT)
}

/// Begins the main file.
fn begin(draft: &mut Draft) -> Result<()> {
    Ok(draft.main()?.write_all(&head())?)
}

fn head() -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head
}

/// Ends the main file: the table, its length, and the checksum of both and of the head.
fn end(table: &[u8], draft: &mut Draft) -> Result<()> {
    let length = (table.len() as u64).to_le_bytes();
    draft.write_all(table)?;
    draft.write_all(&length)?;
    Ok(draft.write_all(&checksum(&head(), table, &length).to_le_bytes())?)
}

fn checksum(head: &[u8], table: &[u8], length: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(head), table);
    crc32c::crc32c_append(crc, length)
}

/// All elements as one run of bytes, cut into shards.
struct Elements {
    /// Otherwise they are one run in the main file.
    is_cut: bool,
    shards: u64,
    shard: u64,
    at: u64,
}

impl Elements {
    /// Zeros up to this place.
    fn pad(&mut self, to: u64, draft: &mut Draft) -> Result<()> {
        self.put(&[0; ALIGNMENT as usize][..(to - self.at) as usize], draft)
    }

    /// Gives the checksum of what it has written.
    fn write(&mut self, tensor: &Tensor, draft: &mut Draft) -> Result<u32> {
        let mut crc = 0;
        for chunk in tensor.bytes().chunks(CHUNK) {
            let chunk = little_endian(chunk, tensor.dtype().size());
            crc = crc32c::crc32c_append(crc, &chunk);
            self.put(&chunk, draft)?;
        }
        Ok(crc)
    }

    fn put(&mut self, mut bytes: &[u8], draft: &mut Draft) -> Result<()> {
        while !bytes.is_empty() {
            let mut fits = bytes.len();
            if self.is_cut {
                let (index, within) = (self.at / self.shard, self.at % self.shard);
                if within == 0 {
                    draft.part(&part(index, self.shards))?;
                }
                fits = fits.min(usize::try_from(self.shard - within).unwrap_or(fits));
            }
            draft.write_all(&bytes[..fits])?;
            self.at += fits as u64;
            bytes = &bytes[fits..];
        }
        Ok(())
    }
}

/// Elements as they are in a file.
fn little_endian(bytes: &[u8], element: usize) -> Cow<'_, [u8]> {
    if cfg!(target_endian = "little") {
        return bytes.into();
    }
    let mut bytes = bytes.to_vec();
    swap(&mut bytes, element);
    bytes.into()
}

/// Reverses the bytes of each element: from this machine's order to the other one.
fn swap(bytes: &mut [u8], element: usize) {
    bytes.chunks_exact_mut(element).for_each(<[u8]>::reverse);
}
