//! The same numbers as another dtype.

use crate::{Bf16, DType, Element, Error, ErrorKind, F16, Result, Tensor};

/// Whether numbers of one dtype can become numbers of the other: floats among each other, and integers.
pub(crate) fn is_convertible(from: DType, into: DType) -> bool {
    from == into || (from.is_float() && into.is_float()) || (is_integer(from) && is_integer(into))
}

fn is_integer(dtype: DType) -> bool {
    matches!(dtype, DType::U8 | DType::I32 | DType::I64)
}

/// The tensor as `dtype`: floats rounded to the nearest, those of two bytes by way of f32, integers as they are.
///
/// # Errors
/// `InvalidArgument` naming a number that `dtype` does not hold.
pub(crate) fn convert(tensor: &Tensor, dtype: DType) -> Result<Tensor> {
    match (tensor.dtype(), dtype) {
        (from, into) if from == into => Ok(tensor.clone()),
        (DType::F32, into) if into.is_float() => float::<f32>(tensor, into),
        (DType::F64, into) if into.is_float() => float::<f64>(tensor, into),
        (DType::Bf16, into) if into.is_float() => float::<Bf16>(tensor, into),
        (DType::F16, into) if into.is_float() => float::<F16>(tensor, into),
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

/// As another float; one that is finite and becomes infinite does not fit.
fn float<T: Element>(tensor: &Tensor, into: DType) -> Result<Tensor> {
    let single = |number: T| number.to_f64() as f32;
    let fits = |number: T, rounded: f64| rounded.is_finite() || !number.to_f64().is_finite();
    match into {
        DType::Bf16 => map(tensor, |number: T| {
            Some(Bf16::from_f32(single(number))).filter(|rounded| fits(number, rounded.to_f64()))
        }),
        DType::F16 => map(tensor, |number: T| {
            Some(F16::from_f32(single(number))).filter(|rounded| fits(number, rounded.to_f64()))
        }),
        DType::F32 => map(tensor, |number: T| Some(single(number)).filter(|rounded| fits(number, (*rounded).into()))),
        _ => map(tensor, |number: T| Some(number.to_f64())),
    }
}

fn map<T: Element, U: Element>(tensor: &Tensor, convert: impl Fn(T) -> Option<U>) -> Result<Tensor> {
    let elements = tensor.as_slice::<T>()?.iter().map(|element| {
        let exceeds = || Error::new(ErrorKind::InvalidArgument, format!("{element:?} exceeds {}", U::DTYPE));
        convert(*element).ok_or_else(exceeds)
    });
    Tensor::from_vec(tensor.shape(), elements.collect::<Result<Vec<U>>>()?)
}
