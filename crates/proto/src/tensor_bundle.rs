//! What the index of a tensor bundle holds: TensorFlow's `tensor_bundle.proto`.

use prost::{Enumeration, Message};

use crate::{tensor_shape::TensorShapeProto, tensor_slice::TensorSliceProto, versions::VersionDef};

/// The value of the key "", which is the first of an index.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BundleHeaderProto {
    /// The number of data files.
    #[prost(int32, tag = "1")]
    pub num_shards: i32,
    /// The order of the bytes of an element.
    #[prost(enumeration = "Endianness", tag = "2")]
    pub endianness: i32,
    /// Who wrote the bundle and who can read it.
    #[prost(message, optional, tag = "3")]
    pub version: Option<VersionDef>,
}

/// The order of the bytes of an element: TensorFlow's `BundleHeaderProto.Endianness`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum Endianness {
    /// The lowest byte first.
    Little = 0,
    /// The highest byte first.
    Big = 1,
}

/// The value of a key that names a tensor.
#[derive(Clone, PartialEq, Message)]
pub struct BundleEntryProto {
    /// The type of the elements, a number of [`DataType`](crate::types::DataType) or one that it lacks.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// The shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
    /// Which data file has the elements, from 0 on.
    #[prost(int32, tag = "3")]
    pub shard_id: i32,
    /// The first byte of the elements in that file.
    #[prost(int64, tag = "4")]
    pub offset: i64,
    /// The bytes of the elements.
    #[prost(int64, tag = "5")]
    pub size: i64,
    /// The masked CRC-32C of these bytes.
    #[prost(fixed32, tag = "6")]
    pub crc32c: u32,
    /// The parts in which the tensor is stored, each under a key of its own; none if it is stored whole.
    #[prost(message, repeated, tag = "7")]
    pub slices: Vec<TensorSliceProto>,
}
