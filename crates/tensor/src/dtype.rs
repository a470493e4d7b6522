//! The types that elements can have.

use std::fmt;

use crate::{Bf16, F16};

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DType {
    /// A truth value, one byte: 0 or 1.
    Bool,
    /// An unsigned byte.
    U8,
    /// A 32-bit signed integer.
    I32,
    /// A 64-bit signed integer.
    I64,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
    /// The upper half of an IEEE 754 single, [`Bf16`].
    Bf16,
    /// IEEE 754 half precision, [`F16`].
    F16,
}

impl DType {
    /// Every dtype, in order of declaration.
    pub const ALL: [Self; 8] =
        [Self::Bool, Self::U8, Self::I32, Self::I64, Self::F32, Self::F64, Self::Bf16, Self::F16];

    /// Bytes of one element.
    #[inline]
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 => 1,
            Self::Bf16 | Self::F16 => 2,
            Self::I32 | Self::F32 => 4,
            Self::I64 | Self::F64 => 8,
        }
    }

    /// The short name: `bool`, `u8`, `i32`, `i64`, `f32`, `f64`, `bf16`, `f16`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::U8 => "u8",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        }
    }

    /// The dtype of that short name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// Whether elements are floating-point numbers.
    pub const fn is_float(self) -> bool {
        matches!(self, Self::F32 | Self::F64) || self.is_half()
    }

    /// Whether elements are floating-point numbers of two bytes, which are stored but not computed with.
    pub const fn is_half(self) -> bool {
        matches!(self, Self::Bf16 | Self::F16)
    }

    /// The dtype in which an engine computes with elements: f32 for those of two bytes, which are rounded again when they
    /// are stored, and else the same.
    pub const fn arithmetic(self) -> Self {
        if self.is_half() { Self::F32 } else { self }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A Rust type that can be an element of a tensor; sealed, because the cast module relies on its layout.
pub trait Element: sealed::Sealed + Copy + Default + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// The dtype of this type.
    const DTYPE: DType;

    /// The number nearest to this element; `true` is 1.
    fn to_f64(self) -> f64;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! element {
    ($($type:ty => $dtype:ident, $to_f64:expr;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const DTYPE: DType = DType::$dtype;
            fn to_f64(self) -> f64 {
                let convert: fn($type) -> f64 = $to_f64;
                convert(self)
            }
        }
    )*};
}

element! {
    bool => Bool, |x| f64::from(u8::from(x));
    u8 => U8, f64::from;
    i32 => I32, f64::from;
    i64 => I64, |x| x as f64;
    f32 => F32, f64::from;
    f64 => F64, |x| x;
    Bf16 => Bf16, |x| f64::from(x.to_f32());
    F16 => F16, |x| f64::from(x.to_f32());
}
