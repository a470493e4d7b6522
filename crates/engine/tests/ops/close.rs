//! Whether what was found is what was expected.

use everstep_tensor::{DType, Tensor};

use crate::{
    array::{Array, tensor},
    program::Checked,
};

/// How far a float may be off; integers and bools may not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tolerance {
    /// As a part of the element's own size, or of the floor.
    pub(crate) relative: f64,
    /// The least size that counts, as a part of the greatest element.
    pub(crate) floor: f64,
}

/// As many roundings of the dtype.
pub(crate) fn roundings(dtype: DType, count: f64) -> f64 {
    count * if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

/// # Errors
/// That name the first element that is off.
pub(crate) fn close(what: &str, found: &Tensor, expected: &Array, tolerance: Tolerance) -> Checked {
    let values = Array::from(found);
    if values.shape != expected.shape {
        return Err(format!("{what} has shape {:?}, expected {:?}", values.shape, expected.shape));
    }
    // A file has the shortest decimals that read back as the number.
    let expected = match found.dtype() {
        DType::F32 | DType::Bf16 | DType::F16 => Array::from(&tensor(found.dtype(), expected)),
        _ => expected.clone(),
    };
    let floor = tolerance.floor * expected.size();
    for (element, (found_value, expected)) in values.values.iter().zip(&expected.values).enumerate() {
        let allowed = if found.dtype().is_float() { tolerance.relative * expected.abs().max(floor) } else { 0.0 };
        let same = found_value == expected || found_value.is_nan() && expected.is_nan();
        let near = (found_value - expected).abs() <= allowed;
        if !same && !near {
            return Err(format!(
                "element {element} of {what} is {found_value}, expected {expected} within {allowed:e}"
            ));
        }
    }
    Ok(())
}

/// # Errors
/// That name the first tensor of which a bit differs.
pub(crate) fn same_bits(what: &str, found: &[Tensor], expected: &[Tensor]) -> Checked {
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        if !found.bit_eq(expected) {
            return Err(format!("{what}: bits of value {index} differ"));
        }
    }
    Ok(())
}
