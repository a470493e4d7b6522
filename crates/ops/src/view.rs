//! Borrowed tensors: a shape and a slice of elements, row-major.

/// The elements of a tensor, borrowed.
#[derive(Clone, Copy, Debug)]
pub enum Data<'a> {
    /// Truth values.
    Bool(&'a [bool]),
    /// Unsigned bytes.
    U8(&'a [u8]),
    /// 32-bit signed integers.
    I32(&'a [i32]),
    /// 64-bit signed integers.
    I64(&'a [i64]),
    /// Single precision.
    F32(&'a [f32]),
    /// Double precision.
    F64(&'a [f64]),
    /// The upper halves of single precision, as their bits.
    Bf16(&'a [u16]),
    /// Half precision, as its bits.
    F16(&'a [u16]),
}

/// The elements of a tensor, borrowed to be written.
#[derive(Debug)]
pub enum DataMut<'a> {
    /// Truth values.
    Bool(&'a mut [bool]),
    /// Unsigned bytes.
    U8(&'a mut [u8]),
    /// 32-bit signed integers.
    I32(&'a mut [i32]),
    /// 64-bit signed integers.
    I64(&'a mut [i64]),
    /// Single precision.
    F32(&'a mut [f32]),
    /// Double precision.
    F64(&'a mut [f64]),
    /// The upper halves of single precision, as their bits.
    Bf16(&'a mut [u16]),
    /// Half precision, as its bits.
    F16(&'a mut [u16]),
}

/// A tensor that is read: `data` holds as many elements as the product of `shape`, the last axis varying fastest.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The extent of each axis; empty for a scalar.
    pub shape: &'a [usize],
    /// The elements, row-major.
    pub data: Data<'a>,
}

/// A tensor that is written: `data` holds as many elements as the product of `shape`, the last axis varying fastest.
#[derive(Debug)]
pub struct ViewMut<'a> {
    /// The extent of each axis; empty for a scalar.
    pub shape: &'a [usize],
    /// The elements, row-major.
    pub data: DataMut<'a>,
}

/// A variable to be updated: in place, or beside a snapshot that still reads the old values.
#[derive(Debug)]
pub struct Target<'a> {
    /// Where the new values go; without `from` it also holds the old ones.
    pub next: ViewMut<'a>,
    /// The old values, when they must stay as they are; of the dtype and shape of `next`.
    pub from: Option<View<'a>>,
}

/// The type of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DType {
    /// Truth values.
    Bool,
    /// Unsigned bytes.
    U8,
    /// 32-bit signed integers.
    I32,
    /// 64-bit signed integers.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// The upper half of single precision; stored, moved and cast, not computed with.
    Bf16,
    /// Half precision; stored, moved and cast, not computed with.
    F16,
}

impl DType {
    /// As it is called in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::Bf16 => "bf16",
            DType::F16 => "f16",
        }
    }

    /// Whether it is of two bytes, and not computed with.
    pub(crate) fn is_half(self) -> bool {
        matches!(self, DType::Bf16 | DType::F16)
    }
}

impl Data<'_> {
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Data::Bool(_) => DType::Bool,
            Data::U8(_) => DType::U8,
            Data::I32(_) => DType::I32,
            Data::I64(_) => DType::I64,
            Data::F32(_) => DType::F32,
            Data::F64(_) => DType::F64,
            Data::Bf16(_) => DType::Bf16,
            Data::F16(_) => DType::F16,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Data::Bool(values) => values.len(),
            Data::U8(values) => values.len(),
            Data::I32(values) => values.len(),
            Data::I64(values) => values.len(),
            Data::F32(values) => values.len(),
            Data::F64(values) => values.len(),
            Data::Bf16(bits) | Data::F16(bits) => bits.len(),
        }
    }
}

impl DataMut<'_> {
    /// The same elements, borrowed to be read.
    pub(crate) fn as_data(&self) -> Data<'_> {
        match self {
            DataMut::Bool(values) => Data::Bool(values),
            DataMut::U8(values) => Data::U8(values),
            DataMut::I32(values) => Data::I32(values),
            DataMut::I64(values) => Data::I64(values),
            DataMut::F32(values) => Data::F32(values),
            DataMut::F64(values) => Data::F64(values),
            DataMut::Bf16(bits) => Data::Bf16(bits),
            DataMut::F16(bits) => Data::F16(bits),
        }
    }
}

impl ViewMut<'_> {
    /// The same tensor, borrowed to be read.
    pub(crate) fn as_view(&self) -> View<'_> {
        View { shape: self.shape, data: self.data.as_data() }
    }
}
