//! The check of kernels that choose elements.

use super::{ALL, Call, Checked, FLOATS, NUMBERS};
use crate::{Data, View, ViewMut, kernel::IndexKernel, view::DType};

const INDICES: &[DType] = &[DType::I32, DType::I64];

impl IndexKernel {
    pub(super) fn name(&self) -> &'static str {
        match self {
            IndexKernel::Gather { .. } => "gather",
            IndexKernel::Scatter { .. } => "scatter",
            IndexKernel::ScatterAdd => "scatter-add",
            IndexKernel::OneHot { .. } => "one-hot",
            IndexKernel::TopK { .. } => "top-k",
            IndexKernel::TopKGrad => "top-k gradient",
            IndexKernel::Cumulate(_) => "cumulate",
            IndexKernel::CumprodGrad(_) => "cumulative product gradient",
            IndexKernel::InTopK { .. } => "in-top-k",
            IndexKernel::Order => "order",
            IndexKernel::SumDuplicates => "sum of duplicates",
        }
    }

    pub(super) fn arity(&self) -> (usize, usize) {
        match self {
            IndexKernel::ScatterAdd => (3, 1),
            IndexKernel::TopK { .. } => (1, 2),
            IndexKernel::SumDuplicates => (2, 2),
            IndexKernel::OneHot { .. } | IndexKernel::Cumulate(_) | IndexKernel::Order => (1, 1),
            _ => (2, 1),
        }
    }
}

pub(super) fn check(call: Call, kernel: &IndexKernel, inputs: &[View<'_>], outputs: &[ViewMut<'_>]) -> Checked {
    let arity = kernel.arity();
    call.arity(arity, inputs.len(), "outputs", outputs.len())?;
    let output = outputs[0].as_view();
    match *kernel {
        IndexKernel::Gather { axis } => slices(call, axis, inputs[0], inputs[1], output, ALL),
        IndexKernel::Scatter { axis } => slices(call, axis, output, inputs[1], inputs[0], NUMBERS),
        IndexKernel::ScatterAdd => {
            call.same(&[inputs[0], output])?;
            slices(call, 0, output, inputs[1], inputs[2], NUMBERS)
        }
        IndexKernel::OneHot { axis, .. } => {
            call.dtype(inputs[0], INDICES)?;
            axis_of(call, axis, output.shape)?;
            let without = [&output.shape[..axis], &output.shape[axis + 1..]];
            shape(call, "the indices", inputs[0].shape, &without)
        }
        IndexKernel::TopK { .. } => top_k(call, inputs[0], output, outputs[1].as_view()),
        IndexKernel::TopKGrad => top_k_grad(call, inputs[0], inputs[1], output),
        IndexKernel::Cumulate(cumulate) => {
            call.dtype(inputs[0], NUMBERS)?;
            call.same(&[inputs[0], output])?;
            axis_of(call, cumulate.axis, output.shape)
        }
        IndexKernel::CumprodGrad(cumulate) => {
            call.dtype(inputs[0], FLOATS)?;
            call.same(&[inputs[0], inputs[1], output])?;
            axis_of(call, cumulate.axis, output.shape)
        }
        IndexKernel::InTopK { .. } => in_top_k(call, inputs[0], inputs[1], output),
        IndexKernel::Order => order(call, inputs[0], output),
        IndexKernel::SumDuplicates => {
            call.dtype(output, NUMBERS)?;
            call.same(&[inputs[0], output])?;
            order(call, inputs[1], outputs[1].as_view())?;
            let count = inputs[1].shape[0];
            call.require(output.shape.first() == Some(&count), || format!("{count} indices for {:?}", output.shape))
        }
    }
}

pub(super) fn order(call: Call, indices: View<'_>, output: View<'_>) -> Checked {
    call.dtype(indices, INDICES)?;
    call.dtype(output, &[DType::I64])?;
    call.same_shape(&[indices, output])?;
    call.require(output.shape.len() == 1, || format!("indices are a vector, not of shape {:?}", output.shape))
}

