//! Ops that move values without changing them, or that convert them.

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result, Tensor};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::{Array, tensor},
    entry::{Builder, Case, Entry, NUMBERS},
    inputs::{self, Numbers},
};

const ALL: &[DType] = &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

fn same(name: &'static str, build: Builder) -> Entry {
    Entry::new(name, build)
        .means(|inputs, _| vec![inputs[0].clone()])
        .on(|dtype| inputs::one(dtype, Numbers::Signed))
        .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403])]))
        .differentiable(&[0])
}

fn to(attributes: &Value) -> DType {
    attributes["to"].as_str().and_then(DType::from_name).unwrap()
}

/// Numbers as the dtype holds them: truncated, saturated; to u8 those outside wrap in a way that is not defined here.
fn converted(value: f64, to: DType) -> f64 {
    match to {
        DType::Bool => f64::from(u8::from(value != 0.0)),
        DType::F32 => f64::from(value as f32),
        DType::F64 => value,
        _ => value.trunc(),
    }
}

fn casts(dtype: DType, targets: &'static [&str]) -> BoxedStrategy<Case> {
    let targets = prop::sample::select(targets);
    let case = |(case, to): (Case, &str)| case.with(json!({ "to": to }));
    (inputs::one(dtype, Numbers::Signed), targets).prop_map(case).boxed()
}

/// Two tensors of one shape, and which branch is taken.
fn taken(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(case, is_yes): (Case, bool)| {
        let x = &case.inputs[0];
        let y = Array::from(x).map(|x| x - 3.0);
        Case::new([Tensor::scalar(is_yes), x.clone(), tensor(dtype, &y)])
    };
    (inputs::one(dtype, Numbers::Signed), any::<bool>()).prop_map(case).boxed()
}

/// The product, or the first one.
fn branches(graph: &mut Graph, inputs: &[Output], _: &Value) -> Result<Vec<Output>> {
    graph.cond(inputs[0], |graph| Ok(vec![graph.mul(inputs[1], inputs[2])?]), |_| Ok(vec![inputs[1]]))
}

ops! {
    identity: same("Identity", |graph, inputs, _| Ok(vec![graph.identity("same", inputs[0])?])).of(ALL);
    check_numerics: same("CheckNumerics", |graph, inputs, _| Ok(vec![graph.check_numerics(inputs[0])?]));
    merge: Entry::new("Merge", branches)
        .means(|inputs, _| match inputs[0].values[0] != 0.0 {
            true => vec![inputs[1].zip(&inputs[2], |x, y| x * y)],
            false => vec![inputs[1].clone()],
        })
        .on(taken)
        .large(|| {
            let [x, y] = [Numbers::Signed, Numbers::Between].map(|numbers| inputs::many(numbers, &[401, 403]));
            Case::new([Tensor::scalar(true), x, y])
        })
        .of(NUMBERS)
        // A condition that is wrong in a run of both branches is not seen where the right one comes last.
        .composed()
        .differentiable(&[1, 2]);
    stop_gradient, no gradient: same("StopGradient", |graph, inputs, _| Ok(vec![graph.stop_gradient(inputs[0])?]))
        .of(ALL)
        .differentiable(&[]);
    cast: Entry::new("Cast", |graph, inputs, attributes| Ok(vec![graph.cast(inputs[0], to(attributes))?]))
        .means(|inputs, attributes| vec![inputs[0].map(|value| converted(value, to(attributes)))])
        .on(|dtype| casts(dtype, &["bool", "i32", "i64", "f32", "f64"]))
        .smooth_on(|dtype| casts(dtype, &["f32", "f64"]))
        .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403])]).with(json!({ "to": "f64" })))
        .of(ALL)
        .differentiable(&[0])
        .differences(1e-2, 1e-4);
}
