//! A bundle, read.

use std::{
    collections::{BTreeMap, btree_map},
    fmt,
    sync::Arc,
};

use everstep_checkpoint::Contents;
use everstep_proto::tensor_bundle::BundleEntryProto;
use everstep_tensor::{Encoding, Error, ErrorKind, Result, Shared, Snapshot, Tensor};

use crate::{
    checksum, dtype, fault,
    index::{self, Index},
    ordered_code::slice_key,
    slices::Assembly,
};

/// One data file of a bundle; its text is what the file's name ends in, such as `data-00000-of-00001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0 on.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data-{:05}-of-{:05}", self.number, self.of)
    }
}

/// Reads a bundle: the bytes of its index, and of those data files that have tensors.
///
/// A partitioned variable is put together.
/// Texts, which TensorFlow keeps beside the variables, are passed over with a warning.
///
/// # Errors
/// `DataLoss` naming the tensor and what is wrong with it; `FailedPrecondition` for elements of a type that has no tensor;
/// what `open` returns.
pub fn read(index: &[u8], open: &mut dyn FnMut(Shard) -> Result<Shared>) -> Result<Contents> {
    let index = Index::parse(index)?;
    let mut bundle = Bundle { index: &index, files: BTreeMap::new(), open };
    let mut tensors = Snapshot::new();
    for (key, entry) in index.entries.iter().filter(|(key, _)| key[0] != 0) {
        let name = std::str::from_utf8(key).map_err(|_| fault("a name is not UTF-8"))?;
        if dtype::is_bookkeeping(entry.dtype) {
            pass_over(name);
            continue;
        }
        let tensor = bundle.tensor(name, entry);
        tensors.insert(name, tensor.map_err(|error| error.context(format_args!("tensor {name}")))?);
    }
    Contents::from_tensors(&tensors)
}

/// TensorFlow's own graph of objects is in every checkpoint of its second version.
fn pass_over(name: &str) {
    let level = if name == "_CHECKPOINTABLE_OBJECT_GRAPH" { log::Level::Debug } else { log::Level::Warn };
    log::log!(level, "{name} holds texts or objects of TensorFlow, which no tensor has; it is passed over");
}

struct Bundle<'a> {
    index: &'a Index,
    files: BTreeMap<u32, Shared>,
    open: &'a mut dyn FnMut(Shard) -> Result<Shared>,
}

impl Bundle<'_> {
    fn tensor(&mut self, name: &str, entry: &BundleEntryProto) -> Result<Tensor> {
        let encoding = dtype::encoding(entry.dtype).ok_or_else(|| {
            let message = format!("no tensor has elements of TensorFlow's type {}; convert it there", entry.dtype);
            Error::new(ErrorKind::FailedPrecondition, message)
        })?;
        if !entry.slices.is_empty() {
            return self.assembled(name, entry, encoding);
        }
        let file = self.verified(entry)?;
        encoding.tensor(self.index.order, index::shape(entry)?, &file, index::place(entry)?)
    }

    fn assembled(&mut self, name: &str, entry: &BundleEntryProto, encoding: Encoding) -> Result<Tensor> {
        let index = self.index;
        let part = |slice| {
            let part = index.entries.get(&slice_key(name, slice)).filter(|part| part.dtype == entry.dtype);
            part.ok_or_else(|| fault("one of its slices is not there"))
        };
        let parts = entry.slices.iter().map(part).collect::<Result<Vec<_>>>()?;
        let bytes = parts.iter().try_fold(0usize, |sum, part| sum.checked_add(usize::try_from(part.size).ok()?));
        let shape = index::shape(entry)?;
        let mut whole = Assembly::new(shape.clone(), encoding.size(), bytes.unwrap_or(usize::MAX))?;
        for (slice, part) in entry.slices.iter().zip(parts) {
            let file = self.verified(part)?;
            whole.add(slice, &(*file).as_ref()[index::place(part)?])?;
        }
        let whole: Shared = Arc::new(whole.finish()?);
        let range = 0..(*whole).as_ref().len();
        encoding.tensor(index.order, shape, &whole, range)
    }

    /// The data file of the entry, which has its bytes with the right checksum.
    fn verified(&mut self, entry: &BundleEntryProto) -> Result<Shared> {
        let file = self.file(entry)?;
        checksum::check("the elements", bytes(&file, entry)?, entry.crc32c)?;
        Ok(file)
    }

    fn file(&mut self, entry: &BundleEntryProto) -> Result<Shared> {
        let of = self.index.shards;
        let number = u32::try_from(entry.shard_id).ok().filter(|number| *number < of);
        let number = number.ok_or_else(|| fault(format!("there is no data file {} of {of}", entry.shard_id)))?;
        match self.files.entry(number) {
            btree_map::Entry::Occupied(file) => Ok(file.get().clone()),
            btree_map::Entry::Vacant(place) => Ok(place.insert((self.open)(Shard { number, of })?).clone()),
        }
    }
}

fn bytes<'a>(file: &'a Shared, entry: &BundleEntryProto) -> Result<&'a [u8]> {
    let (range, length) = (index::place(entry)?, (**file).as_ref().len());
    let message = || fault(format!("it ends at byte {} of its data file, which has {length}", range.end));
    (**file).as_ref().get(range.clone()).ok_or_else(message)
}
