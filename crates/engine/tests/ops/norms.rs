//! Normalisations by the statistics of the elements.

use everstep_graph::Output;
use everstep_tensor::DType;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::{Array, indices},
    entry::{Case, Entry},
    inputs::{self, Numbers},
    rules::pulled_back,
};

/// Where a normalisation of that many groups, or along the last axis, has the statistics of an element.
fn group_of(shape: &[usize], index: &[usize], groups: Option<usize>) -> Vec<usize> {
    let (last, others) = index.split_last().unwrap();
    match groups {
        None => others.to_vec(),
        Some(groups) => vec![index[0], last / (shape[shape.len() - 1] / groups)],
    }
}

fn groups(attributes: &Value) -> Option<usize> {
    attributes["groups"].as_u64().map(|groups| groups as usize)
}

fn epsilon(attributes: &Value) -> f64 {
    attributes["epsilon"].as_f64().unwrap()
}

/// The elements of the group of each element.
fn peers(x: &Array, groups: Option<usize>) -> Vec<Vec<f64>> {
    let all = indices(&x.shape);
    let of: Vec<Vec<usize>> = all.iter().map(|index| group_of(&x.shape, index, groups)).collect();
    let in_group = |group: &Vec<usize>| {
        of.iter().zip(&x.values).filter(|(other, _)| *other == group).map(|(_, value)| *value).collect()
    };
    of.iter().map(in_group).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The elements without gamma and beta.
fn normal(x: &Array, groups: Option<usize>, centred: bool, epsilon: f64) -> Array {
    let normal = |(value, peers): (&f64, &Vec<f64>)| {
        let mean_of = if centred { mean(peers) } else { 0.0 };
        let squares: Vec<f64> = peers.iter().map(|peer| (peer - mean_of).powi(2)).collect();
        (value - mean_of) / (mean(&squares) + epsilon).sqrt()
    };
    Array::new(&x.shape, x.values.iter().zip(&peers(x, groups)).map(normal).collect())
}

fn normalised(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let normal = normal(&inputs[0], groups(attributes), inputs.len() > 2, epsilon(attributes));
    let scaled = normal.zip(&inputs[1], |normal, gamma| normal * gamma);
    vec![inputs.get(2).map_or(scaled.clone(), |beta| scaled.zip(beta, |scaled, beta| scaled + beta))]
}

/// Inputs (x, gamma, gradient of the output): the gradient of x.
fn backward(inputs: &[Array], attributes: &Value, centred: bool) -> Vec<Array> {
    let (x, slopes) = (&inputs[0], inputs[2].zip(&inputs[1], |gradient, gamma| gradient * gamma));
    let (groups, epsilon) = (groups(attributes), epsilon(attributes));
    let normal = normal(x, groups, centred, epsilon);
    let (others, along) = (peers(&slopes, groups), normal.zip(&slopes, |normal, slope| normal * slope));
    let along = peers(&along, groups);
    let squares = peers(&x.map(|x| x * x), groups);
    let values = peers(x, groups);
    let gradient = |place: usize| {
        let mean_of = if centred { mean(&values[place]) } else { 0.0 };
        let scale = 1.0 / (mean(&squares[place]) - mean_of * mean_of + epsilon).sqrt();
        let shift = if centred { mean(&others[place]) } else { 0.0 };
        scale * (slopes.values[place] - shift - normal.values[place] * mean(&along[place]))
    };
    vec![Array::new(&x.shape, (0..x.values.len()).map(gradient).collect())]
}

/// Inputs (x, gamma, beta), or (x, gamma, gradient of the output).
fn tensors(dtype: DType, shape: &[usize], last: &[usize], seed: u64) -> Case {
    let of = |kind, shape: &[usize], seed| inputs::filled(dtype, kind, shape, seed);
    let width = &shape[shape.len() - 1..];
    Case::new([
        of(Numbers::Signed, shape, seed),
        of(Numbers::Between, width, !seed),
        of(Numbers::Signed, last, seed ^ 0x55),
    ])
}

fn layers(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(mut shape, width, seed): (Vec<usize>, usize, u64)| {
        shape.push(width);
        tensors(dtype, &shape, &[width], seed).with(json!({ "epsilon": 0.01 }))
    };
    (prop::collection::vec(1usize..=3, 0..=2), 2usize..=19, any::<u64>()).prop_map(case).boxed()
}

fn in_groups(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(batch, rows, groups, channels, seed): (usize, Vec<usize>, usize, usize, u64)| {
        let shape = [vec![batch], rows, vec![groups * channels]].concat();
        let attributes = json!({ "epsilon": 0.01, "groups": groups });
        tensors(dtype, &shape, &[groups * channels], seed).with(attributes)
    };
    let rows = prop::collection::vec(2usize..=3, 1..=2);
    (1usize..=2, rows, 1usize..=3, 1usize..=3, any::<u64>()).prop_map(case).boxed()
}

/// The last input has the shape of the first.
fn with_gradient(case: Case) -> Case {
    let (x, dtype) = (&case.inputs[0], case.inputs[0].dtype());
    let gradient = inputs::filled(dtype, Numbers::Between, x.shape(), x.len() as u64);
    let mut inputs = case.inputs.clone();
    inputs[2] = gradient;
    Case { inputs, ..case }
}

fn without_beta(mut case: Case) -> Case {
    case.inputs.pop();
    case
}

/// Rows that are all equal, great ones, and no rows.
fn edges(dtype: DType) -> Vec<Case> {
    let of = |shape: &[usize], values: &[f64]| {
        let ones = inputs::given(dtype, &[3], &[1.0, 2.0, 3.0]);
        Case::new([inputs::given(dtype, shape, values), ones.clone(), ones]).with(json!({ "epsilon": 0.001 }))
    };
    vec![of(&[2, 3], &[5.0, 5.0, 5.0, 100.0, 102.0, 99.0]), of(&[0, 3], &[])]
}

fn group_edges(dtype: DType) -> Vec<Case> {
    let with_group = |case: Case| {
        let attributes = json!({ "epsilon": 0.001, "groups": 3 });
        case.with(attributes)
    };
    edges(dtype).into_iter().map(with_group).collect()
}

/// Large enough for threads, and no multiple of any block.
fn many(shape: &[usize], attributes: Value) -> Case {
    let width = &shape[shape.len() - 1..];
    let (signed, between) = (Numbers::Signed, Numbers::Between);
    Case::new([inputs::many(signed, shape), inputs::many(between, width), inputs::many(signed, width)]).with(attributes)
}

fn many_rows() -> Case {
    many(&[3, 467, 101], json!({ "epsilon": 1e-5 }))
}

fn many_groups() -> Case {
    many(&[11, 37, 13, 30], json!({ "epsilon": 1e-5, "groups": 5 }))
}

fn many_with_gradient(case: Case) -> Case {
    let shape: Vec<usize> = case.inputs[0].shape().to_vec();
    let mut inputs = case.inputs.clone();
    inputs[2] = inputs::many(Numbers::Between, &shape);
    Case { inputs, ..case }
}

/// An entry of a gradient, whose inputs are (x, gamma, gradient of the output).
fn gradient_entry(name: &'static str) -> Entry {
    Entry::new(name, |graph, inputs, attributes| {
        let beta = graph.sub(inputs[1], inputs[1])?;
        let value = match groups(attributes) {
            Some(groups) => graph.group_norm(inputs[0], inputs[1], beta, groups, epsilon(attributes))?,
            None => graph.layer_norm(inputs[0], inputs[1], beta, epsilon(attributes))?,
        };
        pulled_back(graph, value, inputs[2], inputs[0])
    })
    .means(|inputs, attributes| backward(inputs, attributes, true))
    .roundings(64.0)
    .composed()
}

fn weights(inputs: &[Output]) -> (Output, Output, Output) {
    (inputs[0], inputs[1], inputs[2])
}

ops! {
    layer_norm: Entry::new("LayerNorm", |graph, inputs, attributes| {
        let (x, gamma, beta) = weights(inputs);
        Ok(vec![graph.layer_norm(x, gamma, beta, epsilon(attributes))?])
    })
    .means(normalised)
    .on(layers)
    .edges(edges)
    .large(many_rows)
    .differentiable(&[0, 1, 2])
    .roundings(64.0);
    layer_norm_grad, no gradient, no tensorflow: gradient_entry("LayerNormGrad")
        .on(|dtype| layers(dtype).prop_map(with_gradient).boxed())
        .large(|| many_with_gradient(many_rows()));
    rms_norm: Entry::new("RmsNorm", |graph, inputs, attributes| {
        Ok(vec![graph.rms_norm(inputs[0], inputs[1], epsilon(attributes))?])
    })
    .means(normalised)
    .on(|dtype| layers(dtype).prop_map(without_beta).boxed())
    .edges(|dtype| edges(dtype).into_iter().map(without_beta).collect())
    .large(|| without_beta(many_rows()))
    .differentiable(&[0, 1])
    .roundings(64.0);
    rms_norm_grad, no gradient, no tensorflow: Entry::new("RmsNormGrad", |graph, inputs, attributes| {
        let value = graph.rms_norm(inputs[0], inputs[1], epsilon(attributes))?;
        pulled_back(graph, value, inputs[2], inputs[0])
    })
    .means(|inputs, attributes| backward(inputs, attributes, false))
    .on(|dtype| layers(dtype).prop_map(with_gradient).boxed())
    .large(|| many_with_gradient(many_rows()))
    .roundings(64.0)
    .composed();
    group_norm: Entry::new("GroupNorm", |graph, inputs, attributes| {
        let (x, gamma, beta) = weights(inputs);
        Ok(vec![graph.group_norm(x, gamma, beta, groups(attributes).unwrap(), epsilon(attributes))?])
    })
    .means(normalised)
    .on(in_groups)
    .edges(group_edges)
    .large(many_groups)
    .differentiable(&[0, 1, 2])
    .roundings(64.0);
    group_norm_grad, no gradient, no tensorflow: gradient_entry("GroupNormGrad")
        .on(|dtype| in_groups(dtype).prop_map(with_gradient).boxed())
        .large(|| many_with_gradient(many_groups()));
}
