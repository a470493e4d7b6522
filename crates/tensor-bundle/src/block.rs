//! A block of a table: sorted entries, each sharing the beginning of its key with the one before.

use everstep_tensor::Result;

use crate::{
    cursor::{Cursor, put_varint},
    fault,
};

/// A block as it is written.
#[derive(Debug)]
pub(crate) struct BlockWriter {
    /// After how many entries a key is written whole.
    interval: usize,
    bytes: Vec<u8>,
    restarts: Vec<u32>,
    /// Entries since the last key that was written whole.
    since: usize,
    last_key: Vec<u8>,
}

impl BlockWriter {
    pub(crate) fn new(interval: usize) -> Self {
        Self { interval, bytes: Vec::new(), restarts: vec![0], since: 0, last_key: Vec::new() }
    }

    /// Appends an entry; its key is above all that were.
    pub(crate) fn add(&mut self, key: &[u8], value: &[u8]) {
        let mut shared = self.last_key.iter().zip(key).take_while(|(last, new)| last == new).count();
        if self.since == self.interval {
            self.restarts.push(self.bytes.len() as u32);
            (self.since, shared) = (0, 0);
        }
        for number in [shared, key.len() - shared, value.len()] {
            put_varint(number as u64, &mut self.bytes);
        }
        self.bytes.extend(&key[shared..]);
        self.bytes.extend(value);
        self.since += 1;
        self.last_key = key.to_vec();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes of the block as it stands.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len() + 4 * self.restarts.len() + 4
    }

    /// The block's bytes; the next block begins empty.
    pub(crate) fn finish(&mut self) -> Vec<u8> {
        let Self { mut bytes, restarts, .. } = std::mem::replace(self, Self::new(self.interval));
        bytes.extend(restarts.iter().flat_map(|restart| restart.to_le_bytes()));
        bytes.extend((restarts.len() as u32).to_le_bytes());
        bytes
    }
}

/// The entries of a block, in their order; stops after the first error.
pub(crate) struct BlockReader<'a> {
    entries: Cursor<'a>,
    key: Vec<u8>,
}

impl<'a> BlockReader<'a> {
    /// # Errors
    /// `DataLoss` if the places of whole keys do not fit into the block.
    pub(crate) fn new(block: &'a [u8]) -> Result<Self> {
        let fits = block.split_last_chunk::<4>().and_then(|(rest, count)| {
            let restarts = usize::try_from(u32::from_le_bytes(*count)).ok()?.checked_mul(4)?;
            rest.len().checked_sub(restarts).map(|entries| &rest[..entries])
        });
        let entries = fits.ok_or_else(|| fault(format!("a block of {} bytes has no entries", block.len())))?;
        Ok(Self { entries: Cursor(entries), key: Vec::new() })
    }

    /// The next entry: its whole key, valid until the next call, and its value.
    pub(crate) fn next_entry(&mut self) -> Result<Option<(&[u8], &'a [u8])>> {
        if self.entries.0.is_empty() {
            return Ok(None);
        }
        let [shared, unshared, value] = [self.entries.varint()?, self.entries.varint()?, self.entries.varint()?];
        let suffix = self.entries.take(unshared)?;
        let value = self.entries.take(value)?;
        let shared = usize::try_from(shared).ok().filter(|shared| *shared <= self.key.len());
        let shared = shared.ok_or_else(|| fault("a key shares more than the one before has"))?;
        self.key.truncate(shared);
        self.key.extend(suffix);
        Ok(Some((&self.key, value)))
    }
}
