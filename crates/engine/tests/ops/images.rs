//! Convolutions and poolings of images.

use everstep_graph::{
    Axes, Convolution, ConvolutionOp, ConvolutionPass, Graph, Output, Padding, Pooling, PoolingKind, PoolingOp,
};
use everstep_tensor::{DType, Result};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::{Array, indices},
    entry::{Case, Entry},
    inputs::{self, Numbers, list},
};

fn pair(attributes: &Value, name: &str) -> [usize; 2] {
    list(attributes, name).try_into().unwrap()
}

fn padding(attributes: &Value) -> Padding {
    match attributes["padding"].as_str() {
        Some("SAME") => Padding::Same,
        Some("VALID") => Padding::Valid,
        _ => Padding::Explicit(serde_json::from_value(attributes["padding"].clone()).unwrap()),
    }
}

fn convolution(attributes: &Value) -> Convolution {
    let [strides, dilations] = ["strides", "dilations"].map(|name| pair(attributes, name));
    Convolution { strides, dilations, padding: padding(attributes) }
}

fn pooling(attributes: &Value) -> Pooling {
    let [size, strides] = ["size", "strides"].map(|name| pair(attributes, name));
    Pooling { size, strides, padding: padding(attributes) }
}

/// How many windows there are along an axis, and how far the first reaches over the image.
fn windows(attributes: &Value, axis: usize, length: usize, extent: usize) -> (usize, usize) {
    let stride = pair(attributes, "strides")[axis];
    match padding(attributes) {
        Padding::Valid => ((length - extent) / stride + 1, 0),
        Padding::Explicit(amounts) => {
            let [before, after] = amounts[axis];
            ((length + before + after - extent) / stride + 1, before)
        }
        Padding::Same => {
            let count = length.div_ceil(stride);
            (count, ((count - 1) * stride + extent).saturating_sub(length) / 2)
        }
    }
}

/// Each product of a convolution: the indices in images, filter and output.
struct Products {
    output: Vec<usize>,
    all: Vec<[Vec<usize>; 3]>,
}

fn products(images: &[usize], filter: &[usize], depthwise: bool, attributes: &Value) -> Products {
    let dilations = pair(attributes, "dilations");
    let strides = pair(attributes, "strides");
    let along = |axis: usize| windows(attributes, axis, images[1 + axis], (filter[axis] - 1) * dilations[axis] + 1);
    let [(down, top), (across, left)] = [along(0), along(1)];
    let channels = if depthwise { filter[2] * filter[3] } else { filter[3] };
    let output = vec![images[0], down, across, channels];
    let groups = images[3] / filter[2];
    let mut all = Vec::new();
    for place in indices(&output) {
        for tap in indices(filter) {
            let y = (place[1] * strides[0] + tap[0] * dilations[0]).checked_sub(top);
            let x = (place[2] * strides[1] + tap[1] * dilations[1]).checked_sub(left);
            let (Some(y), Some(x)) = (y.filter(|y| *y < images[1]), x.filter(|x| *x < images[2])) else { continue };
            let (makes, channel) = match depthwise {
                true => (tap[2] * filter[3] + tap[3], tap[2]),
                false => (tap[3], tap[3] / (filter[3] / groups) * filter[2] + tap[2]),
            };
            if makes == place[3] {
                all.push([vec![place[0], y, x, channel], tap, place.clone()]);
            }
        }
    }
    Products { output, all }
}

/// Adds each product of two of the tensors to the third.
fn summed(shape: &[usize], all: &[[Vec<usize>; 3]], [one, other, to]: [usize; 3], a: &Array, b: &Array) -> Vec<Array> {
    let mut sums = Array::of(shape, |_| 0.0);
    for places in all {
        let place = places[to].iter().zip(shape).fold(0, |place, (index, length)| place * length + index);
        sums.values[place] += a.at(&places[one]) * b.at(&places[other]);
    }
    vec![sums]
}

fn forward(inputs: &[Array], attributes: &Value, depthwise: bool) -> Vec<Array> {
    let (images, filter) = (&inputs[0], &inputs[1]);
    let Products { output, all } = products(&images.shape, &filter.shape, depthwise, attributes);
    summed(&output, &all, [0, 1, 2], images, filter)
}

