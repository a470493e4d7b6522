//! Numbers and small tensors as people read them.

use everstep_tensor::{Bf16, DType, Element, F16, Tensor};

/// A number in six significant digits, without trailing zeros; with an exponent if it is tiny or huge.
pub(crate) fn number(value: f64) -> String {
    let rounded = format!("{value:.5e}").parse().unwrap_or(value);
    let plain = rounded == 0.0 || !f64::is_finite(rounded) || (1e-5..1e16).contains(&rounded.abs());
    if plain { rounded.to_string() } else { format!("{rounded:e}") }
}

/// The elements in nested brackets; of a large tensor its dtype, shape and first few elements.
pub(crate) fn tensor(tensor: &Tensor) -> String {
    const LARGE: usize = 17;
    match elements(tensor) {
        Some(elements) if (1..LARGE).contains(&elements.len()) => nested(&elements, tensor.shape()),
        _ => format!("{tensor:?}"),
    }
}

/// A place in a tensor: `[2, 0]`, and nothing for a scalar.
pub(crate) fn place(mut index: usize, shape: &[usize]) -> String {
    let mut place = vec![0; shape.len()];
    for (axis, length) in shape.iter().enumerate().rev() {
        place[axis] = index % length;
        index /= length;
    }
    if place.is_empty() { String::new() } else { format!("{place:?}") }
}

fn elements(tensor: &Tensor) -> Option<Vec<String>> {
    match tensor.dtype() {
        DType::Bool => each::<bool>(tensor, |x| x.to_string()),
        DType::U8 => each::<u8>(tensor, |x| x.to_string()),
        DType::I32 => each::<i32>(tensor, |x| x.to_string()),
        DType::I64 => each::<i64>(tensor, |x| x.to_string()),
        DType::F32 => each::<f32>(tensor, |x| number(x.into())),
        DType::F64 => each::<f64>(tensor, number),
        DType::Bf16 => each::<Bf16>(tensor, |x| number(x.to_f64())),
        DType::F16 => each::<F16>(tensor, |x| number(x.to_f64())),
        _ => None,
    }
}

fn each<T: Element>(tensor: &Tensor, text: impl Fn(T) -> String) -> Option<Vec<String>> {
    tensor.as_slice::<T>().ok().map(|elements| elements.iter().map(|element| text(*element)).collect())
}

/// `elements` is not empty, so no axis is of length 0.
fn nested(elements: &[String], shape: &[usize]) -> String {
    let [axis, inner @ ..] = shape else { return elements.concat() };
    let rows = elements.chunks(elements.len() / axis).map(|row| nested(row, inner));
    format!("[{}]", rows.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests;
