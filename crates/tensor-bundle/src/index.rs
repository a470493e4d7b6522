//! The index of a bundle: what tensors there are, and where their bytes lie.

use std::{collections::BTreeMap, ops::Range};

use everstep_proto::{
    Message,
    tensor_bundle::{BundleEntryProto, BundleHeaderProto, Endianness},
    tensor_shape::TensorShapeProto,
    versions::VersionDef,
};
use everstep_tensor::{ByteOrder, Error, ErrorKind, Result, Shape};

use crate::{fault, table};

/// The key of the header.
pub(crate) const HEADER: &[u8] = b"";
/// The version of the format that is written, and up to which it is read.
const VERSION: i32 = 1;

/// An index, parsed; its places lie apart from each other.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) shards: u32,
    pub(crate) order: ByteOrder,
    /// By key: names of tensors, and keys of slices, which begin with a zero byte.
    pub(crate) entries: BTreeMap<Vec<u8>, BundleEntryProto>,
}

impl Index {
    /// # Errors
    /// `DataLoss` if the bytes are no index; `FailedPrecondition` if a later version is needed to read it.
    pub(crate) fn parse(file: &[u8]) -> Result<Self> {
        let mut header = None;
        let mut entries = BTreeMap::new();
        table::read(file, |key, value| {
            let undecodable = |error| fault(format!("the value of {:?}: {error}", String::from_utf8_lossy(key)));
            if key == HEADER {
                header = Some(BundleHeaderProto::decode(value).map_err(undecodable)?);
            } else {
                entries.insert(key.to_vec(), BundleEntryProto::decode(value).map_err(undecodable)?);
            }
            Ok(())
        })?;
        let header = header.ok_or_else(|| fault("the index has no header"))?;
        check_version(&header.version.unwrap_or_default())?;
        check_places(&entries)?;
        let shards = u32::try_from(header.num_shards)
            .map_err(|_| fault(format!("there cannot be {} data files", header.num_shards)))?;
        Ok(Self { shards, order: order(header.endianness)?, entries })
    }
}

/// The header that is written.
pub(crate) fn header(shards: u32) -> BundleHeaderProto {
    let endianness = match ByteOrder::NATIVE {
        ByteOrder::Little => Endianness::Little,
        ByteOrder::Big => Endianness::Big,
    };
    let version = VersionDef { producer: VERSION, ..Default::default() };
    BundleHeaderProto { num_shards: shards as i32, endianness: endianness.into(), version: Some(version) }
}

fn check_version(version: &VersionDef) -> Result<()> {
    if version.min_consumer <= VERSION && !version.bad_consumers.contains(&VERSION) {
        return Ok(());
    }
    let message =
        format!("the bundle is for readers of version {}, this is {VERSION}; save it anew", version.min_consumer);
    Err(Error::new(ErrorKind::FailedPrecondition, message))
}

fn order(endianness: i32) -> Result<ByteOrder> {
    match Endianness::try_from(endianness) {
        Ok(Endianness::Little) => Ok(ByteOrder::Little),
        Ok(Endianness::Big) => Ok(ByteOrder::Big),
        Err(_) => Err(fault(format!("the order of bytes {endianness} is unknown"))),
    }
}

/// Bytes that belonged to several tensors could be claimed without end.
fn check_places(entries: &BTreeMap<Vec<u8>, BundleEntryProto>) -> Result<()> {
    let mut places = Vec::new();
    for (key, entry) in entries.iter().filter(|(_, entry)| entry.size != 0) {
        let range = place(entry).map_err(|error| error.context(String::from_utf8_lossy(key)))?;
        places.push((entry.shard_id, range.start, range.end, key));
    }
    places.sort_unstable();
    match places.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[1].1 < pair[0].2) {
        None => Ok(()),
        Some(pair) => Err(fault(format!("{} and the one before share bytes", String::from_utf8_lossy(pair[1].3)))),
    }
}

/// Where the bytes of the entry lie in its data file.
pub(crate) fn place(entry: &BundleEntryProto) -> Result<Range<usize>> {
    let begin = usize::try_from(entry.offset).ok();
    let range =
        begin.zip(usize::try_from(entry.size).ok()).and_then(|(begin, size)| Some(begin..begin.checked_add(size)?));
    range.ok_or_else(|| fault(format!("there are no {} bytes at byte {}", entry.size, entry.offset)))
}

/// The shape of the entry.
pub(crate) fn shape(entry: &BundleEntryProto) -> Result<Shape> {
    let shape = entry.shape.clone().unwrap_or_default();
    let axes: Option<Vec<usize>> = shape.dim.iter().map(|dim| usize::try_from(dim.size).ok()).collect();
    let axes = axes.filter(|_| !shape.unknown_rank);
    axes.map(Shape::from).ok_or_else(|| fault("its shape is not known"))
}

/// The shape as the index has it.
pub(crate) fn shape_proto(axes: &[usize]) -> TensorShapeProto {
    let dim = |axis: &usize| everstep_proto::tensor_shape::Dim { size: *axis as i64, name: String::new() };
    TensorShapeProto { dim: axes.iter().map(dim).collect(), unknown_rank: false }
}
