//! A sorted table of keys and values, as LevelDB lays it out: data blocks, an empty block, an index block, a footer.

use everstep_tensor::Result;

use crate::{
    block::{BlockReader, BlockWriter},
    checksum,
    cursor::{Cursor, put_varint},
    fault,
};

/// The last bytes of a table.
const MAGIC: [u8; 8] = 0xdb47_7524_8b80_fb57_u64.to_le_bytes();
/// Two places of blocks, zeros, and the magic number.
const FOOTER: usize = 48;
/// A type and a checksum follow each block.
const TRAILER: u64 = 5;
/// How large a data block grows before the next one begins.
const BLOCK: usize = 262_144;
/// After how many entries of a data block a key is written whole.
const INTERVAL: usize = 16;
/// The types of blocks: as they are, or compressed with Snappy.
const RAW: u8 = 0;
const SNAPPY: u8 = 1;
/// More than Snappy can gain: an element of three bytes stands for 64.
const SNAPPY_GAIN: usize = 32;

/// The table of these entries, whose keys ascend.
pub(crate) fn write<'a>(entries: impl IntoIterator<Item = (&'a [u8], Vec<u8>)>) -> Vec<u8> {
    let mut file = Vec::new();
    let (mut data, mut index) = (BlockWriter::new(INTERVAL), BlockWriter::new(1));
    let mut last_key: Vec<u8> = Vec::new();
    // The place of the last data block, until the next key is known that its key in the index must not reach.
    let mut pending: Option<Vec<u8>> = None;
    for (key, value) in entries {
        if let Some(handle) = pending.take() {
            index.add(&separator(&last_key, key), &handle);
        }
        data.add(key, &value);
        last_key = key.to_vec();
        if data.size() >= BLOCK {
            pending = Some(append(&mut file, &data.finish()));
        }
    }
    if !data.is_empty() {
        pending = Some(append(&mut file, &data.finish()));
    }
    if let Some(handle) = pending {
        index.add(&successor(&last_key), &handle);
    }
    let mut footer = append(&mut file, &BlockWriter::new(1).finish());
    footer.extend(append(&mut file, &index.finish()));
    footer.resize(FOOTER - MAGIC.len(), 0);
    file.extend(footer);
    file.extend(MAGIC);
    file
}

/// Appends a block with its trailer; returns its place as the index has it.
fn append(file: &mut Vec<u8>, block: &[u8]) -> Vec<u8> {
    let mut handle = Vec::new();
    put_varint(file.len() as u64, &mut handle);
    put_varint(block.len() as u64, &mut handle);
    file.extend(block);
    file.push(RAW);
    let crc = crc32c::crc32c_append(crc32c::crc32c(block), &[RAW]);
    file.extend(checksum::mask(crc).to_le_bytes());
    handle
}

/// A short key that is at least `left` and below `right`.
fn separator(left: &[u8], right: &[u8]) -> Vec<u8> {
    let common = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    match (left.get(common), right.get(common)) {
        (Some(byte), Some(above)) if *byte < 0xff && byte + 1 < *above => [&left[..common], &[byte + 1]].concat(),
        _ => left.to_vec(),
    }
}

/// A short key that is at least `key`.
fn successor(key: &[u8]) -> Vec<u8> {
    match key.iter().position(|byte| *byte != 0xff) {
        Some(place) => [&key[..place], &[key[place] + 1]].concat(),
        None => key.to_vec(),
    }
}

/// Gives every entry to `take`, in ascending order of their keys, all verified.
///
/// # Errors
/// `DataLoss` if the bytes are no table; what `take` returns.
pub(crate) fn read(file: &[u8], mut take: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
    let [metaindex, index] = handles(file)?;
    // It is empty, but damage of it is damage.
    block(file, metaindex, &mut Vec::new())?;
    let mut index_scratch = Vec::new();
    let mut handles = BlockReader::new(block(file, index, &mut index_scratch)?)?;
    let (mut end, mut last_key, mut keys) = (0, None::<Vec<u8>>, 0);
    let mut scratch = Vec::new();
    while let Some((_, handle)) = handles.next_entry()? {
        let handle = Handle::parse(&mut Cursor(handle))?;
        // Blocks that lay upon each other would give more entries than the file has bytes for.
        if handle.offset < end {
            return Err(fault(format!("a block begins at byte {}, before byte {end}", handle.offset)));
        }
        end = handle.offset.saturating_add(handle.size);
        let mut entries = BlockReader::new(block(file, handle, &mut scratch)?)?;
        while let Some((key, value)) = entries.next_entry()? {
            if last_key.as_deref().is_some_and(|last| last >= key) {
                return Err(fault(format!("the key {:?} does not ascend", String::from_utf8_lossy(key))));
            }
            // Each key is written whole once in so many, so that they cannot be much longer than the file.
            keys += key.len();
            if keys > file.len().saturating_mul(INTERVAL) {
                return Err(fault("the keys are longer than a table of this size can have"));
            }
            take(key, value)?;
            last_key = Some(key.to_vec());
        }
    }
    Ok(())
}

/// Where a block lies, without its trailer.
#[derive(Clone, Copy)]
struct Handle {
    offset: u64,
    size: u64,
}

impl Handle {
    fn parse(cursor: &mut Cursor<'_>) -> Result<Self> {
        Ok(Self { offset: cursor.varint()?, size: cursor.varint()? })
    }
}

/// Where the metaindex and the index lie.
fn handles(file: &[u8]) -> Result<[Handle; 2]> {
    let Some((_, footer)) = file.split_last_chunk::<FOOTER>() else {
        return Err(fault(format!("the index has {} bytes, the shortest has {FOOTER}", file.len())));
    };
    if !footer.ends_with(&MAGIC) {
        return Err(fault("the index does not end as a table does"));
    }
    let mut cursor = Cursor(footer);
    Ok([Handle::parse(&mut cursor)?, Handle::parse(&mut cursor)?])
}

/// A block's contents, verified; by way of `scratch` if they are compressed.
fn block<'a>(file: &'a [u8], handle: Handle, scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let begin = usize::try_from(handle.offset).ok().and_then(|offset| file.get(offset..));
    let outside = || fault(format!("a block at byte {} lies behind the end of the index", handle.offset));
    let size = handle.size.checked_add(TRAILER).ok_or_else(outside)?;
    let stored = Cursor(begin.ok_or_else(outside)?).take(size).map_err(|_| outside())?;
    let (checked, crc) = stored.split_at(stored.len() - 4);
    checksum::check("a block of the index", checked, Cursor(crc).u32()?)?;
    match checked.split_last() {
        Some((&RAW, contents)) => Ok(contents),
        Some((&SNAPPY, contents)) => decompress(contents, scratch),
        _ => Err(fault("a block of the index is compressed in an unknown way")),
    }
}

fn decompress<'a>(contents: &[u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    let damaged = |error: snap::Error| fault(format!("a block of the index does not decompress: {error}"));
    let length = snap::raw::decompress_len(contents).map_err(damaged)?;
    if length > contents.len().saturating_mul(SNAPPY_GAIN) {
        return Err(fault(format!("a block of {} bytes cannot hold {length}", contents.len())));
    }
    scratch.resize(length, 0);
    snap::raw::Decoder::new().decompress(contents, scratch).map_err(damaged)?;
    Ok(scratch)
}
