//! The shape of a tensor: TensorFlow's `tensor_shape.proto`.

use prost::Message;

/// The shape of a tensor.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TensorShapeProto {
    /// The axes, outermost first; none is a scalar.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
    /// Even the number of axes is unknown.
    #[prost(bool, tag = "3")]
    pub unknown_rank: bool,
}

/// One axis: TensorFlow's `TensorShapeProto.Dim`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Dim {
    /// Its length; −1 is unknown.
    #[prost(int64, tag = "1")]
    pub size: i64,
    /// Its name, if it has one.
    #[prost(string, tag = "2")]
    pub name: String,
}
