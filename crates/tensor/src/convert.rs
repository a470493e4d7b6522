//! The same numbers as another dtype.

use crate::{DType, Element, Error, ErrorKind, Result, Tensor};

/// Whether numbers of one dtype can become numbers of the other: floats among each other, and integers.
pub(crate) fn is_convertible(from: DType, into: DType) -> bool {
    from == into || (from.is_float() && into.is_float()) || (is_integer(from) && is_integer(into))
}

fn is_integer(dtype: DType) -> bool {
    matches!(dtype, DType::U8 | DType::I32 | DType::I64)
}

/// The tensor as `dtype`: floats rounded to the nearest, integers as they are.
///
/// # Errors
/// `InvalidArgument` naming a number that `dtype` does not hold.
pub(crate) fn convert(tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    match (tensor.dtype(), dtype) {
        (from, into) if from == into => Ok(tensor.clone()),
        (DType::F32, DType::F64) => map(tensor, |number: f32| Some(f64::from(number))),
        (DType::F64, DType::F32) => map(tensor, |number: f64| {
            let rounded = number as f32;
            (rounded.is_finite() || !number.is_finite()).then_some(rounded)
        }),
        (DType::U8, DType::I32) => map(tensor, |number: u8| Some(i32::from(number))),
        (DType::U8, DType::I64) => map(tensor, |number: u8| Some(i64::from(number))),
        (DType::I32, DType::I64) => map(tensor, |number: i32| Some(i64::from(number))),
        (DType::I32, DType::U8) => map(tensor, |number: i32| u8::try_from(number).ok()),
        (DType::I64, DType::U8) => map(tensor, |number: i64| u8::try_from(number).ok()),
        (DType::I64, DType::I32) => map(tensor, |number: i64| i32::try_from(number).ok()),
        (from, into) => {
            Err(Error::new(ErrorKind::InvalidArgument, format!("{from} does not become {into}; convert it by hand")))
        }
    }
}

fn map<T: Element, U: Element>(tensor: &Tensor, convert: impl Fn(T) -> Option<U>) -> Result<Tensor> {
    let elements = tensor.as_slice::<T>()?.iter().map(|element| {
        let exceeds = || Error::new(ErrorKind::InvalidArgument, format!("{element:?} exceeds {}", U::DTYPE));
        convert(*element).ok_or_else(exceeds)
    });
    Tensor::from_vec(tensor.shape(), elements.collect::<Result<Vec<U>>>()?)
}
