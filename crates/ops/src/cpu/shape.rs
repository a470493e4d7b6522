//! Moving elements without computing with them.

mod mirror;
mod odometer;
mod place;
mod strided;
mod tile;

use super::{elementwise::BLOCK, pool::Pool};
use crate::{
    View, ViewMut,
    element::{Element, with_element, with_float},
    half::{Bf16, F16, Half},
    kernel::ShapeKernel,
    view::DataMut,
};

pub(super) fn moves(pool: &Pool, kernel: &ShapeKernel, input: View<'_>, output: &mut ViewMut<'_>) {
    match kernel {
        ShapeKernel::Place { fill: Some(value), .. } if input.data.len() < output.data.as_data().len() => {
            fill(pool, *value, output);
        }
        _ => {}
    }
    let dtype = input.data.dtype();
    let shape = output.shape;
    let data = &mut output.data;
    match kernel {
        ShapeKernel::Strided { offset, strides } => with_element!(dtype, T => {
            strided::strided(pool, *offset, strides, T::slice(input.data), shape, T::slice_mut(data));
        }),
        ShapeKernel::Place { begins, steps, .. } => with_element!(dtype, T => {
            let layout = place::Layout::new(input.shape, shape, begins, steps);
            place::place(pool, &layout, T::slice(input.data), T::slice_mut(data));
        }),
        ShapeKernel::MirrorPad { before, mirror } => with_element!(dtype, T => {
            let padding = mirror::Padding { inner: input.shape, outer: shape, before, mirror: *mirror };
            mirror::pad(pool, padding, T::slice(input.data), T::slice_mut(data));
        }),
        ShapeKernel::MirrorPadGrad { before, mirror } => with_float!(dtype, T => {
            let padding = mirror::Padding { inner: shape, outer: input.shape, before, mirror: *mirror };
            mirror::pad_grad(pool, padding, T::slice(input.data), T::slice_mut(data));
        }),
        ShapeKernel::Tile => with_element!(dtype, T => {
            tile::tile(pool, input.shape, shape, T::slice(input.data), T::slice_mut(data));
        }),
        ShapeKernel::TileGrad => with_float!(dtype, T => {
            tile::tile_grad(pool, shape, input.shape, T::slice(input.data), T::slice_mut(data));
        }),
        ShapeKernel::Fill(_) => unreachable!("the check counts inputs"),
    }
}

/// This number everywhere.
pub(super) fn fill(pool: &Pool, value: f64, output: &mut ViewMut<'_>) {
    fn each<T: Element>(pool: &Pool, values: &mut [T], value: T) {
        let cost = values.len() / 2;
        pool.blocks(values, BLOCK, cost, &|_, block: &mut [T]| block.fill(value));
    }
    match &mut output.data {
        DataMut::Bool(values) => each(pool, values, value != 0.0),
        DataMut::U8(values) => each(pool, values, value as u8),
        DataMut::I32(values) => each(pool, values, value as i32),
        DataMut::I64(values) => each(pool, values, value as i64),
        DataMut::F32(values) => each(pool, values, value as f32),
        DataMut::F64(values) => each(pool, values, value),
        DataMut::Bf16(bits) => each(pool, bits, Bf16::round(value as f32)),
        DataMut::F16(bits) => each(pool, bits, F16::round(value as f32)),
    }
}
