//! Batch normalisation.

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::Array,
    entry::{Builder, Case, Entry},
    inputs::{self, Numbers},
    rules::pulled_back,
};

fn epsilon(attributes: &Value) -> f64 {
    attributes["epsilon"].as_f64().unwrap()
}

/// All axes but the last.
fn rows(x: &Array) -> Vec<usize> {
    (0..x.shape.len() - 1).collect()
}

/// Mean and variance of each channel, the variance divided by the number of elements less so many.
fn statistics(x: &Array, less: f64) -> [Array; 2] {
    let mean = x.reduce(&rows(x), false, |values| values.iter().sum::<f64>() / values.len() as f64);
    let squares = x.zip(&mean, |x, mean| (x - mean).powi(2));
    let divisor = |count: usize| (count as f64 - less).max(1.0);
    let variance = squares.reduce(&rows(x), false, |values| values.iter().sum::<f64>() / divisor(values.len()));
    [mean, variance]
}

fn normal(x: &Array, [mean, variance]: [&Array; 2], epsilon: f64) -> Array {
    let deviation = variance.map(|variance| (variance + epsilon).sqrt());
    x.zip(mean, |x, mean| x - mean).zip(&deviation, |x, deviation| x / deviation)
}

fn scaled(normal: &Array, inputs: &[Array]) -> Vec<Array> {
    vec![normal.zip(&inputs[1], |normal, scale| normal * scale).zip(&inputs[2], |scaled, offset| scaled + offset)]
}

fn trained(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let [mean, variance] = statistics(&inputs[0], 0.0);
    scaled(&normal(&inputs[0], [&mean, &variance], epsilon(attributes)), inputs)
}

fn inferred(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    scaled(&normal(&inputs[0], [&inputs[3], &inputs[4]], epsilon(attributes)), inputs)
}

/// Inputs (x, scale, gradient of the output): the gradient of x.
fn backward(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (x, scale, gradient) = (&inputs[0], &inputs[1], &inputs[2]);
    let [mean, variance] = statistics(x, 0.0);
    let normal = normal(x, [&mean, &variance], epsilon(attributes));
    let of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let shift = gradient.reduce(&rows(x), false, of);
    let along = gradient.zip(&normal, |gradient, normal| gradient * normal).reduce(&rows(x), false, of);
    let tilt = normal.zip(&along, |normal, along| normal * along);
    let factor = scale.zip(&variance, |scale, variance| scale / (variance + epsilon(attributes)).sqrt());
    let own = gradient.zip(&shift, |gradient, shift| gradient - shift).zip(&tilt, |own, tilt| own - tilt);
    vec![own.zip(&factor, |own, factor| own * factor)]
}

/// x, scale, offset, mean, variance.
fn tensors(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(mut shape, channels, seed): (Vec<usize>, usize, u64)| {
        shape.push(channels);
        let of = |kind, shape: &[usize], more: u64| inputs::filled(dtype, kind, shape, seed.wrapping_add(more));
        let channels = &shape[shape.len() - 1..];
        Case::new([
            of(Numbers::Signed, &shape, 0),
            of(Numbers::Between, channels, 1),
            of(Numbers::Signed, channels, 2),
            of(Numbers::Between, channels, 3),
            of(Numbers::Positive, channels, 4),
        ])
        .with(json!({ "epsilon": 0.01 }))
    };
    (prop::collection::vec(2usize..=4, 1..=3), 1usize..=5, any::<u64>()).prop_map(case).boxed()
}

/// The gradient of the output in the place of the offset, and nothing after it.
fn with_gradient(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |mut case: Case| {
        let gradient = inputs::filled(dtype, Numbers::Between, case.inputs[0].shape(), 7);
        case.inputs.truncate(2);
        case.inputs.push(gradient);
        case
    };
    tensors(dtype).prop_map(case).boxed()
}

/// Large enough for threads, and no multiple of any block.
fn many() -> Case {
    let vector = |kind| inputs::many(kind, &[67]);
    Case::new([
        inputs::many(Numbers::Signed, &[5, 21, 23, 67]),
        vector(Numbers::Between),
        vector(Numbers::Signed),
        vector(Numbers::Between),
        vector(Numbers::Positive),
    ])
    .with(json!({ "epsilon": 1e-3 }))
}

/// One row, whose sample has no variance, and channels that are all equal and great.
fn edges(dtype: DType) -> Vec<Case> {
    let of = |shape: &[usize], values: &[f64]| {
        let vector = |values: &[f64]| inputs::given(dtype, &[2], values);
        let ones = vector(&[1.0, 1.0]);
        let scale = vector(&[2.0, -1.0]);
        Case::new([inputs::given(dtype, shape, values), scale, ones.clone(), ones.clone(), ones])
            .with(json!({ "epsilon": 0.001 }))
    };
    vec![of(&[1, 2], &[3.0, 4.0]), of(&[3, 2], &[1e3, 5.0, 1e3, 5.0, 1e3, 5.0])]
}

fn normed(graph: &mut Graph, inputs: &[Output], attributes: &Value) -> Result<Vec<Output>> {
    let of = |index: usize| [inputs[index], inputs[index + 1]];
    Ok(vec![graph.batch_norm(inputs[0], of(1), of(3), epsilon(attributes))?.output])
}

fn batch_norm_entry(training: bool, name: &'static str, build: Builder) -> Entry {
    let entry = Entry::new(name, build).on(tensors).large(many).roundings(64.0);
    Entry { training, ..entry }
}

ops! {
    fused_batch_norm_v3: batch_norm_entry(true, "FusedBatchNormV3", normed)
        .means(trained)
        .edges(edges)
        .differentiable(&[0, 1, 2]);
    batch_norm_inference: batch_norm_entry(false, "FusedBatchNormV3", normed)
        .means(inferred)
        .edges(edges)
        .differentiable(&[0, 1, 2]);
    batch_norm_statistics, no gradient: batch_norm_entry(true, "FusedBatchNormV3", |graph, inputs, attributes| {
        let of = |index: usize| [inputs[index], inputs[index + 1]];
        let normed = graph.batch_norm(inputs[0], of(1), of(3), epsilon(attributes))?;
        Ok(vec![normed.mean, normed.variance])
    })
    .means(|inputs, _| {
        let [mean, variance] = statistics(&inputs[0], 1.0);
        vec![mean, variance]
    })
    .edges(edges);
    fused_batch_norm_grad_v3, no gradient, no tensorflow:
        batch_norm_entry(true, "FusedBatchNormGradV3", |graph, inputs, attributes| {
            let zeros = graph.sub(inputs[1], inputs[1])?;
            let ones = graph.add(zeros, inputs[1])?;
            let value = graph.batch_norm(inputs[0], [inputs[1], zeros], [zeros, ones], epsilon(attributes))?;
            pulled_back(graph, value.output, inputs[2], inputs[0])
        })
        .means(backward)
        .on(with_gradient)
        .large(|| {
            let mut case = many();
            let gradient = inputs::many(Numbers::Between, case.inputs[0].shape());
            case.inputs.truncate(2);
            case.inputs.push(gradient);
            case
        })
        .composed();
}