/// Inputs (filter, gradient of the output).
fn transposed(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (filter, gradient) = (&inputs[0], &inputs[1]);
    let images = [&gradient.shape[..1], &list(attributes, "size")].concat();
    let Products { all, .. } = products(&images, &filter.shape, false, attributes);
    summed(&images, &all, [1, 2, 0], filter, gradient)
}

/// Inputs (images, filter, gradient of the output).
fn backprop_input(inputs: &[Array], attributes: &Value, depthwise: bool) -> Vec<Array> {
    let (images, filter) = (&inputs[0].shape, &inputs[1].shape);
    summed(images, &products(images, filter, depthwise, attributes).all, [1, 2, 0], &inputs[1], &inputs[2])
}

/// Inputs (images, filter, gradient of the output).
fn backprop_filter(inputs: &[Array], attributes: &Value, depthwise: bool) -> Vec<Array> {
    let (images, filter) = (&inputs[0].shape, &inputs[1].shape);
    summed(filter, &products(images, filter, depthwise, attributes).all, [0, 2, 1], &inputs[0], &inputs[2])
}

/// The lengths of a window along one axis: of the image, of the window, stride, dilation, and explicit padding.
type Along = (usize, usize, usize, usize, [usize; 2]);

/// A window that fits at least once.
fn along() -> impl Strategy<Value = Along> {
    (1usize..=3, 1usize..=2, 1usize..=2, 0usize..=2).prop_flat_map(|(size, stride, dilation, more)| {
        let padding = [0..size, 0..size];
        (Just((size - 1) * dilation + 1 + more), Just(size), Just(stride), Just(dilation), padding)
    })
}

fn attributes(down: Along, across: Along, kind: u8) -> Value {
    let padding = match kind {
        0 => json!("SAME"),
        1 => json!("VALID"),
        _ => json!([down.4, across.4]),
    };
    json!({ "strides": [down.2, across.2], "dilations": [down.3, across.3], "padding": padding })
}

/// The tensors of a convolution: images, filter, and a gradient of the output.
fn tensors(
    dtype: DType,
    depthwise: bool,
    images: [usize; 4],
    filter: [usize; 4],
    attributes: Value,
    seed: u64,
) -> Case {
    let output = products(&images, &filter, depthwise, &attributes).output;
    let of = |kind, shape: &[usize], seed| inputs::filled(dtype, kind, shape, seed);
    Case::new([
        of(Numbers::Signed, &images, seed),
        of(Numbers::Between, &filter, !seed),
        of(Numbers::Signed, &output, seed ^ 0x55),
    ])
    .with(attributes)
}

fn convolutions(dtype: DType, depthwise: bool) -> BoxedStrategy<Case> {
    let channels = (1usize..=2, 1usize..=2, 1usize..=2);
    let case = move |(batch, down, across, kind, (groups, channels, filters), seed): (
        usize,
        Along,
        Along,
        u8,
        (usize, usize, usize),
        u64,
    )| {
        let (depth, last) = match depthwise {
            true => ([groups, groups], filters),
            false => ([groups * channels, channels], groups * filters),
        };
        let (images, filter) = ([batch, down.0, across.0, depth[0]], [down.1, across.1, depth[1], last]);
        tensors(dtype, depthwise, images, filter, attributes(down, across, kind), seed)
    };
    (1usize..=2, along(), along(), 0u8..3, channels, any::<u64>()).prop_map(case).boxed()
}

/// A case with only some of its inputs.
fn only(case: Case, kept: &[usize]) -> Case {
    Case { inputs: kept.iter().map(|index| case.inputs[*index].clone()).collect(), ..case }
}

/// A case of a transposed convolution: the filter, what it is applied to, and the size of the result.
fn turned(case: Case) -> Case {
    let mut attributes = case.attributes.clone();
    attributes["size"] = json!(case.inputs[0].shape()[1..].to_vec());
    only(case, &[1, 2]).with(attributes)
}

fn dense() -> Value {
    json!({ "strides": [1, 1], "dilations": [1, 1], "padding": "SAME" })
}

