//! Elements as files of other programs store them, widened to the dtypes that tensors have where they lack one.

use std::{fmt, ops::Range};

use crate::{Bf16, DType, Error, ErrorKind, F16, Result, Shape, Shared, Tensor};

/// How a file stores elements; for formats of other programs, whose types are more than [`DType`] has.
///
/// A type that [`DType`] lacks is read as the smallest one that holds each of its numbers, so that nothing is rounded:
/// `I8`, `I16` and `U16` as `i32`, `U32` as `i64`.
/// `U64` is read as `i64` if every element fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the number of its name")]
pub enum Encoding {
    Bool,
    U8,
    I8,
    U16,
    I16,
    F16,
    /// The upper half of an IEEE 754 single.
    Bf16,
    U32,
    I32,
    F32,
    U64,
    I64,
    F64,
}

/// The order of the bytes of an element in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The lowest byte first.
    Little,
    /// The highest byte first.
    Big,
}

impl ByteOrder {
    /// That of this machine.
    pub const NATIVE: Self = if cfg!(target_endian = "little") { Self::Little } else { Self::Big };
}

impl Encoding {
    /// How a tensor of this dtype is stored.
    pub const fn of(dtype: DType) -> Self {
        match dtype {
            DType::Bool => Self::Bool,
            DType::U8 => Self::U8,
            DType::I32 => Self::I32,
            DType::I64 => Self::I64,
            DType::F32 => Self::F32,
            DType::F64 => Self::F64,
            DType::Bf16 => Self::Bf16,
            DType::F16 => Self::F16,
        }
    }

    /// Bytes of one element in the file.
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::Bf16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// The dtype of the tensor that is read.
    pub const fn dtype(self) -> DType {
        match self {
            Self::Bool => DType::Bool,
            Self::U8 => DType::U8,
            Self::I8 | Self::U16 | Self::I16 | Self::I32 => DType::I32,
            Self::F16 => DType::F16,
            Self::Bf16 => DType::Bf16,
            Self::F32 => DType::F32,
            Self::U32 | Self::U64 | Self::I64 => DType::I64,
            Self::F64 => DType::F64,
        }
    }

    /// The tensor of the elements that lie at bytes `range` of `source`.
    ///
    /// It shares the bytes where they are elements already (order, dtype and alignment are right), else it has a copy.
    ///
    /// # Errors
    /// `DataLoss` if the bytes are not the shape's or not there, or a bool is neither 0 nor 1; `FailedPrecondition` if a
    /// `U64` exceeds `i64`; `ResourceExhausted` if there is no memory.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use everstep_tensor::{ByteOrder, Shared, Encoding};
    ///
    /// let bytes: Shared = Arc::new([0xff, 0xff, 0x00, 0x02]);
    /// let tensor = Encoding::I16.tensor(ByteOrder::Big, [2], &bytes, 0..4)?;
    /// assert_eq!(tensor.as_slice::<i32>()?, [-1, 2]);
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    pub fn tensor(
        self,
        order: ByteOrder,
        shape: impl Into<Shape>,
        source: &Shared,
        range: Range<usize>,
    ) -> Result<Tensor> {
        let shape = shape.into();
        let bytes = (**source).as_ref().get(range.clone()).unwrap_or(&[]);
        self.check(&shape, bytes)?;
        let is_element = self == Self::of(self.dtype()) && (order == ByteOrder::NATIVE || self.size() == 1);
        if !is_element {
            return self.widen(order, shape, bytes);
        }
        // Bytes that are not aligned are no fault: they are copied, and a bool that is none is found by the copy.
        let shared = Tensor::from_shared(self.dtype(), &shape, source.clone(), range.start);
        shared.or_else(|_| Tensor::from_bytes(self.dtype(), shape, bytes)).map_err(lost)
    }

    fn check(self, shape: &Shape, bytes: &[u8]) -> Result<()> {
        let expected = shape.elements().and_then(|elements| elements.checked_mul(self.size()));
        if expected == Some(bytes.len()) {
            return Ok(());
        }
        let message = format!("{self}{shape} does not take the {} bytes that are there", bytes.len());
        Err(Error::new(ErrorKind::DataLoss, message))
    }

    /// A copy, element by element.
    fn widen(self, order: ByteOrder, shape: Shape, bytes: &[u8]) -> Result<Tensor> {
        let word = |bytes: &[u8]| word(order, bytes);
        let words = bytes.chunks_exact(self.size()).map(word);
        match self {
            Self::Bool | Self::U8 => Tensor::from_bytes(self.dtype(), shape, bytes),
            Self::I8 => Tensor::from_vec(shape, words.map(|word| i32::from(word as i8)).collect()),
            Self::U16 => Tensor::from_vec(shape, words.map(|word| word as i32).collect()),
            Self::I16 => Tensor::from_vec(shape, words.map(|word| i32::from(word as i16)).collect()),
            Self::F16 => Tensor::from_vec(shape, words.map(|word| F16::from_bits(word as u16)).collect()),
            Self::Bf16 => Tensor::from_vec(shape, words.map(|word| Bf16::from_bits(word as u16)).collect()),
            Self::U32 => Tensor::from_vec(shape, words.map(|word| word as i64).collect()),
            Self::I32 => Tensor::from_vec(shape, words.map(|word| word as i32).collect()),
            Self::F32 => Tensor::from_vec(shape, words.map(|word| f32::from_bits(word as u32)).collect()),
            Self::U64 => Tensor::from_vec(shape, words.map(signed).collect::<Result<Vec<i64>>>()?),
            Self::I64 => Tensor::from_vec(shape, words.map(|word| word as i64).collect()),
            Self::F64 => Tensor::from_vec(shape, words.map(f64::from_bits).collect()),
        }
    }
}

/// The short name: `f16`, `bf16`, `u32`.
impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{self:?}").to_lowercase())
    }
}

/// The bits of one element, zeros above.
fn word(order: ByteOrder, bytes: &[u8]) -> u64 {
    let push = |word: u64, byte: &u8| (word << 8) | u64::from(*byte);
    match order {
        ByteOrder::Little => bytes.iter().rev().fold(0, push),
        ByteOrder::Big => bytes.iter().fold(0, push),
    }
}

/// The elements are not what their type allows.
fn lost(error: Error) -> Error {
    match error.kind() {
        ErrorKind::InvalidArgument => Error::new(ErrorKind::DataLoss, error.to_string()),
        _ => error,
    }
}

fn signed(word: u64) -> Result<i64> {
    let exceeds = |_| Error::new(ErrorKind::FailedPrecondition, format!("the u64 {word} exceeds i64; store it as i64"));
    i64::try_from(word).map_err(exceeds)
}
