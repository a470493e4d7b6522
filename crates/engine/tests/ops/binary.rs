//! Functions of two elements, broadcast.

use everstep_tensor::DType;
use proptest::prelude::*;

use crate::{
    array::Array,
    entry::{Builder, Case, Definition, Entry, FLOATS, NUMBERS},
    inputs::{self, Numbers},
};

/// What all functions of two elements share: shapes that broadcast, and no ties.
fn function(name: &'static str, build: Builder, definition: Definition) -> Entry {
    Entry::new(name, build)
        .means(definition)
        .elementwise()
        .on(|dtype| inputs::two(dtype, [Numbers::Signed, Numbers::Between]))
        .edges(edges)
        .large(large)
        .of(NUMBERS)
        .differentiable(&[0, 1])
}

fn large() -> Case {
    Case::new([inputs::many(Numbers::Signed, &[401, 403]), inputs::many(Numbers::Between, &[403])])
}

/// Each special number with each, ties among them; no integer is divided by zero.
fn edges(dtype: DType) -> Vec<Case> {
    let special = match dtype.is_float() {
        true => vec![0.0, -0.0, 1.5, -2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN],
        false => vec![1.0, -1.0, 7.0, -7.0, 2.0, -2.0],
    };
    let count = special.len();
    let (column, row) = (inputs::given(dtype, &[count, 1], &special), inputs::given(dtype, &[count], &special));
    let none = inputs::given(dtype, &[0, 3], &[]);
    vec![Case::new([column, row.clone()]), Case::new([none, inputs::given(dtype, &[1], &special[..1])])]
}

macro_rules! function {
    ($name:literal, $method:ident, $formula:expr) => {
        function(
            $name,
            |graph, inputs, _| Ok(vec![graph.$method(inputs[0], inputs[1])?]),
            |inputs, _| {
                let formula: fn(f64, f64) -> f64 = $formula;
                vec![inputs[0].zip(&inputs[1], formula)]
            },
        )
    };
}

/// NaN if either is.
fn choose(x: f64, y: f64, chosen: f64) -> f64 {
    if x.is_nan() || y.is_nan() { f64::NAN } else { chosen }
}

/// An integer quotient has no fraction.
fn quotient(inputs: &[Array], truncate: bool) -> Vec<Array> {
    vec![inputs[0].zip(&inputs[1], |x, y| if truncate { (x / y).trunc() } else { x / y })]
}

/// Numbers with bounds that lie between them.
fn clipped(dtype: DType) -> BoxedStrategy<Case> {
    let bounds = move |case: Case| {
        let bound = |value| inputs::given(dtype, &[], &[value]);
        Case::new([case.inputs[0].clone(), bound(-0.25 * scale(dtype)), bound(0.45 * scale(dtype))])
    };
    inputs::one(dtype, Numbers::Signed).prop_map(bounds).boxed()
}

fn scale(dtype: DType) -> f64 {
    if dtype.is_float() { 1.0 } else { 10.0 }
}

ops! {
    add_v2: function!("AddV2", add, |x, y| x + y);
    sub: function!("Sub", sub, |x, y| x - y);
    mul: function!("Mul", mul, |x, y| x * y);
    div: function(
        "Div",
        |graph, inputs, _| Ok(vec![graph.div(inputs[0], inputs[1])?]),
        |inputs, _| quotient(inputs, false),
    ).of(FLOATS);
    div_of_integers, no gradient: function(
        "Div",
        |graph, inputs, _| Ok(vec![graph.div(inputs[0], inputs[1])?]),
        |inputs, _| quotient(inputs, true),
    )
    .of(&[DType::I32, DType::I64])
    .large(|| {
        let dividends = inputs::filled(DType::I32, Numbers::Signed, &[401, 403], 1);
        Case::new([dividends, inputs::filled(DType::I32, Numbers::Signed, &[403], 2)])
    })
    .differentiable(&[]);
    maximum: function!("Maximum", maximum, |x, y| choose(x, y, x.max(y)));
    minimum: function!("Minimum", minimum, |x, y| choose(x, y, x.min(y)));
    squared_difference: function!("SquaredDifference", squared_difference, |x, y| (x - y) * (x - y));
    pow: function!("Pow", pow, f64::powf)
        .of(FLOATS)
        .on(|dtype| inputs::two(dtype, [Numbers::Positive, Numbers::Between]))
        .large(|| Case::new([inputs::many(Numbers::Positive, &[401, 403]), inputs::many(Numbers::Between, &[403])]))
        .roundings(32.0);
    div_no_nan: function!("DivNoNan", div_no_nan, |x, y| if y == 0.0 { 0.0 } else { x / y }).of(FLOATS);
    floor_div, no gradient: function!("FloorDiv", floor_div, |x, y| (x / y).floor()).differentiable(&[]);
    floor_mod: function!("FloorMod", floor_mod, |x, y| match x % y {
        rest if rest != 0.0 && (rest < 0.0) != (y < 0.0) => rest + y,
        rest => rest,
    });
    clip_by_value: function(
        "Minimum",
        |graph, inputs, _| Ok(vec![graph.clip_by_value(inputs[0], inputs[1], inputs[2])?]),
        |inputs, _| {
            let (low, high) = (inputs[1].values[0], inputs[2].values[0]);
            vec![inputs[0].map(|x| if x.is_nan() { x } else { x.clamp(low, high) })]
        },
    )
    .on(clipped)
    .edges(|_| Vec::new())
    .large(|| {
        let bounds = [inputs::given(DType::F32, &[], &[-0.5]), inputs::given(DType::F32, &[], &[0.75])];
        let [low, high] = bounds;
        Case::new([inputs::many(Numbers::Signed, &[401, 403]), low, high])
    })
    .differentiable(&[0])
    .composed();
    add_n: function(
        "AddV2",
        |graph, inputs, _| Ok(vec![graph.add_n(inputs)?]),
        |inputs, _| vec![inputs[0].zip(&inputs[1], |x, y| x + y).zip(&inputs[2], |sum, z| sum + z)],
    )
    .on(|dtype| {
        let case = move |(shape, seed): (Vec<usize>, u64)| {
            Case::new([0, 1, 2].map(|input| inputs::filled(dtype, Numbers::Signed, &shape, seed.wrapping_add(input))))
        };
        (inputs::shapes(3), any::<u64>()).prop_map(case).boxed()
    })
    .edges(|_| Vec::new())
    .large(|| Case::new([1, 2, 3].map(|_| inputs::many(Numbers::Signed, &[401, 403]))))
    .differentiable(&[0, 1, 2]);
}
