//! A bundle, written.

use everstep_checkpoint::Contents;
use everstep_proto::{Message, tensor_bundle::BundleEntryProto};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::{bundle::Shard, checksum, dtype, index, table};

/// Gives the bytes of each data file to `file`, the tensors' in order, and returns the bytes of the index, which
/// completes the bundle.
///
/// A data file ends before the tensor with which it would exceed `limit` bytes.
///
/// # Errors
/// `InvalidArgument` for a name that the format keeps for itself; what `file` returns.
pub fn write(contents: &Contents, limit: u64, mut file: impl FnMut(Shard, &[&[u8]]) -> Result<()>) -> Result<Vec<u8>> {
    let tensors = contents.to_tensors()?;
    tensors.iter().try_for_each(|(name, _)| check_name(name))?;
    let items: Vec<(&str, Item<'_>)> = tensors.iter().map(|(name, tensor)| (name, Item::of(tensor))).collect();
    let shards = shards(&items, limit);
    let of = shards.len() as u32;
    let mut entries = vec![(index::HEADER, index::header(of).encode_to_vec())];
    for (number, items) in shards.into_iter().enumerate() {
        let shard = Shard { number: number as u32, of };
        let mut offset = 0;
        for (name, item) in items {
            entries.push((name.as_bytes(), item.entry(shard.number, offset).encode_to_vec()));
            offset += item.bytes.len() as i64;
        }
        let bytes: Vec<&[u8]> = items.iter().map(|(_, item)| item.bytes).collect();
        file(shard, &bytes)?;
    }
    Ok(table::write(entries))
}

/// What has a key of its own.
struct Item<'a> {
    dtype: i32,
    shape: &'a [usize],
    bytes: &'a [u8],
    crc: u32,
}

impl<'a> Item<'a> {
    fn of(tensor: &'a Tensor) -> Self {
        let bytes = tensor.bytes();
        let dtype = dtype::number(tensor.dtype());
        Self { dtype, shape: tensor.shape(), bytes, crc: checksum::masked(bytes) }
    }

    fn entry(&self, shard: u32, offset: i64) -> BundleEntryProto {
        BundleEntryProto {
            dtype: self.dtype,
            shape: Some(index::shape_proto(self.shape)),
            shard_id: shard as i32,
            offset,
            size: self.bytes.len() as i64,
            crc32c: self.crc,
            slices: Vec::new(),
        }
    }
}

fn check_name(name: &str) -> Result<()> {
    if !name.is_empty() && !name.starts_with('\0') {
        return Ok(());
    }
    let message = format!("the format keeps the name {name:?} for itself; give the variable another one");
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

/// What each data file has; there is one even if it has nothing.
fn shards<'a, 'b>(items: &'a [(&'b str, Item<'b>)], limit: u64) -> Vec<&'a [(&'b str, Item<'b>)]> {
    let (mut shards, mut begin, mut filled) = (Vec::new(), 0, 0u64);
    for (place, (_, item)) in items.iter().enumerate() {
        let size = item.bytes.len() as u64;
        if filled > 0 && filled.saturating_add(size) > limit {
            shards.push(&items[begin..place]);
            (begin, filled) = (place, 0);
        }
        filled += size;
    }
    shards.push(&items[begin..]);
    shards
}