fn axis_of(call: Call, axis: usize, shape: &[usize]) -> Checked {
    call.require(axis < shape.len(), || format!("shape {shape:?} has no axis {axis}"))
}

/// `shape` is made of these parts.
fn shape(call: Call, what: &str, shape: &[usize], parts: &[&[usize]]) -> Checked {
    let fits = shape.iter().eq(parts.iter().copied().flatten());
    call.require(fits, || format!("{what} of shape {shape:?} should have {:?}", parts.concat()))
}

/// `slices` are those of `whole` along the axis that the indices name.
fn slices(call: Call, axis: usize, whole: View<'_>, indices: View<'_>, slices: View<'_>, dtypes: &[DType]) -> Checked {
    call.dtype(whole, dtypes)?;
    call.same_dtype(&[whole, slices])?;
    call.dtype(indices, INDICES)?;
    axis_of(call, axis, whole.shape)?;
    let parts = [&whole.shape[..axis], indices.shape, &whole.shape[axis + 1..]];
    shape(call, "the slices", slices.shape, &parts)?;
    inside(call, indices, whole.shape[axis])
}

/// Every index is one of `extent`.
pub(super) fn inside(call: Call, indices: View<'_>, extent: usize) -> Checked {
    match indices.data {
        Data::I32(indices) => first_outside(call, indices.iter().map(|&index| index.into()), extent),
        Data::I64(indices) => first_outside(call, indices.iter().copied(), extent),
        _ => Ok(()),
    }
}

fn first_outside(call: Call, mut indices: impl Iterator<Item = i64>, extent: usize) -> Checked {
    let outside = |index: &i64| usize::try_from(*index).map_or(true, |index| index >= extent);
    let mut place = 0;
    let found = indices.find(|index| {
        place += 1;
        outside(index)
    });
    match found {
        None => Ok(()),
        Some(index) => call.require(false, || format!("index {index} at place {} is not in 0..{extent}", place - 1)),
    }
}

fn top_k(call: Call, input: View<'_>, values: View<'_>, indices: View<'_>) -> Checked {
    call.dtype(input, NUMBERS)?;
    call.same_dtype(&[input, values])?;
    call.dtype(indices, &[DType::I32])?;
    call.same_shape(&[values, indices])?;
    let (Some((last, rows)), Some((count, chosen))) = (input.shape.split_last(), values.shape.split_last()) else {
        return call.require(false, || "a scalar has no last axis");
    };
    let fits = rows == chosen && count <= last && *last <= i32::MAX as usize;
    call.require(fits, || format!("shape {:?} has no {count} elements a row for {:?}", input.shape, values.shape))
}

fn top_k_grad(call: Call, gradient: View<'_>, indices: View<'_>, output: View<'_>) -> Checked {
    call.dtype(gradient, FLOATS)?;
    call.same_dtype(&[gradient, output])?;
    call.dtype(indices, INDICES)?;
    call.same_shape(&[gradient, indices])?;
    let (Some((_, rows)), Some((last, whole))) = (gradient.shape.split_last(), output.shape.split_last()) else {
        return call.require(false, || "a scalar has no last axis");
    };
    call.require(rows == whole, || format!("the rows of {:?} are not those of {:?}", gradient.shape, output.shape))?;
    inside(call, indices, *last)
}

fn in_top_k(call: Call, predictions: View<'_>, targets: View<'_>, output: View<'_>) -> Checked {
    call.dtype(predictions, FLOATS)?;
    call.dtype(targets, INDICES)?;
    call.dtype(output, &[DType::Bool])?;
    let fits = matches!(predictions.shape, &[rows, _] if targets.shape == [rows] && output.shape == [rows]);
    call.require(fits, || {
        let (predictions, targets) = (predictions.shape, targets.shape);
        format!("predictions {predictions:?} and targets {targets:?} must be [batch, classes] and [batch]")
    })
}
