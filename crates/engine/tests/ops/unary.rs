//! Functions of one element.

use everstep_tensor::DType;

use crate::{
    entry::{Builder, Case, Definition, Entry, NUMBERS},
    inputs::{self, Numbers},
};

/// What all functions of one element share: inputs on both sides of zero, and large ones.
fn function(name: &'static str, build: Builder, definition: Definition) -> Entry {
    Entry::new(name, build)
        .means(definition)
        .elementwise()
        .on(|dtype| inputs::one(dtype, Numbers::Signed))
        .edges(edges)
        .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403])]))
        .differentiable(&[0])
}

/// Zeros of both signs, infinities, NaN, tiny and huge numbers, and none at all; of integers the extremes.
fn edges(dtype: DType) -> Vec<Case> {
    let special = match dtype.is_float() {
        true => vec![0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e-30, -1e-30, 1e30, -1e30, 88.0, -88.0],
        false => vec![0.0, 1.0, -1.0, 46_340.0, -46_340.0],
    };
    vec![Case::new([inputs::given(dtype, &[special.len()], &special)]), Case::new([inputs::given(dtype, &[2, 0], &[])])]
}

/// A function of a positive number.
fn positive(entry: Entry) -> Entry {
    entry
        .on(|dtype| inputs::one(dtype, Numbers::Positive))
        .large(|| Case::new([inputs::many(Numbers::Positive, &[401, 403])]))
}

/// `function!("Relu", relu, |x| …)`: the op's name, the graph's method, the formula.
macro_rules! function {
    ($name:literal, $method:ident, $formula:expr) => {
        function(
            $name,
            |graph, inputs, _| Ok(vec![graph.$method(inputs[0])?]),
            |inputs, _| {
                let formula: fn(f64) -> f64 = $formula;
                vec![inputs[0].map(formula)]
            },
        )
    };
}

ops! {
    neg: function!("Neg", neg, |x| -x).of(NUMBERS);
    abs: function!("Abs", abs, f64::abs).of(NUMBERS);
    square: function!("Square", square, |x| x * x).of(NUMBERS);
    exp: function!("Exp", exp, f64::exp);
    log: positive(function!("Log", log, f64::ln));
    sqrt: positive(function!("Sqrt", sqrt, f64::sqrt));
    relu: function!("Relu", relu, |x| if x < 0.0 { 0.0 } else { x });
    tanh: function!("Tanh", tanh, f64::tanh);
    sigmoid: function!("Sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
}