/// Large enough for threads, and for every fast form there is.
fn many(depthwise: bool) -> Case {
    let (images, filter) = match depthwise {
        true => ([9, 33, 17, 40], [3, 3, 40, 1]),
        false => ([5, 19, 17, 16], [3, 3, 16, 24]),
    };
    let output = [&images[..3], &[filter[2] * filter[3]][..]].concat();
    let output = if depthwise { output } else { [&images[..3], &[filter[3]][..]].concat() };
    let (signed, between) = (Numbers::Signed, Numbers::Between);
    Case::new([inputs::many(signed, &images), inputs::many(between, &filter), inputs::many(signed, &output)])
        .with(dense())
}

/// A batch of nothing.
fn empty(dtype: DType, depthwise: bool) -> Case {
    tensors(dtype, depthwise, [0, 3, 3, 2], [2, 2, 2, 2], dense(), 1)
}

fn pass(graph: &mut Graph, inputs: &[Output], attributes: &Value, op: ConvolutionOp) -> Result<Vec<Output>> {
    let op = ConvolutionOp { convolution: convolution(attributes), ..op };
    Ok(vec![graph.convolution(op, inputs)?])
}

macro_rules! op {
    ($pass:expr, $depthwise:literal) => {
        |graph, inputs, attributes| {
            let op = ConvolutionOp { pass: $pass, depthwise: $depthwise, convolution: Convolution::same() };
            pass(graph, inputs, attributes, op)
        }
    };
}

fn conv2d_entry() -> Entry {
    Entry::new("Conv2D", |graph, inputs, attributes| {
        Ok(vec![graph.conv2d(inputs[0], inputs[1], convolution(attributes))?])
    })
    .means(|inputs, attributes| forward(inputs, attributes, false))
    .on(|dtype| convolutions(dtype, false).prop_map(|case| only(case, &[0, 1])).boxed())
    .edges(|dtype| vec![only(empty(dtype, false), &[0, 1])])
    .large(|| only(many(false), &[0, 1]))
    .differentiable(&[0, 1])
    .roundings(64.0)
}

fn depthwise_entry() -> Entry {
    Entry::new("DepthwiseConv2dNative", |graph, inputs, attributes| {
        Ok(vec![graph.depthwise_conv2d(inputs[0], inputs[1], convolution(attributes))?])
    })
    .means(|inputs, attributes| forward(inputs, attributes, true))
    .on(|dtype| convolutions(dtype, true).prop_map(|case| only(case, &[0, 1])).boxed())
    .edges(|dtype| vec![only(empty(dtype, true), &[0, 1])])
    .large(|| only(many(true), &[0, 1]))
    .differentiable(&[0, 1])
    .roundings(64.0)
}

fn transposed_entry() -> Entry {
    Entry::new("Conv2DBackpropInput", |graph, inputs, attributes| {
        let size = list(attributes, "size").try_into().unwrap();
        Ok(vec![graph.conv2d_transpose(inputs[1], inputs[0], size, convolution(attributes))?])
    })
    .means(transposed)
    .on(|dtype| convolutions(dtype, false).prop_map(turned).boxed())
    .edges(|dtype| vec![turned(empty(dtype, false))])
    .large(|| turned(many(false)))
    .differentiable(&[0, 1])
    .roundings(64.0)
}

fn input_entry() -> Entry {
    Entry::new("Conv2DBackpropInput", op!(ConvolutionPass::BackpropInput, false))
        .means(|inputs, attributes| backprop_input(inputs, attributes, false))
        .on(|dtype| convolutions(dtype, false))
        .edges(|dtype| vec![empty(dtype, false)])
        .large(|| many(false))
        .differentiable(&[1, 2])
        .roundings(64.0)
}

fn depthwise_input_entry() -> Entry {
    Entry::new("DepthwiseConv2dNativeBackpropInput", op!(ConvolutionPass::BackpropInput, true))
        .means(|inputs, attributes| backprop_input(inputs, attributes, true))
        .on(|dtype| convolutions(dtype, true))
        .edges(|dtype| vec![empty(dtype, true)])
        .large(|| many(true))
        .differentiable(&[1, 2])
        .roundings(64.0)
}

