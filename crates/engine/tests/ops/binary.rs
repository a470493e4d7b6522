//! Functions of two elements, broadcast.

use everstep_tensor::DType;

use crate::{
    array::Array,
    entry::{Builder, Case, Definition, Entry, NUMBERS},
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

ops! {
    add_v2: function!("AddV2", add, |x, y| x + y);
    sub: function!("Sub", sub, |x, y| x - y);
    mul: function!("Mul", mul, |x, y| x * y);
    div: function(
        "Div",
        |graph, inputs, _| Ok(vec![graph.div(inputs[0], inputs[1])?]),
        |inputs, _| quotient(inputs, false),
    ).of(crate::entry::FLOATS);
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
}
