//! A tensor with its elements: TensorFlow's `tensor.proto`.

use prost::Message;

use crate::{tensor_shape::TensorShapeProto, types::DataType};

/// A tensor with its elements.
///
/// The elements are either raw in `tensor_content` or listed in the field of their type.
/// A list shorter than the shape goes on with its last element.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// The type of the elements.
    #[prost(enumeration = "DataType", tag = "1")]
    pub dtype: i32,
    /// The shape.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<TensorShapeProto>,
    /// The elements as little-endian bytes, row by row; empty if they are listed below.
    #[prost(bytes = "vec", tag = "4")]
    pub tensor_content: Vec<u8>,
    /// The elements of a `Float`.
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    /// The elements of a `Double`.
    #[prost(double, repeated, tag = "6")]
    pub double_val: Vec<f64>,
    /// The elements of an `Int32` or a `Uint8`.
    #[prost(int32, repeated, tag = "7")]
    pub int_val: Vec<i32>,
    /// The elements of a `String`.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
    /// The elements of an `Int64`.
    #[prost(int64, repeated, tag = "10")]
    pub int64_val: Vec<i64>,
    /// The elements of a `Bool`.
    #[prost(bool, repeated, tag = "11")]
    pub bool_val: Vec<bool>,
    /// The bits of the elements of a `Half` or a `Bfloat16`.
    #[prost(int32, repeated, tag = "13")]
    pub half_val: Vec<i32>,
}
