//! Choosing elements by their index or their order.

mod cumulate;
mod gather;
mod order;

use super::pool::Pool;
use crate::{
    Data, DataMut, View, ViewMut,
    element::{Element, unchecked_dtype, with_element, with_float, with_number},
    half::{Bf16, F16, Half},
    kernel::IndexKernel,
};

pub(super) fn run(pool: &Pool, kernel: &IndexKernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let [output, others @ ..] = outputs else { unreachable!("the check counts outputs") };
    let shape = output.shape;
    let dtype = inputs[0].data.dtype();
    match *kernel {
        IndexKernel::Gather { axis } => with_element!(dtype, T => {
            let slices = gather::Slices::new(inputs[0].shape, axis, Indices::new(inputs[1]));
            gather::gather(pool, slices, T::slice(inputs[0].data), T::slice_mut(&mut output.data));
        }),
        IndexKernel::Scatter { axis } => with_number!(dtype, T => {
            let slices = gather::Slices::new(shape, axis, Indices::new(inputs[1]));
            gather::scatter(pool, slices, None, T::slice(inputs[0].data), T::slice_mut(&mut output.data));
        }),
        IndexKernel::ScatterAdd => with_number!(dtype, T => {
            let slices = gather::Slices::new(shape, 0, Indices::new(inputs[1]));
            let (start, added) = (Some(T::slice(inputs[0].data)), T::slice(inputs[2].data));
            gather::scatter(pool, slices, start, added, T::slice_mut(&mut output.data));
        }),
        IndexKernel::OneHot { axis, on, off } => one_hot(pool, axis, on, off, Indices::new(inputs[0]), output),
        IndexKernel::TopK { ascending } => order::top_k(pool, ascending, inputs[0], output, &mut others[0]),
        IndexKernel::TopKGrad => with_float!(dtype, T => {
            let widths = [inputs[0].shape, shape].map(|shape| shape.last().copied().unwrap_or(1));
            let indices = Indices::new(inputs[1]);
            gather::scatter_along(pool, widths, indices, T::slice(inputs[0].data), T::slice_mut(&mut output.data));
        }),
        IndexKernel::Cumulate(cumulate) => with_number!(dtype, T => {
            let (input, output) = (T::slice(inputs[0].data), T::slice_mut(&mut output.data));
            cumulate::cumulate(pool, cumulate, shape, 1 as T, input, output);
        }),
        IndexKernel::CumprodGrad(cumulate) => with_float!(dtype, T => {
            let (gradient, input) = (T::slice(inputs[0].data), T::slice(inputs[1].data));
            cumulate::cumprod_grad(pool, cumulate, shape, gradient, input, T::slice_mut(&mut output.data));
        }),
        IndexKernel::InTopK { count } => with_float!(dtype, T => {
            let (predictions, targets) = (T::slice(inputs[0].data), Indices::new(inputs[1]));
            let output = bool::slice_mut(&mut output.data);
            order::in_top_k(pool, count, inputs[0].shape[1], predictions, targets, output);
        }),
        IndexKernel::Order => order::order(Indices::new(inputs[0]), i64::slice_mut(&mut output.data)),
        IndexKernel::SumDuplicates => with_number!(dtype, T => {
            let (indices, order) = (Indices::new(inputs[1]), i64::slice_mut(&mut others[0].data));
            order::order(indices, order);
            gather::sum_duplicates(pool, indices, order, T::slice(inputs[0].data), T::slice_mut(&mut output.data));
        }),
    }
}

/// Indices of either dtype.
#[derive(Clone, Copy, Debug)]
pub(super) enum Indices<'a> {
    I32(&'a [i32]),
    I64(&'a [i64]),
}

impl<'a> Indices<'a> {
    pub(super) fn new(indices: View<'a>) -> Indices<'a> {
        match indices.data {
            Data::I32(indices) => Indices::I32(indices),
            Data::I64(indices) => Indices::I64(indices),
            _ => unchecked_dtype(),
        }
    }

    pub(super) fn len(self) -> usize {
        match self {
            Indices::I32(indices) => indices.len(),
            Indices::I64(indices) => indices.len(),
        }
    }

    /// The index at `place`; a negative one is greater than every extent.
    #[inline(always)]
    pub(super) fn at(self, place: usize) -> usize {
        match self {
            Indices::I32(indices) => indices[place] as usize,
            Indices::I64(indices) => indices[place] as usize,
        }
    }
}

fn one_hot(pool: &Pool, axis: usize, on: f64, off: f64, indices: Indices<'_>, output: &mut ViewMut<'_>) {
    let (depth, inner) = (output.shape[axis], output.shape[axis + 1..].iter().product());
    let extents = [depth, inner];
    match &mut output.data {
        DataMut::Bool(values) => gather::one_hot(pool, extents, indices, on != 0.0, off != 0.0, values),
        DataMut::U8(values) => gather::one_hot(pool, extents, indices, on as u8, off as u8, values),
        DataMut::I32(values) => gather::one_hot(pool, extents, indices, on as i32, off as i32, values),
        DataMut::I64(values) => gather::one_hot(pool, extents, indices, on as i64, off as i64, values),
        DataMut::F32(values) => gather::one_hot(pool, extents, indices, on as f32, off as f32, values),
        DataMut::F64(values) => gather::one_hot(pool, extents, indices, on, off, values),
        DataMut::Bf16(bits) => {
            let [on, off] = [on, off].map(|number| Bf16::round(number as f32));
            gather::one_hot(pool, extents, indices, on, off, bits);
        }
        DataMut::F16(bits) => {
            let [on, off] = [on, off].map(|number| F16::round(number as f32));
            gather::one_hot(pool, extents, indices, on, off, bits);
        }
    }
}