fn filter_entry() -> Entry {
    Entry::new("Conv2DBackpropFilter", op!(ConvolutionPass::BackpropFilter, false))
        .means(|inputs, attributes| backprop_filter(inputs, attributes, false))
        .on(|dtype| convolutions(dtype, false))
        .edges(|dtype| vec![empty(dtype, false)])
        .large(|| many(false))
        .differentiable(&[0, 2])
        .roundings(64.0)
}

fn depthwise_filter_entry() -> Entry {
    Entry::new("DepthwiseConv2dNativeBackpropFilter", op!(ConvolutionPass::BackpropFilter, true))
        .means(|inputs, attributes| backprop_filter(inputs, attributes, true))
        .on(|dtype| convolutions(dtype, true))
        .edges(|dtype| vec![empty(dtype, true)])
        .large(|| many(true))
        .differentiable(&[0, 2])
        .roundings(64.0)
}

/// The indices that the window of each result touches, in order.
fn touched(images: &[usize], attributes: &Value) -> (Vec<usize>, Vec<Vec<Vec<usize>>>) {
    let (size, strides) = (pair(attributes, "size"), pair(attributes, "strides"));
    let [(down, top), (across, left)] = [0, 1].map(|axis| windows(attributes, axis, images[1 + axis], size[axis]));
    let output = vec![images[0], down, across, images[3]];
    let window = |place: &Vec<usize>| {
        let places = indices(&size).into_iter().filter_map(|tap| {
            let y = (place[1] * strides[0] + tap[0]).checked_sub(top).filter(|y| *y < images[1])?;
            let x = (place[2] * strides[1] + tap[1]).checked_sub(left).filter(|x| *x < images[2])?;
            Some(vec![place[0], y, x, place[3]])
        });
        places.collect()
    };
    let windows = indices(&output).iter().map(window).collect();
    (output, windows)
}

fn pooled(images: &Array, attributes: &Value, combine: impl Fn(&[f64]) -> f64) -> Vec<Array> {
    let (output, windows) = touched(&images.shape, attributes);
    let values = windows.iter().map(|window| combine(&window.iter().map(|index| images.at(index)).collect::<Vec<_>>()));
    vec![Array::new(&output, values.collect())]
}

