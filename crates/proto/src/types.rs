//! The types of elements: TensorFlow's `types.proto`.

use prost::Enumeration;

/// The type of the elements of a tensor; a field keeps the numbers of other types as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub enum DataType {
    /// Not said.
    Invalid = 0,
    /// `f32`.
    Float = 1,
    /// `f64`.
    Double = 2,
    /// `i32`.
    Int32 = 3,
    /// `u8`.
    Uint8 = 4,
    /// Bytes of any length.
    String = 7,
    /// `i64`.
    Int64 = 9,
    /// `bool`.
    Bool = 10,
    /// The upper half of an `f32`.
    Bfloat16 = 14,
    /// IEEE 754 half precision.
    Half = 19,
}
