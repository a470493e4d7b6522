//! Moving elements, by the definitions: one element after the other, places by division.

use super::values::{listed, write};
use crate::{
    DataMut, View, ViewMut,
    element::{Element, with_element},
    half::{Bf16, F16, Half},
    kernel::ShapeKernel,
};

pub(super) fn moves(kernel: &ShapeKernel, input: View<'_>, output: &mut ViewMut<'_>) {
    match kernel {
        ShapeKernel::MirrorPadGrad { before, mirror } => {
            let source = |place: usize| {
                let indices = indices(input.shape, place);
                let of = |axis: usize| mirror.source(indices[axis], before[axis], output.shape[axis]);
                flat(output.shape, &(0..indices.len()).map(of).collect::<Vec<usize>>())
            };
            let sources = (0..input.data.len()).map(source).collect::<Vec<usize>>();
            add_to(input, output, &sources);
        }
        ShapeKernel::TileGrad => {
            let source = |place: usize| repeated(input.shape, output.shape, place);
            let sources = (0..input.data.len()).map(source).collect::<Vec<usize>>();
            add_to(input, output, &sources);
        }
        _ => move_elements(kernel, input, output),
    }
}

/// This number everywhere.
pub(super) fn fill(value: f64, data: &mut DataMut<'_>) {
    match data {
        DataMut::Bool(elements) => elements.fill(value != 0.0),
        DataMut::U8(elements) => elements.fill(value as u8),
        DataMut::I32(elements) => elements.fill(value as i32),
        DataMut::I64(elements) => elements.fill(value as i64),
        DataMut::F32(elements) => elements.fill(value as f32),
        DataMut::F64(elements) => elements.fill(value),
        DataMut::Bf16(bits) => bits.fill(Bf16::round(value as f32)),
        DataMut::F16(bits) => bits.fill(F16::round(value as f32)),
    }
}

fn move_elements(kernel: &ShapeKernel, input: View<'_>, output: &mut ViewMut<'_>) {
    if let ShapeKernel::Place { fill: Some(value), .. } = kernel {
        fill(*value, &mut output.data);
    }
    let shape = output.shape;
    with_element!(input.data.dtype(), T => {
        let (from, to) = (T::slice(input.data), T::slice_mut(&mut output.data));
        if let ShapeKernel::Place { begins, steps, .. } = kernel {
            for (place, element) in from.iter().enumerate() {
                let index = indices(input.shape, place);
                let of = |axis: usize| (begins[axis] as isize + index[axis] as isize * steps[axis]) as usize;
                to[flat(shape, &(0..index.len()).map(of).collect::<Vec<usize>>())] = *element;
            }
            return;
        }
        for (place, element) in to.iter_mut().enumerate() {
            let index = indices(shape, place);
            *element = from[match kernel {
                ShapeKernel::Strided { offset, strides } => {
                    let way = index.iter().zip(strides).map(|(index, stride)| *index as isize * stride).sum::<isize>();
                    (*offset as isize + way) as usize
                }
                ShapeKernel::MirrorPad { before, mirror } => {
                    let of = |axis: usize| mirror.source(index[axis], before[axis], input.shape[axis]);
                    flat(input.shape, &(0..index.len()).map(of).collect::<Vec<usize>>())
                }
                _ => repeated(shape, input.shape, place),
            }];
        }
    });
}

/// Adds each element of the input to that of the output.
fn add_to(input: View<'_>, output: &mut ViewMut<'_>, sources: &[usize]) {
    let mut sums = vec![0.0; output.shape.iter().product()];
    for (element, source) in listed(input).into_iter().zip(sources) {
        sums[*source] += element;
    }
    write(sums, output);
}

/// The place of the original of what stands at `place` of the repetition.
fn repeated(shape: &[usize], once: &[usize], place: usize) -> usize {
    let index = indices(shape, place);
    flat(once, &index.iter().zip(once).map(|(index, once)| index % once).collect::<Vec<usize>>())
}

/// The index along each axis of the element at `place`.
pub(super) fn indices(shape: &[usize], mut place: usize) -> Vec<usize> {
    let mut indices = vec![0; shape.len()];
    for (index, extent) in indices.iter_mut().zip(shape).rev() {
        *index = place % extent;
        place /= extent;
    }
    indices
}

/// The place of the element at these indices.
pub(super) fn flat(shape: &[usize], indices: &[usize]) -> usize {
    shape.iter().zip(indices).fold(0, |place, (extent, index)| place * extent + index)
}
