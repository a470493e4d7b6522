//! Elements along axes combined into one.

use everstep_graph::{Axes, Graph, Output, Reduction};
use everstep_tensor::{DType, Result};
use proptest::prelude::*;
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

/// The axes that the attributes name.
fn attribute_axes(attributes: &Value) -> Axes {
    let axes = list(attributes, "axes").iter().map(|axis| *axis as isize).collect::<Vec<isize>>();
    if attributes["keep_dims"] == true { self::axes(&axes).keep() } else { self::axes(&axes) }
}

fn built(graph: &mut Graph, reduction: Reduction, input: Output, attributes: &Value) -> Result<Vec<Output>> {
    Ok(vec![graph.reduce(reduction, input, attribute_axes(attributes))?])
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
fn of_axis(dtype: DType) -> BoxedStrategy<Case> {
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

/// Few small factors, so that integers hold the product.
fn factors(dtype: DType) -> BoxedStrategy<Case> {
    let small = move |case: Case| {
        let values = Array::from(&case.inputs[0]).map(|x| if dtype.is_float() { x } else { x % 3.0 + 4.0 });
        Case { inputs: vec![crate::array::tensor(dtype, &values)], ..case }
    };
    inputs::reducible(dtype, Numbers::Signed).prop_map(small).boxed()
}

/// No zero, one, and two among the factors.
fn zero_factors(dtype: DType) -> Vec<Case> {
    let factors = inputs::given(dtype, &[3, 3], &[2.0, 3.0, 4.0, 0.0, 3.0, 4.0, 0.0, 0.0, 4.0]);
    vec![Case::new([factors]).with(json!({ "axes": [1], "keep_dims": false }))]
}

fn of_bools(entry: Entry) -> Entry {
    let edges = |dtype| {
        let truths = inputs::given(dtype, &[3, 2], &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        vec![Case::new([truths]).with(json!({ "axes": [1], "keep_dims": false }))]
    };
    entry
        .of(&[DType::Bool])
        .edges(edges)
        .large(|| {
            let input = inputs::filled(DType::Bool, Numbers::Signed, &[401, 403], 1);
            Case::new([input]).with(json!({ "axes": [0], "keep_dims": true }))
        })
        .differentiable(&[])
}

/// The mean squared distance from the mean.
fn spread(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64
}

/// At least two elements along the axis, so that the deviation is not zero.
fn several(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(shape, keep_dims, seed): ([usize; 2], bool, u64)| {
        let input = inputs::filled(dtype, Numbers::Signed, &shape, seed);
        Case::new([input]).with(json!({ "axes": [1], "keep_dims": keep_dims }))
    };
    ([1usize..=3, 2usize..=4], any::<bool>(), any::<u64>()).prop_map(case).boxed()
}

macro_rules! composed {
    ($name:literal, $method:ident, $combine:expr) => {
        Entry::new($name, |graph, inputs, attributes| {
            Ok(vec![graph.$method(inputs[0], attribute_axes(attributes))?])
        })
        .means(|inputs, attributes| reduced(&inputs[0], attributes, $combine))
        .on(|dtype| inputs::reducible(dtype, Numbers::Signed))
        .edges(|dtype| {
            let large = inputs::given(dtype, &[2, 2], &[80.0, 81.0, -90.0, -91.0]);
            vec![Case::new([large]).with(json!({ "axes": [1], "keep_dims": false }))]
        })
        .large(|| {
            let input = inputs::many(Numbers::Signed, &[53, 67, 61]);
            Case::new([input]).with(json!({ "axes": [0, 2], "keep_dims": false }))
        })
        .differentiable(&[0])
        .roundings(32.0)
        .composed()
    };
}

ops! {
    sum: reduction!(Sum, |values| values.iter().sum()).of(NUMBERS);
    mean: reduction!(Mean, |values| values.iter().sum::<f64>() / values.len() as f64);
    max: reduction!(Max, |values| extremum(values, f64::max)).of(NUMBERS);
    min: reduction!(Min, |values| extremum(values, f64::min)).of(NUMBERS);
    prod: reduction!(Prod, |values| values.iter().product()).of(NUMBERS).on(factors).edges(zero_factors).large(|| {
        Case::new([inputs::many(Numbers::Signed, &[5003, 31])]).with(json!({ "axes": [1], "keep_dims": false }))
    });
    all, no gradient: of_bools(reduction!(All, |values| f64::from(u8::from(values.iter().all(|x| *x != 0.0)))));
    any, no gradient: of_bools(reduction!(Any, |values| f64::from(u8::from(values.iter().any(|x| *x != 0.0)))));
    arg_max, no gradient: arg_max_entry();
    arg_min, no gradient: Entry::new("ArgMin", |graph, inputs, attributes| {
        Ok(vec![graph.arg_min(inputs[0], list(attributes, "axes")[0] as isize)?])
    })
    .means(|inputs, attributes| reduced(&inputs[0].map(|x| -x), attributes, first_greatest))
    .on(of_axis)
    .edges(edges)
    .large(|| Case::new([inputs::many(Numbers::Signed, &[701, 211])]).with(json!({ "axes": [1] })))
    .of(NUMBERS);
    log_sum_exp: composed!("Log", log_sum_exp, |values| values.iter().map(|x| x.exp()).sum::<f64>().ln());
    variance: composed!("SquaredDifference", variance, spread);
    standard_deviation: composed!("Sqrt", standard_deviation, |values| spread(values).sqrt())
        .on(several)
        .edges(|_| Vec::new());
}
