//! Updates of variables: their first inputs are the variables before, their outputs the variables after.

use everstep_graph::UpdateRule;
use everstep_tensor::{DType, Tensor};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    array::Array,
    entry::{Case, Definition, Entry, FLOATS, Updater},
    inputs::{self, Numbers},
};

/// How the inputs of an update are made: a tensor of the variable's shape, or a scalar.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Dense(Numbers),
    Scalar(f64),
}

use Part::{Dense, Scalar};

fn case(dtype: DType, parts: &[Part], shape: &[usize], seed: u64) -> Case {
    let tensor = |(index, part): (usize, &Part)| match part {
        Dense(kind) => inputs::filled(dtype, *kind, shape, seed.wrapping_add(index as u64)),
        Scalar(value) => inputs::given(dtype, &[], &[*value]),
    };
    Case::new(parts.iter().enumerate().map(tensor).collect::<Vec<Tensor>>())
}

fn cases(dtype: DType, parts: &'static [Part]) -> BoxedStrategy<Case> {
    let case = move |(shape, seed, nesterov): (Vec<usize>, u64, bool)| {
        case(dtype, parts, &shape, seed).with(json!({ "nesterov": nesterov }))
    };
    (inputs::shapes(3), any::<u64>(), any::<bool>()).prop_map(case).boxed()
}

fn large(parts: &[Part]) -> Case {
    let tensor = |part: &Part| match part {
        Dense(kind) => inputs::many(*kind, &[401, 403]),
        Scalar(value) => inputs::given(DType::F32, &[], &[*value]),
    };
    Case::new(parts.iter().map(tensor).collect::<Vec<Tensor>>()).with(json!({ "nesterov": true }))
}

fn update(name: &'static str, targets: usize, build: Updater, definition: Definition) -> Entry {
    Entry::update(name, targets, build).means(definition)
}

macro_rules! on {
    ($parts:expr, $entry:expr) => {{
        const PARTS: &[Part] = $parts;
        $entry.on(|dtype| cases(dtype, PARTS)).large(|| large(PARTS))
    }};
}

pub(crate) fn momentum(inputs: &[Array], nesterov: bool) -> Vec<Array> {
    let (rate, gradient, momentum) = (inputs[2].values[0], &inputs[3], inputs[4].values[0]);
    let accumulator = inputs[1].zip(gradient, |accumulator, gradient| accumulator * momentum + gradient);
    let step = match nesterov {
        true => gradient.zip(&accumulator, |gradient, accumulator| rate * (gradient + momentum * accumulator)),
        false => accumulator.map(|accumulator| rate * accumulator),
    };
    vec![inputs[0].zip(&step, |variable, step| variable - step), accumulator]
}

fn adamw(inputs: &[Array]) -> Vec<Array> {
    let (rate, decay) = (inputs[5].values[0], inputs[9].values[0]);
    let decayed = inputs[0].map(|variable| variable * (1.0 - rate * decay));
    adam(&[&[decayed], &inputs[1..9], &inputs[10..]].concat())
}

pub(crate) fn adam(inputs: &[Array]) -> Vec<Array> {
    let [beta1_power, beta2_power, rate, beta1, beta2, epsilon]: [f64; 6] =
        std::array::from_fn(|index| inputs[3 + index].values[0]);
    let gradient = &inputs[9];
    let mean = inputs[1].zip(gradient, |mean, gradient| beta1 * mean + (1.0 - beta1) * gradient);
    let variance = inputs[2].zip(gradient, |mean, gradient| beta2 * mean + (1.0 - beta2) * gradient * gradient);
    let rate = rate * (1.0 - beta2_power).sqrt() / (1.0 - beta1_power);
    let step = mean.zip(&variance, |mean, variance| rate * mean / (variance.sqrt() + epsilon));
    vec![inputs[0].zip(&step, |variable, step| variable - step), mean, variance]
}

fn adagrad(inputs: &[Array]) -> Vec<Array> {
    let (rate, gradient) = (inputs[2].values[0], &inputs[3]);
    let accumulator = inputs[1].zip(gradient, |accumulator, gradient| accumulator + gradient * gradient);
    let step = gradient.zip(&accumulator, |gradient, accumulator| rate * gradient / accumulator.sqrt());
    vec![inputs[0].zip(&step, |variable, step| variable - step), accumulator]
}

