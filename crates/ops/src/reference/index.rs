//! Choosing elements, by the definitions.

use std::cmp::Ordering;

use ndarray::Array1;

use super::{
    shape::{flat, indices},
    values::{Values, listed, write},
};
use crate::{
    Data, View, ViewMut,
    element::{Element, unchecked_dtype, with_element, with_float, with_number},
    kernel::{Cumulate, IndexKernel},
};

pub(super) fn run(kernel: &IndexKernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let [output, others @ ..] = outputs else { unreachable!("the check counts outputs") };
    match *kernel {
        IndexKernel::Gather { axis } => gather(axis, inputs[0], &read(inputs[1]), inputs[1].shape.len(), output),
        IndexKernel::Scatter { axis } => {
            scatter(axis, None, &read(inputs[1]), inputs[1].shape.len(), inputs[0], output)
        }
        IndexKernel::ScatterAdd => {
            scatter(0, Some(inputs[0]), &read(inputs[1]), inputs[1].shape.len(), inputs[2], output);
        }
        IndexKernel::OneHot { axis, on, off } => one_hot(axis, on, off, &read(inputs[0]), output),
        IndexKernel::TopK { ascending } => top_k(ascending, inputs[0], output, &mut others[0]),
        IndexKernel::TopKGrad => top_k_grad(inputs[0], &read(inputs[1]), output),
        IndexKernel::Cumulate(cumulate) => cumulate_each(cumulate, inputs[0], output),
        IndexKernel::CumprodGrad(cumulate) => cumprod_grad(cumulate, inputs[0], inputs[1], output),
        IndexKernel::InTopK { count } => in_top_k(count, inputs[0], &read(inputs[1]), output),
        IndexKernel::Order => {
            let indices = read(inputs[0]);
            let mut order: Vec<i64> = (0..indices.len() as i64).collect();
            order.sort_by_key(|place| indices[*place as usize]);
            i64::slice_mut(&mut output.data).copy_from_slice(&order);
        }
        IndexKernel::SumDuplicates => {
            run(&IndexKernel::Order, &inputs[1..], others);
            let indices = read(inputs[1]);
            let first = |index| indices.iter().position(|other| other == index).map_or(0, |place| place as i64);
            let firsts: Vec<i64> = indices.iter().map(first).collect();
            scatter(0, None, &firsts, 1, inputs[0], output);
        }
    }
}

/// The indices as they are, whether an axis has them or not.
pub(super) fn read(indices: View<'_>) -> Vec<i64> {
    match indices.data {
        Data::I32(indices) => indices.iter().map(|&index| index.into()).collect(),
        Data::I64(indices) => indices.to_vec(),
        _ => unchecked_dtype(),
    }
}

/// The place in the whole of the element at `place` of the slices.
fn source(axis: usize, whole: &[usize], named: &[i64], rank: usize, slices: &[usize], place: usize) -> usize {
    let index = indices(slices, place);
    let named = named[flat(&slices[axis..axis + rank], &index[axis..axis + rank])] as usize;
    flat(whole, &[&index[..axis], &[named], &index[axis + rank..]].concat())
}

fn gather(axis: usize, values: View<'_>, named: &[i64], rank: usize, output: &mut ViewMut<'_>) {
    let shape = output.shape;
    with_element!(values.data.dtype(), T => {
        let from = T::slice(values.data);
        for (place, element) in T::slice_mut(&mut output.data).iter_mut().enumerate() {
            *element = from[source(axis, values.shape, named, rank, shape, place)];
        }
    });
}

pub(super) fn scatter(
    axis: usize,
    start: Option<View<'_>>,
    named: &[i64],
    rank: usize,
    slices: View<'_>,
    output: &mut ViewMut<'_>,
) {
    let (shape, length) = (output.shape, output.shape.iter().product());
    let place_of = |place| source(axis, shape, named, rank, slices.shape, place);
    if let Values::Integers(added) = Values::read(slices) {
        let mut sums: Vec<i64> = match start {
            Some(start) => Values::read(start).integers().into_iter().collect(),
            None => vec![0; length],
        };
        for (place, element) in added.into_iter().enumerate() {
            let sum = &mut sums[place_of(place)];
            *sum = sum.wrapping_add(element);
        }
        return Values::Integers(Array1::from(sums).into_dyn()).write(output);
    }
    let mut sums = start.map_or_else(|| vec![0.0; length], listed);
    for (place, element) in listed(slices).into_iter().enumerate() {
        sums[place_of(place)] += element;
    }
    write(sums, output);
}

fn one_hot(axis: usize, on: f64, off: f64, named: &[i64], output: &mut ViewMut<'_>) {
    let shape = output.shape;
    let without: Vec<usize> = [&shape[..axis], &shape[axis + 1..]].concat();
    let number = |place: usize| {
        let index = indices(shape, place);
        let others = [&index[..axis], &index[axis + 1..]].concat();
        if named[flat(&without, &others)] == index[axis] as i64 { on } else { off }
    };
    let numbers: Array1<f64> = (0..shape.iter().product::<usize>()).map(number).collect();
    Values::Floats(numbers.into_dyn()).write(output);
}

