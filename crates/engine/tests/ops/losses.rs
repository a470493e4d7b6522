//! Losses of rows and elements.

use everstep_tensor::DType;
use proptest::prelude::*;
use serde_json::json;

use crate::{
    array::Array,
    entry::{Case, Entry},
    inputs::{self, Numbers},
};

/// Positive numbers of which each row adds up to 1, of the dtype.
fn shares(case: Case) -> Case {
    let (dtype, labels) = (case.inputs[1].dtype(), Array::from(&case.inputs[1]));
    let sums = labels.reduce(&[1], true, |row| row.iter().sum());
    let labels = crate::array::tensor(dtype, &labels.zip(&sums, |label, sum| label / sum));
    Case { inputs: vec![case.inputs[0].clone(), labels], ..case }
}

fn rows(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |([rows, classes], seed): ([usize; 2], u64)| {
        let logits = inputs::filled(dtype, Numbers::Signed, &[rows, classes], seed);
        shares(Case::new([logits, inputs::filled(dtype, Numbers::Positive, &[rows, classes], !seed)]))
    };
    (prop::array::uniform2(1usize..=5), any::<u64>()).prop_map(case).boxed()
}

/// Great logits, one class, and no rows.
fn row_edges(dtype: DType) -> Vec<Case> {
    let of = |shape: &[usize], values: &[f64]| inputs::given(dtype, shape, values);
    vec![
        Case::new([of(&[1, 3], &[1000.0, 1001.0, 999.0]), of(&[1, 3], &[0.5, 0.25, 0.25])]),
        Case::new([of(&[2, 1], &[3.0, -2.0]), of(&[2, 1], &[1.0, 1.0])]),
        Case::new([of(&[0, 3], &[]), of(&[0, 3], &[])]),
    ]
}

fn cross_entropy(inputs: &[Array]) -> Vec<Array> {
    let (logits, labels) = (&inputs[0], &inputs[1]);
    let greatest = logits.reduce(&[1], true, |row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let shifted = logits.zip(&greatest, |logit, greatest| logit - greatest);
    let logarithm = shifted.reduce(&[1], true, |row| row.iter().map(|value| value.exp()).sum::<f64>().ln());
    let losses = shifted.zip(&logarithm, |value, logarithm| logarithm - value);
    vec![losses.zip(labels, |loss, label| loss * label).reduce(&[1], false, |row| row.iter().sum())]
}

fn pairs(dtype: DType) -> BoxedStrategy<Case> {
    inputs::two(dtype, [Numbers::Signed, Numbers::Between])
}

fn many() -> Case {
    Case::new([inputs::many(Numbers::Signed, &[1601, 101]), inputs::many(Numbers::Between, &[1601, 101])])
}

/// Great logits of both signs, and zero.
fn pair_edges(dtype: DType) -> Vec<Case> {
    let logits = inputs::given(dtype, &[4], &[1000.0, -1000.0, 0.0, 80.0]);
    vec![Case::new([logits, inputs::given(dtype, &[4], &[1.0, 0.0, 0.5, 0.0])])]
}

ops! {
    softmax_cross_entropy_with_logits: Entry::new("SoftmaxCrossEntropyWithLogits", |graph, inputs, _| {
        Ok(vec![graph.softmax_cross_entropy(inputs[0], inputs[1])?])
    })
    .means(|inputs, _| cross_entropy(inputs))
    .on(rows)
    .edges(row_edges)
    .large(|| shares(Case::new([
        inputs::many(Numbers::Signed, &[1601, 101]),
        inputs::many(Numbers::Positive, &[1601, 101]),
    ])))
    .differentiable(&[0, 1])
    .roundings(16.0);
    sigmoid_cross_entropy_with_logits: Entry::new("Softplus", |graph, inputs, _| {
        Ok(vec![graph.sigmoid_cross_entropy(inputs[0], inputs[1])?])
    })
    .means(|inputs, _| {
        let of = |x: f64, label: f64| x.max(0.0) - x * label + (-x.abs()).exp().ln_1p();
        vec![inputs[0].zip(&inputs[1], of)]
    })
    .on(pairs)
    .edges(pair_edges)
    .large(many)
    .differentiable(&[0, 1])
    .roundings(16.0);
    huber_loss: Entry::new("Minimum", |graph, inputs, attributes| {
        Ok(vec![graph.huber_loss(inputs[0], inputs[1], attributes["delta"].as_f64().unwrap())?])
    })
    .means(|inputs, attributes| {
        let delta = attributes["delta"].as_f64().unwrap();
        let of = |error: f64| {
            if error.abs() <= delta { error * error / 2.0 } else { delta * error.abs() - delta * delta / 2.0 }
        };
        vec![inputs[0].zip(&inputs[1], |prediction, target| of(prediction - target))]
    })
    .on(|dtype| pairs(dtype).prop_map(|case| case.with(json!({ "delta": 0.7 }))).boxed())
    .large(|| many().with(json!({ "delta": 0.4 })))
    .differentiable(&[0, 1])
    .roundings(32.0)
    .composed();
}