/// The mean of the gradients is among the inputs and outputs if it is centered.
fn rms_prop(inputs: &[Array], centered: bool) -> Vec<Array> {
    let (slots, rest) = inputs.split_at(if centered { 4 } else { 3 });
    let [rate, rho, momentum, epsilon]: [f64; 4] = std::array::from_fn(|index| rest[index].values[0]);
    let gradient = &rest[4];
    let average = |slot: &Array, value: &Array| slot.zip(value, |slot, value| rho * slot + (1.0 - rho) * value);
    let square = average(&slots[slots.len() - 2], &gradient.map(|gradient| gradient * gradient));
    let mean = centered.then(|| average(&slots[1], gradient));
    let spread = match &mean {
        Some(mean) => square.zip(mean, |square, mean| square - mean * mean),
        None => square.clone(),
    };
    let step = gradient.zip(&spread, |gradient, spread| rate * gradient / (spread + epsilon).sqrt());
    let moment = slots[slots.len() - 1].zip(&step, |moment, step| momentum * moment + step);
    let variable = slots[0].zip(&moment, |variable, moment| variable - moment);
    std::iter::once(variable).chain(mean).chain([square, moment]).collect()
}

fn lion(inputs: &[Array]) -> Vec<Array> {
    let [rate, beta1, beta2, decay]: [f64; 4] = std::array::from_fn(|index| inputs[2 + index].values[0]);
    let average = |beta: f64| inputs[1].zip(&inputs[6], |mean, gradient| beta * mean + (1.0 - beta) * gradient);
    let direction = average(beta1).map(|way| if way == 0.0 { 0.0 } else { way.signum() });
    let variable = inputs[0].zip(&direction, |variable, direction| variable - rate * (direction + decay * variable));
    vec![variable, average(beta2)]
}

fn lamb(inputs: &[Array]) -> Vec<Array> {
    let [beta1_power, beta2_power, rate, beta1, beta2, epsilon, decay]: [f64; 7] =
        std::array::from_fn(|index| inputs[3 + index].values[0]);
    let gradient = &inputs[10];
    let mean = inputs[1].zip(gradient, |mean, gradient| beta1 * mean + (1.0 - beta1) * gradient);
    let variance = inputs[2].zip(gradient, |mean, gradient| beta2 * mean + (1.0 - beta2) * gradient * gradient);
    let step = mean.zip(&variance, |mean, variance| {
        mean / (1.0 - beta1_power) / ((variance / (1.0 - beta2_power)).sqrt() + epsilon)
    });
    let step = step.zip(&inputs[0], |step, variable| step + decay * variable);
    let norm = |of: &Array| of.values.iter().map(|x| x * x).sum::<f64>().sqrt();
    let (weight, length) = (norm(&inputs[0]), norm(&step));
    let ratio = if weight == 0.0 || length == 0.0 { 1.0 } else { weight / length };
    vec![inputs[0].zip(&step, |variable, step| variable - rate * ratio * step), mean, variance]
}

pub(crate) const VARIABLE: Part = Dense(Numbers::Signed);
pub(crate) const GRADIENT: Part = Dense(Numbers::Between);