fn top_k(ascending: bool, input: View<'_>, values: &mut ViewMut<'_>, chosen: &mut ViewMut<'_>) {
    let (width, count) = (input.shape.last().copied().unwrap_or(1), values.shape.last().copied().unwrap_or(1));
    let chosen = i32::slice_mut(&mut chosen.data);
    if count == 0 {
        return;
    }
    with_number!(input.data.dtype(), T => {
        let (input, values) = (T::slice(input.data), T::slice_mut(&mut values.data));
        for (row, values) in values.chunks_mut(count).enumerate() {
            let input = &input[row * width..(row + 1) * width];
            let mut order: Vec<usize> = (0..width).collect();
            order.sort_by(|one, other| {
                let order = compare(&input[*one], &input[*other]);
                if ascending { order } else { order.reverse() }
            });
            for (place, index) in order.into_iter().take(count).enumerate() {
                values[place] = input[index];
                chosen[row * count + place] = index as i32;
            }
        }
    });
}

/// NaN is greater than every number.
#[expect(clippy::eq_op, reason = "only NaN differs from itself, and integers have none")]
fn compare<T: PartialOrd>(one: &T, other: &T) -> Ordering {
    one.partial_cmp(other).unwrap_or_else(|| (one != one).cmp(&(other != other)))
}

fn top_k_grad(gradient: View<'_>, named: &[i64], output: &mut ViewMut<'_>) {
    let (width, count) = (output.shape.last().copied().unwrap_or(1), gradient.shape.last().copied().unwrap_or(1));
    let mut sums = vec![0.0; output.shape.iter().product()];
    for (place, (element, index)) in listed(gradient).into_iter().zip(named).enumerate() {
        sums[place / count * width + *index as usize] += element;
    }
    write(sums, output);
}

/// The places along the axis that come to the result at `index`.
fn before(cumulate: Cumulate, index: usize, extent: usize) -> std::ops::Range<usize> {
    match (cumulate.reverse, cumulate.exclusive) {
        (false, false) => 0..index + 1,
        (false, true) => 0..index,
        (true, false) => index..extent,
        (true, true) => index + 1..extent,
    }
}

fn cumulate_each(cumulate: Cumulate, input: View<'_>, output: &mut ViewMut<'_>) {
    let (shape, axis) = (output.shape, cumulate.axis);
    let stride: usize = shape[axis + 1..].iter().product();
    let terms = |place: usize| {
        let index = indices(shape, place)[axis];
        let first = place - index * stride;
        before(cumulate, index, shape[axis]).map(move |index| first + index * stride)
    };
    let places = 0..shape.iter().product();
    let is_product = cumulate.product;
    let result = match Values::read(input) {
        Values::Integers(input) => {
            let input: Vec<i64> = input.into_iter().collect();
            let combine = if is_product { i64::wrapping_mul } else { i64::wrapping_add };
            let each = |place| terms(place).map(|term| input[term]).fold(i64::from(is_product), combine);
            Values::Integers(places.map(each).collect::<Array1<i64>>().into_dyn())
        }
        Values::Floats(input) => {
            let input: Vec<f64> = input.into_iter().collect();
            let each = |place| {
                let each = terms(place).map(|term| input[term]);
                if is_product { each.product::<f64>() } else { each.sum() }
            };
            Values::Floats(places.map(each).collect::<Array1<f64>>().into_dyn())
        }
    };
    result.write(output);
}

/// Of each result, the product of the other factors.
fn cumprod_grad(cumulate: Cumulate, gradient: View<'_>, input: View<'_>, output: &mut ViewMut<'_>) {
    let (shape, axis) = (output.shape, cumulate.axis);
    let stride: usize = shape[axis + 1..].iter().product();
    let (gradient, input) = (listed(gradient), listed(input));
    let share = |place: usize| {
        let own = indices(shape, place)[axis];
        let first = place - own * stride;
        let results = (0..shape[axis]).filter(|result| before(cumulate, *result, shape[axis]).contains(&own));
        let of_result = |result: usize| {
            let others = before(cumulate, result, shape[axis]).filter(|factor| *factor != own);
            gradient[first + result * stride] * others.map(|factor| input[first + factor * stride]).product::<f64>()
        };
        results.map(of_result).sum()
    };
    write((0..input.len()).map(share).collect(), output);
}

fn in_top_k(count: usize, predictions: View<'_>, targets: &[i64], output: &mut ViewMut<'_>) {
    let classes = predictions.shape[1];
    let output = bool::slice_mut(&mut output.data);
    with_float!(predictions.data.dtype(), T => {
        let predictions = T::slice(predictions.data);
        for (row, (is_top, target)) in output.iter_mut().zip(targets).enumerate() {
            let row = &predictions[row * classes..(row + 1) * classes];
            let target = usize::try_from(*target).ok().and_then(|target| row.get(target)).filter(|value| value.is_finite());
            *is_top = target.is_some_and(|target| row.iter().filter(|value| *value > target).count() < count);
        }
    });
}
