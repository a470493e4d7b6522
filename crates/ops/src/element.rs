//! The types of elements, and choosing code by them.

use crate::{Data, DataMut};

/// A type in which tensors hold elements.
pub(crate) trait Element: Copy + Default + Send + Sync + PartialEq + PartialOrd + 'static {
    /// The elements of a view that the check has found to be held so.
    fn slice(data: Data<'_>) -> &[Self];

    /// The elements of a view that the check has found to be held so.
    fn slice_mut<'a>(data: &'a mut DataMut<'_>) -> &'a mut [Self];
}

/// A type that tells the dtype.
pub(crate) trait Typed: Element {
    /// The elements as a view has them.
    fn data(values: &[Self]) -> Data<'_>;

    /// The elements as a view has them.
    fn data_mut(values: &mut [Self]) -> DataMut<'_>;
}

macro_rules! element {
    ($type:ty, $variant:ident) => {
        impl Element for $type {
            fn slice(data: Data<'_>) -> &[Self] {
                match data {
                    Data::$variant(values) => values,
                    _ => unchecked_dtype(),
                }
            }

            fn slice_mut<'a>(data: &'a mut DataMut<'_>) -> &'a mut [Self] {
                match data {
                    DataMut::$variant(values) => values,
                    _ => unchecked_dtype(),
                }
            }
        }

        impl Typed for $type {
            fn data(values: &[Self]) -> Data<'_> {
                Data::$variant(values)
            }

            fn data_mut(values: &mut [Self]) -> DataMut<'_> {
                DataMut::$variant(values)
            }
        }
    };
}

element!(bool, Bool);
element!(u8, U8);
element!(i32, I32);
element!(i64, I64);
element!(f32, F32);
element!(f64, F64);

/// The bits of a number of two bytes, whose format they do not tell.
impl Element for u16 {
    fn slice(data: Data<'_>) -> &[Self] {
        match data {
            Data::Bf16(bits) | Data::F16(bits) => bits,
            _ => unchecked_dtype(),
        }
    }

    fn slice_mut<'a>(data: &'a mut DataMut<'_>) -> &'a mut [Self] {
        match data {
            DataMut::Bf16(bits) | DataMut::F16(bits) => bits,
            _ => unchecked_dtype(),
        }
    }
}

/// Reached only if a kernel runs without its check.
#[cold]
pub(crate) fn unchecked_dtype() -> ! {
    unreachable!("the check refuses other dtypes before a kernel runs")
}

/// Evaluates `$body` with `$T` naming the float type of `$dtype`.
macro_rules! with_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::view::DType::F32 => {
                type $T = f32;
                $body
            }
            $crate::view::DType::F64 => {
                type $T = f64;
                $body
            }
            _ => $crate::element::unchecked_dtype(),
        }
    };
}

/// Evaluates `$body` with `$T` naming the numeric type of `$dtype`.
macro_rules! with_number {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::view::DType::I32 => {
                type $T = i32;
                $body
            }
            $crate::view::DType::I64 => {
                type $T = i64;
                $body
            }
            float => $crate::element::with_float!(float, $T => $body),
        }
    };
}

/// Evaluates `$body` with `$T` naming the type of `$dtype`, any but those of two bytes.
macro_rules! with_plain {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::view::DType::Bool => {
                type $T = bool;
                $body
            }
            $crate::view::DType::U8 => {
                type $T = u8;
                $body
            }
            number => $crate::element::with_number!(number, $T => $body),
        }
    };
}

/// Evaluates `$body` with `$T` naming the type in which elements of `$dtype` are held.
macro_rules! with_element {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            $crate::view::DType::Bf16 | $crate::view::DType::F16 => {
                type $T = u16;
                $body
            }
            plain => $crate::element::with_plain!(plain, $T => $body),
        }
    };
}

pub(crate) use {with_element, with_float, with_number, with_plain};
