//! Convolutions and poolings by their definitions.

use ndarray::{Array4, ArrayD, ArrayView2, ArrayViewMut2, Ix2, Ix4, IxDyn, SliceInfo, SliceInfoElem, s};

use super::values::{Floats, floats};
use crate::{
    View,
    kernel::{Geometry, Pass, Pooling, Window, Windows},
};

pub(super) fn convolution(
    pass: Pass,
    window: Window,
    depthwise: bool,
    one: View<'_>,
    other: View<'_>,
    shape: &[usize],
) -> Floats {
    let (a, b) = (flat(one), flat(other));
    let mut sums = ArrayD::zeros(IxDyn(shape));
    let target = sums.as_slice_mut().expect("a new array is in order");
    match pass {
        Pass::Forward => {
            let geometry = Geometry::of(window, depthwise, one.shape, other.shape, shape);
            each_product(geometry, |image, filter, output| target[output] += a[image] * b[filter]);
        }
        Pass::BackpropInput => {
            let geometry = Geometry::of(window, depthwise, shape, one.shape, other.shape);
            each_product(geometry, |image, filter, output| target[image] += a[filter] * b[output]);
        }
        Pass::BackpropFilter => {
            let geometry = Geometry::of(window, depthwise, one.shape, shape, other.shape);
            each_product(geometry, |image, filter, output| target[filter] += a[image] * b[output]);
        }
    }
    sums
}

fn flat(view: View<'_>) -> Vec<f64> {
    floats(view).into_iter().collect()
}

/// Every product of a convolution: the places in images, filter and output.
fn each_product(geometry: Option<Geometry>, mut visit: impl FnMut(usize, usize, usize)) {
    let geometry = geometry.expect("the check has compared the shapes");
    let Geometry { batch, images: [height, width], filter: [rows, columns], output: [down, across], .. } = geometry;
    let Geometry { groups, channels, filters, .. } = geometry;
    for ((image, y), x) in product(product(0..batch, down), across) {
        let output = ((image * down + y) * across + x) * geometry.out();
        for (row, column) in product(0..rows, columns) {
            let (Some(from_y), Some(from_x)) = (geometry.touched(0, y, row), geometry.touched(1, x, column)) else {
                continue;
            };
            let from = ((image * height + from_y) * width + from_x) * geometry.depth();
            for ((group, channel), filter) in product(product(0..groups, channels), filters) {
                let tap = ((row * columns + column) * channels + channel) * geometry.out();
                let of_group = group * filters + filter;
                visit(from + group * channels + channel, tap + of_group, output + of_group);
            }
        }
    }
}

/// Each of the outer ones with each of `0..inner`, the inner ones varying fastest.
fn product<T: Copy>(outer: impl IntoIterator<Item = T>, inner: usize) -> impl Iterator<Item = (T, usize)> {
    outer.into_iter().flat_map(move |outer| (0..inner).map(move |inner| (outer, inner)))
}

pub(super) fn pooling(kind: Pooling, windows: Windows, inputs: &[View<'_>], shape: &[usize]) -> Floats {
    let input = |index: usize| images(floats(inputs[index]));
    match kind {
        Pooling::Max => pooled(windows, &input(0), shape, |window| {
            window.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b })
        }),
        Pooling::Average => {
            pooled(windows, &input(0), shape, |window| window.iter().sum::<f64>() / window.len() as f64)
        }
        Pooling::AverageGrad => spread(windows, &input(0), shape, |_, mut window, gradient| {
            let share = gradient / window.len() as f64;
            window.iter_mut().for_each(|sum| *sum += share);
        }),
        Pooling::MaxGrad => {
            let (images, maxima) = (input(0), input(1));
            spread(windows, &input(2), shape, |place, mut window, gradient| {
                let maximum = maxima[place];
                let is_greatest = |value: &f64| *value == maximum || value.is_nan() && maximum.is_nan();
                let first = images.slice(cut(windows, place, shape)).iter().position(is_greatest);
                if let Some(sum) = first.and_then(|first| window.iter_mut().nth(first)) {
                    *sum += gradient;
                }
            })
        }
    }
}

fn images(values: Floats) -> Array4<f64> {
    values.into_dimensionality().expect("the check has counted four axes")
}

type Cut = SliceInfo<[SliceInfoElem; 4], Ix4, Ix2>;

/// The part of the images that window `place` touches.
fn cut(windows: Windows, [image, y, x, channel]: [usize; 4], images: &[usize]) -> Cut {
    let (rows, columns) = (windows.touched(0, y, images[1]), windows.touched(1, x, images[2]));
    s![image, rows, columns, channel]
}

fn places(shape: &[usize]) -> impl Iterator<Item = [usize; 4]> {
    let all = product(product(product(0..shape[0], shape[1]), shape[2]), shape[3]);
    all.map(|(((image, y), x), channel)| [image, y, x, channel])
}

fn pooled(
    windows: Windows,
    images: &Array4<f64>,
    shape: &[usize],
    function: impl Fn(ArrayView2<'_, f64>) -> f64,
) -> Floats {
    let values = places(shape).map(|place| function(images.slice(cut(windows, place, images.shape()))));
    ArrayD::from_shape_vec(IxDyn(shape), values.collect()).expect("one value for each place")
}

fn spread(
    windows: Windows,
    gradient: &Array4<f64>,
    shape: &[usize],
    add: impl Fn([usize; 4], ArrayViewMut2<'_, f64>, f64),
) -> Floats {
    let mut sums = images(ArrayD::zeros(IxDyn(shape)));
    for place in places(gradient.shape()) {
        add(place, sums.slice_mut(cut(windows, place, shape)), gradient[place]);
    }
    sums.into_dyn()
}
