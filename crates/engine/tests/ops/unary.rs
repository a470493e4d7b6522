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

/// A function that is constant between its steps.
fn flat(entry: Entry) -> Entry {
    entry.differentiable(&[])
}

/// What lies between two integers.
fn halves(dtype: DType) -> Vec<Case> {
    let halves = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49, -0.51, 8_388_609.0, f64::INFINITY, f64::NAN, -0.0];
    vec![Case::new([inputs::given(dtype, &[halves.len()], &halves)])]
}

/// Numbers of all sizes, none infinite.
fn finite(dtype: DType) -> Vec<Case> {
    let numbers = [0.0, -0.0, 1e-30, -1e-30, 40.0, -40.0, 7.5, f64::NAN];
    vec![Case::new([inputs::given(dtype, &[numbers.len()], &numbers)])]
}

/// `2 / sqrt(pi)` times the integral of `e^(-t^2)` from 0, by Gauss and Legendre's rule of three points in 400 parts.
fn erf_by_definition(x: f64) -> f64 {
    let (parts, root) = (400, 0.6f64.sqrt());
    let width = x.clamp(-6.0, 6.0) / f64::from(parts);
    let height = |t: f64| (-t * t).exp();
    let part = |part: i32| {
        let (middle, reach) = ((f64::from(part) + 0.5) * width, root * width / 2.0);
        (5.0 * height(middle - reach) + 8.0 * height(middle) + 5.0 * height(middle + reach)) / 18.0
    };
    std::f64::consts::FRAC_2_SQRT_PI * width * (0..parts).map(part).sum::<f64>()
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
    sign, no gradient: flat(function!("Sign", sign, |x| if x == 0.0 || x.is_nan() { x } else { x.signum() }).of(NUMBERS));
    reciprocal: function!("Reciprocal", reciprocal, f64::recip);
    rsqrt: positive(function!("Rsqrt", rsqrt, |x| 1.0 / x.sqrt()));
    log1p: positive(function!("Log1p", log1p, f64::ln_1p));
    expm1: function!("Expm1", expm1, f64::exp_m1);
    floor, no gradient: flat(function!("Floor", floor, f64::floor));
    ceil, no gradient: flat(function!("Ceil", ceil, f64::ceil));
    round, no gradient: flat(function!("Round", round, f64::round_ties_even)).edges(halves);
    erf: function!("Erf", erf, erf_by_definition).roundings(64.0);
    sin: function!("Sin", sin, f64::sin);
    cos: function!("Cos", cos, f64::cos);
    softplus: function!("Softplus", softplus, |x| {
        if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
    }).edges(finite);
    softsign: function!("Softsign", softsign, |x| x / (1.0 + x.abs()));
    relu6: function!("Relu6", relu6, |x| if x.is_nan() { x } else { x.clamp(0.0, 6.0) });
    leaky_relu: function(
        "LeakyRelu",
        |graph, inputs, _| Ok(vec![graph.leaky_relu(inputs[0], 0.2)?]),
        |inputs, _| vec![inputs[0].map(|x| if x > 0.0 { x } else { 0.2 * x })],
    );
    elu: function!("Elu", elu, |x| if x > 0.0 { x } else { x.exp_m1() });
    selu: function!("Selu", selu, |x| {
        1.050_700_987_355_480_5 * if x > 0.0 { x } else { 1.673_263_242_354_377_2 * x.exp_m1() }
    });
    silu: function!("Silu", silu, |x| x / (1.0 + (-x).exp())).edges(finite);
    gelu: Entry {
        floor: 1.0,
        ..function(
            "Gelu",
            |graph, inputs, _| Ok(vec![graph.gelu(inputs[0], false)?]),
            |inputs, _| vec![inputs[0].map(|x| x / 2.0 * (1.0 + erf_by_definition(x / 2f64.sqrt())))],
        ).edges(finite).roundings(64.0)
    };
    gelu_by_tanh: Entry {
        floor: 1.0,
        ..function(
            "Gelu",
            |graph, inputs, _| Ok(vec![graph.gelu(inputs[0], true)?]),
            |inputs, _| vec![inputs[0].map(|x| {
                x / 2.0 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
            })],
        ).edges(finite)
    };
}
