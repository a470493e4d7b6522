//! An attribute of an operation: TensorFlow's `attr_value.proto`.

use prost::{Message, Oneof};

use crate::{tensor::TensorProto, tensor_shape::TensorShapeProto, types::DataType};

/// The value of an attribute.
#[derive(Clone, PartialEq, Message)]
pub struct AttrValue {
    /// The value; `None` if it is of a kind that is not here.
    #[prost(oneof = "Attr", tags = "1, 2, 3, 4, 5, 6, 7, 8")]
    pub value: Option<Attr>,
}

/// What an [`AttrValue`] holds; the names of the variants are TensorFlow's.
#[derive(Clone, PartialEq, Oneof)]
pub enum Attr {
    /// A list of one of the other kinds.
    #[prost(message, tag = "1")]
    List(ListValue),
    /// Bytes, most often a text.
    #[prost(bytes, tag = "2")]
    S(Vec<u8>),
    /// A whole number.
    #[prost(int64, tag = "3")]
    I(i64),
    /// A number.
    #[prost(float, tag = "4")]
    F(f32),
    /// Yes or no.
    #[prost(bool, tag = "5")]
    B(bool),
    /// A type of elements.
    #[prost(enumeration = "DataType", tag = "6")]
    Type(i32),
    /// A shape.
    #[prost(message, tag = "7")]
    Shape(TensorShapeProto),
    /// A tensor.
    #[prost(message, tag = "8")]
    Tensor(TensorProto),
}

/// A list as an attribute, all of one kind: TensorFlow's `AttrValue.ListValue`.
#[derive(Clone, PartialEq, Message)]
pub struct ListValue {
    /// Bytes, most often texts.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub s: Vec<Vec<u8>>,
    /// Whole numbers.
    #[prost(int64, repeated, tag = "3")]
    pub i: Vec<i64>,
    /// Numbers.
    #[prost(float, repeated, tag = "4")]
    pub f: Vec<f32>,
    /// Yes or no.
    #[prost(bool, repeated, tag = "5")]
    pub b: Vec<bool>,
    /// Types of elements.
    #[prost(enumeration = "DataType", repeated, tag = "6")]
    pub r#type: Vec<i32>,
    /// Shapes.
    #[prost(message, repeated, tag = "7")]
    pub shape: Vec<TensorShapeProto>,
    /// Tensors.
    #[prost(message, repeated, tag = "8")]
    pub tensor: Vec<TensorProto>,
}
