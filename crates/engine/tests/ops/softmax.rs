//! Softmax over the last axis, and the cross-entropy made of it.

use everstep_tensor::{DType, Tensor};
use proptest::prelude::*;

use crate::{
    array::Array,
    entry::{Case, Entry},
    inputs::{self, Numbers},
};

/// The softmax of each row.
fn probabilities(logits: &Array) -> Array {
    let last = [logits.shape.len() - 1];
    let greatest = logits.reduce(&last, true, |row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let powers = logits.zip(&greatest, |logit, greatest| (logit - greatest).exp());
    powers.zip(&powers.reduce(&last, true, |row| row.iter().sum()), |power, sum| power / sum)
}

fn logarithms(logits: &Array) -> Array {
    let last = [logits.shape.len() - 1];
    let greatest = logits.reduce(&last, true, |row| row.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let shifted = logits.zip(&greatest, |logit, greatest| logit - greatest);
    let logarithm = shifted.reduce(&last, true, |row| row.iter().map(|value| value.exp()).sum::<f64>().ln());
    shifted.zip(&logarithm, |value, logarithm| value - logarithm)
}

fn rows(dtype: DType) -> BoxedStrategy<Case> {
    let case =
        move |(shape, seed): (Vec<usize>, u64)| Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed)]);
    (prop::collection::vec(1usize..=4, 1..=3), any::<u64>()).prop_map(case).boxed()
}

/// Large logits, equal ones, and no rows.
fn edges(dtype: DType) -> Vec<Case> {
    let logits = [1000.0, 1001.0, 999.0, -1000.0, -1000.0, -1000.0];
    vec![Case::new([inputs::given(dtype, &[2, 3], &logits)]), Case::new([inputs::given(dtype, &[0, 3], &[])])]
}

fn labelled(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |([rows, classes], wide, seed): ([usize; 2], bool, u64)| {
        let label = |row: usize| (seed >> (row % 32)) as usize % classes;
        let labels: Vec<f64> = (0..rows).map(|row| label(row) as f64).collect();
        let labels = inputs::given(if wide { DType::I64 } else { DType::I32 }, &[rows], &labels);
        Case::new([inputs::filled(dtype, Numbers::Signed, &[rows, classes], seed), labels])
    };
    (prop::array::uniform2(1usize..=4), any::<bool>(), any::<u64>()).prop_map(case).boxed()
}

fn many_labels() -> Case {
    let labels = (0..1601).map(|row| row * 7 % 101).collect();
    let logits = inputs::many(Numbers::Signed, &[1601, 101]);
    Case::new([logits, Tensor::from_vec([1601], labels).map(|labels: Tensor| labels).unwrap()])
}

ops! {
    softmax: Entry::new("Softmax", |graph, inputs, _| Ok(vec![graph.softmax(inputs[0])?]))
        .means(|inputs, _| vec![probabilities(&inputs[0])])
        .on(rows)
        .edges(edges)
        .large(|| Case::new([inputs::many(Numbers::Signed, &[1601, 101])]))
        .differentiable(&[0])
        .roundings(16.0);
    log_softmax: Entry::new("LogSoftmax", |graph, inputs, _| Ok(vec![graph.log_softmax(inputs[0])?]))
        .means(|inputs, _| vec![logarithms(&inputs[0])])
        .on(rows)
        .edges(edges)
        .large(|| Case::new([inputs::many(Numbers::Signed, &[1601, 101])]))
        .differentiable(&[0])
        .roundings(16.0);
    sparse_softmax_cross_entropy_with_logits:
        Entry::new("SparseSoftmaxCrossEntropyWithLogits", |graph, inputs, _| {
            Ok(vec![graph.sparse_softmax_cross_entropy(inputs[0], inputs[1])?])
        })
        .means(|inputs, _| {
            let (logarithms, labels) = (logarithms(&inputs[0]), &inputs[1]);
            vec![Array::of(&labels.shape, |row| -logarithms.at(&[row[0], labels.at(row) as usize]))]
        })
        .on(labelled)
        .large(many_labels)
        .differentiable(&[0])
        .roundings(16.0);
}
