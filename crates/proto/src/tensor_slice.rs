//! A part of a tensor: TensorFlow's `tensor_slice.proto`.

use prost::Message;

/// A part of a tensor, one extent for each axis.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TensorSliceProto {
    /// The extents, outermost first.
    #[prost(message, repeated, tag = "1")]
    pub extent: Vec<Extent>,
}

/// A part of an axis: TensorFlow's `TensorSliceProto.Extent`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Extent {
    /// The first index.
    #[prost(int64, tag = "1")]
    pub start: i64,
    /// How many; none is the whole axis.
    #[prost(int64, optional, tag = "2")]
    pub length: Option<i64>,
}