fn greatest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Each window's gradient, spread as `shares` says of the values of the window.
fn handed(images: &Array, gradient: &Array, attributes: &Value, shares: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Array> {
    let mut sums = images.map(|_| 0.0);
    for (window, gradient) in touched(&images.shape, attributes).1.iter().zip(&gradient.values) {
        let values: Vec<f64> = window.iter().map(|index| images.at(index)).collect();
        for (index, share) in window.iter().zip(shares(&values)) {
            let place = index.iter().zip(&images.shape).fold(0, |place, (index, length)| place * length + index);
            sums.values[place] += share * gradient;
        }
    }
    vec![sums]
}

fn to_first(values: &[f64]) -> Vec<f64> {
    let greatest = greatest(values);
    let first = values.iter().position(|value| *value == greatest || value.is_nan());
    (0..values.len()).map(|index| f64::from(u8::from(Some(index) == first))).collect()
}

fn in_parts(values: &[f64]) -> Vec<f64> {
    vec![1.0 / values.len() as f64; values.len()]
}

/// Inputs (images, gradient of the pooled images).
fn poolings(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(batch, down, across, kind, depth, seed): (usize, Along, Along, u8, usize, u64)| {
        let padding = attributes(down, across, kind)["padding"].clone();
        let attributes = json!({ "size": [down.1, across.1], "strides": [down.2, across.2], "padding": padding });
        let images = [batch, down.0, across.0, depth];
        let gradient = inputs::filled(dtype, Numbers::Between, &touched(&images, &attributes).0, !seed);
        Case::new([inputs::filled(dtype, Numbers::Signed, &images, seed), gradient]).with(attributes)
    };
    (1usize..=2, along(), along(), 0u8..3, 1usize..=3, any::<u64>()).prop_map(case).boxed()
}

fn ties(dtype: DType) -> Vec<Case> {
    let overlapping = json!({ "size": [2, 2], "strides": [1, 1], "padding": "SAME" });
    let images = [1.0, 1.0, -2.0, 1.0, f64::NAN, 3.0, f64::NEG_INFINITY, 3.0, 3.0];
    let gradient = inputs::given(dtype, &[1, 3, 3, 1], &[1., 2., 3., 4., 5., 6., 7., 8., 9.]);
    let nothing = Case::new([inputs::given(dtype, &[0, 2, 2, 1], &[]), inputs::given(dtype, &[0, 2, 2, 1], &[])]);
    vec![
        Case::new([inputs::given(dtype, &[1, 3, 3, 1], &images), gradient]).with(overlapping.clone()),
        nothing.with(overlapping),
    ]
}

fn many_pooled() -> Case {
    let attributes = json!({ "size": [3, 3], "strides": [2, 2], "padding": "SAME" });
    Case::new([inputs::many(Numbers::Signed, &[5, 41, 35, 37]), inputs::many(Numbers::Between, &[5, 21, 18, 37])])
        .with(attributes)
}

fn pooling_entry(name: &'static str) -> Entry {
    Entry::new(name, |_, _, _| Ok(Vec::new()))
        .on(|dtype| poolings(dtype).prop_map(|case| only(case, &[0])).boxed())
        .edges(|dtype| ties(dtype).into_iter().map(|case| only(case, &[0])).collect())
        .large(|| only(many_pooled(), &[0]))
        .differentiable(&[0])
        .roundings(16.0)
}

fn pooling_grad_entry(name: &'static str) -> Entry {
    Entry::new(name, |_, _, _| Ok(Vec::new())).on(poolings).edges(ties).large(many_pooled).roundings(16.0)
}

fn with_builder(entry: Entry, build: crate::entry::Builder) -> Entry {
    Entry { build: crate::entry::Build::Values(build), ..entry }
}

/// The gradient of `value` with respect to `input`, where the gradient of `value` is `gradient`.
fn pulled_back(graph: &mut Graph, value: Output, gradient: Output, input: Output) -> Result<Vec<Output>> {
    let weighted = graph.mul(value, gradient)?;
    let loss = graph.sum(weighted, Axes::all())?;
    Ok(graph.gradients(loss, &[input])?.into_iter().flatten().collect())
}

ops! {
    conv2d: conv2d_entry();
    conv2d_transpose: transposed_entry();
    conv2d_backprop_input: input_entry();
    conv2d_backprop_filter: filter_entry();
    depthwise_conv2d_native: depthwise_entry();
    depthwise_conv2d_native_backprop_input: depthwise_input_entry();
    depthwise_conv2d_native_backprop_filter: depthwise_filter_entry();
    max_pool: with_builder(
        pooling_entry("MaxPool"),
        |graph, inputs, attributes| Ok(vec![graph.max_pool(inputs[0], pooling(attributes))?]),
    )
    .means(|inputs, attributes| pooled(&inputs[0], attributes, greatest));
    avg_pool: with_builder(
        pooling_entry("AvgPool"),
        |graph, inputs, attributes| Ok(vec![graph.avg_pool(inputs[0], pooling(attributes))?]),
    )
    .means(|inputs, attributes| pooled(&inputs[0], attributes, mean));
    max_pool_grad, no gradient: with_builder(
        pooling_grad_entry("MaxPoolGrad"),
        |graph, inputs, attributes| {
            let value = graph.max_pool(inputs[0], pooling(attributes))?;
            pulled_back(graph, value, inputs[1], inputs[0])
        },
    )
    .means(|inputs, attributes| handed(&inputs[0], &inputs[1], attributes, to_first));
    avg_pool_grad: with_builder(
        pooling_grad_entry("AvgPoolGrad"),
        |graph, inputs, attributes| {
            let op = PoolingOp { kind: PoolingKind::AverageGrad, pooling: pooling(attributes) };
            Ok(vec![graph.pooling(op, inputs)?])
        },
    )
    .means(|inputs, attributes| handed(&inputs[0], &inputs[1], attributes, in_parts))
    .differentiable(&[1]);
}
