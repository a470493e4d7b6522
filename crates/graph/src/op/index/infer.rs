//! Dtypes and shapes of what index operations give.

use everstep_tensor::{DType, Result};

use super::IndexOp;
use crate::{
    PartialShape, TensorType,
    infer::{NUMBERS, check_dtype, check_equal_dtypes, check_float, invalid, is_numeric},
};

impl IndexOp {
    /// The types of the outputs; the number of inputs was checked.
    pub(crate) fn infer(&self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        let output = match (self, inputs) {
            (Self::Gather { axis }, [values, indices]) => gather(*axis, values, indices)?,
            (Self::GatherGrad { axis }, [gradient, indices, operand]) => {
                check_float(gradient.dtype)?;
                // A gradient of a variable of two bytes may be f32.
                let of_slices = gather(*axis, operand, indices)?;
                let dtype = if gradient.dtype == operand.dtype { operand.dtype } else { operand.dtype.arithmetic() };
                check_slices(&TensorType::new(dtype, of_slices.shape), gradient)?;
                TensorType::new(dtype, operand.shape.clone())
            }
            (Self::ScatterAdd, [tensor, indices, slices]) => {
                check_dtype(NUMBERS, is_numeric, tensor.dtype)?;
                check_slices(&gather(0, tensor, indices)?, slices)?;
                tensor.clone()
            }
            (Self::SumDuplicates, [slices, indices]) => return sum_duplicates(slices, indices),
            (Self::OneHot { axis, depth, dtype, .. }, [indices]) => one_hot(*axis, *depth, *dtype, indices)?,
            (Self::TopK { count, .. }, [input]) => return top_k(*count, input),
            (Self::TopKGrad, [gradient, indices, operand]) => top_k_grad(gradient, indices, operand)?,
            (Self::Cumulate(cumulate), [input]) => {
                check_dtype(NUMBERS, is_numeric, input.dtype)?;
                check_axis(cumulate.axis, &input.shape)?;
                input.clone()
            }
            (Self::CumprodGrad(cumulate), [gradient, input]) => {
                check_float(input.dtype)?;
                check_axis(cumulate.axis, &input.shape)?;
                check_slices(input, gradient)?;
                input.clone()
            }
            (Self::InTopK { .. }, [predictions, targets]) => in_top_k(predictions, targets)?,
            _ => unreachable!("the number of inputs was checked"),
        };
        Ok(vec![output])
    }
}

fn check_axis(axis: usize, shape: &PartialShape) -> Result<()> {
    if axis < shape.len() { Ok(()) } else { invalid(format!("there is no axis {axis} in shape {shape}")) }
}

fn check_indices(indices: &TensorType) -> Result<()> {
    check_dtype("indices of i32 or i64", |dtype| matches!(dtype, DType::I32 | DType::I64), indices.dtype)
}

/// The slices, and one place for each of the indices.
fn sum_duplicates(slices: &TensorType, indices: &TensorType) -> Result<Vec<TensorType>> {
    check_dtype(NUMBERS, is_numeric, slices.dtype)?;
    check_indices(indices)?;
    let count = slices.shape.first().map(|count| PartialShape::from([*count]));
    let Some(count) = count.and_then(|count| count.merge(&indices.shape)) else {
        return invalid(format!("slices {} and indices {}; give one index a slice", slices.shape, indices.shape));
    };
    let shape = count.iter().chain(&slices.shape[1..]).copied().collect::<PartialShape>();
    Ok(vec![TensorType::new(slices.dtype, shape), TensorType::new(DType::I64, count)])
}

pub(crate) fn gather(axis: usize, values: &TensorType, indices: &TensorType) -> Result<TensorType> {
    check_indices(indices)?;
    check_axis(axis, &values.shape)?;
    let (before, after) = (&values.shape[..axis], &values.shape[axis + 1..]);
    let shape = before.iter().chain(indices.shape.iter()).chain(after).copied();
    Ok(TensorType::new(values.dtype, shape.collect::<PartialShape>()))
}

/// What is scattered is of the type that gathering would give.
fn check_slices(expected: &TensorType, slices: &TensorType) -> Result<()> {
    check_equal_dtypes(expected.dtype, slices.dtype)?;
    match expected.shape.merge(&slices.shape) {
        Some(_) => Ok(()),
        None => invalid(format!("shape {} is given where {} fits", slices.shape, expected.shape)),
    }
}

fn one_hot(axis: usize, depth: usize, dtype: DType, indices: &TensorType) -> Result<TensorType> {
    check_indices(indices)?;
    if axis > indices.shape.len() {
        return invalid(format!("the new axis of {} has no place {axis}", indices.shape));
    }
    let mut shape = indices.shape.to_vec();
    shape.insert(axis, Some(depth));
    Ok(TensorType::new(dtype, shape.into_iter().collect::<PartialShape>()))
}

fn top_k(count: Option<usize>, input: &TensorType) -> Result<Vec<TensorType>> {
    check_dtype(NUMBERS, is_numeric, input.dtype)?;
    let Some((last, others)) = input.shape.split_last() else {
        return invalid("a scalar has no last axis; give a tensor of rank 1 or more".into());
    };
    if let (Some(count), Some(length)) = (count, last)
        && count > *length
    {
        return invalid(format!("the last axis of {} has no {count} elements; ask for at most {length}", input.shape));
    }
    let shape: PartialShape = others.iter().copied().chain([count.or(*last)]).collect();
    Ok(vec![TensorType::new(input.dtype, shape.clone()), TensorType::new(DType::I32, shape)])
}

fn top_k_grad(gradient: &TensorType, indices: &TensorType, operand: &TensorType) -> Result<TensorType> {
    check_float(gradient.dtype)?;
    check_indices(indices)?;
    check_equal_dtypes(gradient.dtype, operand.dtype)?;
    let rows =
        |shape: &PartialShape| shape.split_last().map(|(_, others)| others.iter().copied().collect::<PartialShape>());
    let fits = gradient.shape.merge(&indices.shape).is_some()
        && rows(&gradient.shape).zip(rows(&operand.shape)).is_some_and(|(one, other)| one.merge(&other).is_some());
    if !fits {
        let (gradient, indices, operand) = (&gradient.shape, &indices.shape, &operand.shape);
        return invalid(format!("gradient {gradient} and indices {indices} do not belong to elements of {operand}"));
    }
    Ok(operand.clone())
}

fn in_top_k(predictions: &TensorType, targets: &TensorType) -> Result<TensorType> {
    check_float(predictions.dtype)?;
    check_indices(targets)?;
    let ([examples, _], [labelled]) = (&*predictions.shape, &*targets.shape) else {
        let (predictions, targets) = (&predictions.shape, &targets.shape);
        return invalid(format!("predictions {predictions} and targets {targets}; give [batch, classes] and [batch]"));
    };
    match PartialShape::from([*examples]).merge(&PartialShape::from([*labelled])) {
        Some(batch) => Ok(TensorType::new(DType::Bool, batch)),
        None => {
            invalid(format!("{} predictions and {} targets; give one target a row", predictions.shape, targets.shape))
        }
    }
}