ops! {
    assign, no gradient: on!(&[VARIABLE, GRADIENT], update(
        "Assign", 1,
        |graph, variables, inputs, _| graph.update(UpdateRule::Assign, variables, inputs),
        |inputs, _| vec![inputs[1].clone()],
    )).of(&[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64]);
    assign_add, no gradient: on!(&[VARIABLE, GRADIENT], update(
        "AssignAdd", 1,
        |graph, variables, inputs, _| graph.update(UpdateRule::AssignAdd, variables, inputs),
        |inputs, _| vec![inputs[0].zip(&inputs[1], |variable, value| variable + value)],
    )).of(&[DType::U8, DType::I32, DType::I64, DType::F32, DType::F64]);
    assign_sub, no gradient: on!(&[VARIABLE, GRADIENT], update(
        "AssignSub", 1,
        |graph, variables, inputs, _| graph.update(UpdateRule::AssignSub, variables, inputs),
        |inputs, _| vec![inputs[0].zip(&inputs[1], |variable, value| variable - value)],
    )).of(&[DType::I32, DType::I64, DType::F32, DType::F64]);
    apply_gradient_descent, no gradient: on!(&[VARIABLE, Scalar(0.1), GRADIENT], update(
        "ApplyGradientDescent", 1,
        |graph, variables, inputs, _| graph.update(UpdateRule::GradientDescent, variables, inputs),
        |inputs, _| {
            let rate = inputs[1].values[0];
            vec![inputs[0].zip(&inputs[2], |variable, gradient| variable - rate * gradient)]
        },
    )).of(FLOATS);
    apply_momentum, no gradient: on!(&[VARIABLE, VARIABLE, Scalar(0.1), GRADIENT, Scalar(0.9)], update(
        "ApplyMomentum", 2,
        |graph, variables, inputs, attributes| {
            let nesterov = attributes["nesterov"] == true;
            graph.update(UpdateRule::Momentum { nesterov }, variables, inputs)
        },
        |inputs, attributes| momentum(inputs, attributes["nesterov"] == true),
    ));
    apply_adam, no gradient: on!(
        &[
            VARIABLE, VARIABLE, Dense(Numbers::Positive),
            Scalar(0.9), Scalar(0.99), Scalar(0.01), Scalar(0.9), Scalar(0.99), Scalar(1e-7), GRADIENT,
        ],
        update(
            "ApplyAdam", 3,
            |graph, variables, inputs, _| graph.update(UpdateRule::Adam, variables, inputs),
            |inputs, _| adam(inputs),
        )
    ).roundings(64.0);
    apply_adam_w, no gradient: on!(
        &[
            VARIABLE, VARIABLE, Dense(Numbers::Positive),
            Scalar(0.9), Scalar(0.99), Scalar(0.1), Scalar(0.9), Scalar(0.99), Scalar(1e-7), Scalar(0.5), GRADIENT,
        ],
        update(
            "ApplyAdamW", 3,
            |graph, variables, inputs, _| graph.update(UpdateRule::AdamW, variables, inputs),
            |inputs, _| adamw(inputs),
        )
    ).roundings(64.0);
    apply_adagrad, no gradient: on!(&[VARIABLE, Dense(Numbers::Positive), Scalar(0.1), GRADIENT], update(
        "ApplyAdagrad", 2,
        |graph, variables, inputs, _| graph.update(UpdateRule::Adagrad, variables, inputs),
        |inputs, _| adagrad(inputs),
    )).roundings(16.0);
    apply_rms_prop, no gradient: on!(
        &[
            VARIABLE, Dense(Numbers::Positive), VARIABLE,
            Scalar(0.01), Scalar(0.9), Scalar(0.5), Scalar(1e-7), GRADIENT,
        ],
        update(
            "ApplyRMSProp", 3,
            |graph, variables, inputs, _| graph.update(UpdateRule::RmsProp { centered: false }, variables, inputs),
            |inputs, _| rms_prop(inputs, false),
        )
    ).roundings(64.0);
    apply_centered_rms_prop, no gradient: on!(
        &[
            VARIABLE, Dense(Numbers::Between), Dense(Numbers::Positive), VARIABLE,
            Scalar(0.01), Scalar(0.9), Scalar(0.5), Scalar(2.0), GRADIENT,
        ],
        update(
            "ApplyCenteredRMSProp", 4,
            |graph, variables, inputs, _| graph.update(UpdateRule::RmsProp { centered: true }, variables, inputs),
            |inputs, _| rms_prop(inputs, true),
        )
    ).roundings(64.0);
    apply_lion, no gradient, no tensorflow: on!(
        &[VARIABLE, VARIABLE, Scalar(0.1), Scalar(0.9), Scalar(0.99), Scalar(0.1), GRADIENT],
        update(
            "ApplyLion", 2,
            |graph, variables, inputs, _| graph.update(UpdateRule::Lion, variables, inputs),
            |inputs, _| lion(inputs),
        )
    ).roundings(16.0);
    apply_lamb, no gradient, no tensorflow: on!(
        &[
            VARIABLE, VARIABLE, Dense(Numbers::Positive),
            Scalar(0.9), Scalar(0.99), Scalar(0.1), Scalar(0.9), Scalar(0.99), Scalar(1e-6), Scalar(0.1), GRADIENT,
        ],
        update(
            "ApplyLamb", 3,
            |graph, variables, inputs, _| graph.update(UpdateRule::Lamb, variables, inputs),
            |inputs, _| lamb(inputs),
        )
    ).roundings(128.0);
    assign_moving_average, no gradient: on!(&[VARIABLE, VARIABLE, Scalar(0.9)], update(
        "AssignMovingAverage", 2,
        |graph, variables, inputs, _| graph.update(UpdateRule::MovingAverage, variables, inputs),
        |inputs, _| {
            let decay = inputs[2].values[0];
            let average = inputs[0].zip(&inputs[1], |average, value| decay * average + (1.0 - decay) * value);
            vec![average, inputs[1].clone()]
        },
    )).roundings(16.0);
}
