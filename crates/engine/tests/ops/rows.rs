//! Updates of some rows: their last input names the rows, their other inputs are those of the whole update.

use everstep_graph::UpdateRule;
use everstep_tensor::{DType, Tensor};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::Array,
    entry::{Case, Definition, Entry, NUMBERS},
    inputs::{self, Numbers},
    updates::{
        self, GRADIENT,
        Part::{self, Dense, Scalar},
        VARIABLE,
    },
};

/// The inputs of an update of variables of some shape, where `slices` are one input's, for these rows.
fn case(dtype: DType, parts: &[Part], targets: usize, shape: &[usize], rows: &[usize], seed: u64) -> Case {
    let of_slices = [&[rows.len()], &shape[1..]].concat();
    let tensor = |(index, part): (usize, &Part)| match part {
        Dense(kind) => {
            let shape = if index < targets { shape } else { &of_slices };
            inputs::filled(dtype, *kind, shape, seed.wrapping_add(index as u64))
        }
        Scalar(value) => inputs::given(dtype, &[], &[*value]),
    };
    let indices: Vec<f64> = rows.iter().map(|row| *row as f64).collect();
    let indices = inputs::given(if seed & 1 == 0 { DType::I32 } else { DType::I64 }, &[rows.len()], &indices);
    Case::new(parts.iter().enumerate().map(tensor).chain([indices]).collect::<Vec<Tensor>>())
}

fn cases(dtype: DType, parts: &'static [Part], targets: usize) -> BoxedStrategy<Case> {
    let case = move |(length, row, rows, seed): (usize, Vec<usize>, Vec<usize>, u64)| {
        let rows: Vec<usize> = rows.iter().map(|index| index % length).collect();
        let shape = [&[length], &row[..]].concat();
        case(dtype, parts, targets, &shape, &rows, seed).with(json!({ "nesterov": seed % 3 == 0 }))
    };
    let rows = prop::collection::vec(0usize..=5, 1..=5);
    (1usize..=5, inputs::shapes(2), rows, any::<u64>()).prop_map(case).boxed()
}

/// Rows longer than what is updated at once, and many slices, of one row above all.
fn large(parts: &[Part], targets: usize) -> Case {
    let rows: Vec<usize> = (0..401).map(|place| if place % 3 == 0 { 7 } else { place * 37 % 211 }).collect();
    case(DType::F32, parts, targets, &[211, 603], &rows, 4).with(json!({ "nesterov": true }))
}

/// The whole update, of the used rows alone.
fn of_rows(inputs: &[Array], targets: usize, slices: usize, whole: impl Fn(&[Array]) -> Vec<Array>) -> Vec<Array> {
    let (indices, inputs) = inputs.split_last().unwrap();
    let mut outputs = inputs[..targets].to_vec();
    let width: usize = inputs[0].shape[1..].iter().product();
    let row = |array: &Array, row: usize| Array::new(&[width], array.values[row * width..][..width].to_vec());
    for index in 0..inputs[0].shape[0] {
        let named = (0..indices.values.len()).filter(|place| indices.values[*place] == index as f64);
        let Some(sum) = named.map(|place| row(&inputs[slices], place)).reduce(|sum, next| sum.zip(&next, |a, b| a + b))
        else {
            continue;
        };
        let mut of_row = inputs.to_vec();
        (0..targets).for_each(|target| of_row[target] = row(&inputs[target], index));
        of_row[slices] = sum;
        for (output, changed) in outputs.iter_mut().zip(whole(&of_row)) {
            output.values[index * width..][..width].copy_from_slice(&changed.values);
        }
    }
    outputs
}

fn rule(attributes: &Value) -> UpdateRule {
    UpdateRule::Momentum { nesterov: attributes["nesterov"] == true }
}

macro_rules! of_rows {
    ($name:literal, $targets:literal, $parts:expr, $rule:expr, $definition:expr) => {{
        const PARTS: &[Part] = $parts;
        let definition: Definition = $definition;
        Entry::update($name, $targets, |graph, variables, inputs, attributes| {
            let (indices, inputs) = inputs.split_last().unwrap();
            let rule: fn(&Value) -> UpdateRule = $rule;
            graph.sparse_update(rule(attributes), variables, inputs, *indices)
        })
        .means(definition)
        .on(|dtype| cases(dtype, PARTS, $targets))
        .large(|| large(PARTS, $targets))
        .roundings(64.0)
    }};
}

ops! {
    scatter_add, no gradient: of_rows!(
        "ScatterAdd", 1, &[VARIABLE, GRADIENT], |_| UpdateRule::AssignAdd,
        |inputs, _| of_rows(inputs, 1, 1, |of_row| vec![of_row[0].zip(&of_row[1], |value, change| value + change)])
    ).of(NUMBERS);
    scatter_sub, no gradient: of_rows!(
        "ScatterSub", 1, &[VARIABLE, GRADIENT], |_| UpdateRule::AssignSub,
        |inputs, _| of_rows(inputs, 1, 1, |of_row| vec![of_row[0].zip(&of_row[1], |value, change| value - change)])
    ).of(NUMBERS);
    sparse_apply_momentum, no gradient: of_rows!(
        "SparseApplyMomentum", 2, &[VARIABLE, VARIABLE, Scalar(0.1), GRADIENT, Scalar(0.9)], rule,
        |inputs, attributes| {
            of_rows(inputs, 2, 3, |of_row| updates::momentum(of_row, attributes["nesterov"] == true))
        }
    );
    sparse_apply_adam, no gradient: of_rows!(
        "SparseApplyAdam", 3,
        &[
            VARIABLE, VARIABLE, Dense(Numbers::Positive),
            Scalar(0.9), Scalar(0.99), Scalar(0.01), Scalar(0.9), Scalar(0.99), Scalar(1e-7), GRADIENT,
        ],
        |_| UpdateRule::Adam,
        |inputs, _| of_rows(inputs, 3, 9, updates::adam)
    );
}
