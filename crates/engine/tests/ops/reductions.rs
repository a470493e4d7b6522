//! Elements along axes combined into one.

use everstep_graph::{Axes, Graph, Output, Reduction};
use everstep_tensor::{DType, Result};
use serde_json::{Value, json};

use crate::{
    array::Array,
    entry::{Case, Entry, NUMBERS},
    inputs::{self, Numbers, list},
};

/// Up to four axes by number.
pub(crate) fn axes(axes: &[isize]) -> Axes {
    match *axes {
        [] => Axes::from([]),
        [one] => Axes::from([one]),
        [one, two] => Axes::from([one, two]),
        [one, two, three] => Axes::from([one, two, three]),
        _ => panic!("too many axes: {axes:?}"),
    }
}

fn built(graph: &mut Graph, reduction: Reduction, input: Output, attributes: &Value) -> Result<Vec<Output>> {
    let axes = list(attributes, "axes").iter().map(|axis| *axis as isize).collect::<Vec<isize>>();
    let axes = if attributes["keep_dims"] == true { self::axes(&axes).keep() } else { self::axes(&axes) };
    Ok(vec![graph.reduce(reduction, input, axes)?])
}

fn reduced(input: &Array, attributes: &Value, combine: fn(&[f64]) -> f64) -> Vec<Array> {
    vec![input.reduce(&list(attributes, "axes"), attributes["keep_dims"] == true, combine)]
}

macro_rules! reduction {
    ($name:ident, $combine:expr) => {
        Entry::new(stringify!($name), |graph, inputs, attributes| {
            built(graph, Reduction::$name, inputs[0], attributes)
        })
        .means(|inputs, attributes| reduced(&inputs[0], attributes, $combine))
        .on(|dtype| inputs::reducible(dtype, Numbers::Signed))
        .edges(edges)
        .large(|| {
            let input = inputs::many(Numbers::Signed, &[53, 67, 61]);
            Case::new([input]).with(json!({ "axes": [0, 2], "keep_dims": false }))
        })
        .differentiable(&[0])
        .roundings(16.0)
    };
}

/// Ties, special numbers, axes of no elements beside others.
fn edges(dtype: DType) -> Vec<Case> {
    let over = |axes: &[usize]| json!({ "axes": axes, "keep_dims": false });
    let ties = inputs::given(dtype, &[2, 3], &[2.0, 5.0, 5.0, 3.0, 3.0, 3.0]);
    let mut cases =
        vec![Case::new([ties]).with(over(&[1])), Case::new([inputs::given(dtype, &[0, 2], &[])]).with(over(&[1]))];
    if dtype.is_float() {
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        let special = [nan, 1.0, infinity, 2.0, -infinity, 3.0, 1.0, nan];
        cases.push(Case::new([inputs::given(dtype, &[4, 2], &special)]).with(over(&[1])));
    }
    cases
}

fn extremum(values: &[f64], greater: fn(f64, f64) -> f64) -> f64 {
    let nan = values.iter().find(|value| value.is_nan());
    nan.copied().unwrap_or_else(|| values.iter().copied().reduce(greater).unwrap_or(f64::NAN))
}

fn first_greatest(values: &[f64]) -> f64 {
    let best = (0..values.len()).reduce(|best, index| match (values[best], values[index]) {
        (best_value, value) if value > best_value || value.is_nan() && !best_value.is_nan() => index,
        _ => best,
    });
    best.unwrap_or(0) as f64
}

/// The axis of an index; `keep_dims` does not exist for it.
fn of_axis(dtype: DType) -> proptest::strategy::BoxedStrategy<Case> {
    use proptest::prelude::*;
    let shapes = prop::collection::vec(1usize..=4, 1..=3).prop_flat_map(|shape| (0..shape.len(), Just(shape)));
    let case = move |((axis, shape), seed): ((usize, Vec<usize>), u64)| {
        Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed)]).with(json!({ "axes": [axis] }))
    };
    (shapes, any::<u64>()).prop_map(case).boxed()
}

fn arg_max_entry() -> Entry {
    Entry::new("ArgMax", |graph, inputs, attributes| {
        Ok(vec![graph.arg_max(inputs[0], list(attributes, "axes")[0] as isize)?])
    })
    .means(|inputs, attributes| reduced(&inputs[0], attributes, first_greatest))
    .on(of_axis)
    .edges(edges)
    .large(|| Case::new([inputs::many(Numbers::Signed, &[701, 211])]).with(json!({ "axes": [1] })))
    .of(NUMBERS)
}

ops! {
    sum: reduction!(Sum, |values| values.iter().sum()).of(NUMBERS);
    mean: reduction!(Mean, |values| values.iter().sum::<f64>() / values.len() as f64);
    max: reduction!(Max, |values| extremum(values, f64::max)).of(NUMBERS);
    min: reduction!(Min, |values| extremum(values, f64::min)).of(NUMBERS);
    arg_max, no gradient: arg_max_entry();
}
