//! The ops that gradients are made of, reached through the gradients of other ops.

use everstep_graph::{Axes, Graph, Output};
use everstep_tensor::{DType, Result};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    array::{Array, broadcast},
    entry::{Builder, Case, Definition, Entry},
    inputs::{self, Numbers, list},
};

/// The gradient of `value` with respect to `input`, where the gradient of `value` is `gradient`.
pub(crate) fn pulled_back(graph: &mut Graph, value: Output, gradient: Output, input: Output) -> Result<Vec<Output>> {
    let weighted = graph.mul(value, gradient)?;
    let loss = graph.sum(weighted, Axes::all())?;
    Ok(graph.gradients(loss, &[input])?.into_iter().flatten().collect())
}

/// The gradient of a function of one element: inputs (its argument, gradient of its value).
fn gradient_of(name: &'static str, build: Builder, definition: Definition) -> Entry {
    Entry::new(name, build)
        .means(definition)
        .on(|dtype| {
            let case = move |(shape, seed): (Vec<usize>, u64)| {
                let gradient = inputs::filled(dtype, Numbers::Between, &shape, !seed);
                Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed), gradient])
            };
            (prop::collection::vec(1usize..=4, 1..=3), any::<u64>()).prop_map(case).boxed()
        })
        .large(|| {
            let (value, gradient) = (Numbers::Signed, Numbers::Between);
            Case::new([inputs::many(value, &[1601, 101]), inputs::many(gradient, &[1601, 101])])
        })
        .roundings(16.0)
}

macro_rules! gradient_of {
    ($name:literal, $method:ident, $derivative:expr) => {
        gradient_of(
            $name,
            |graph, inputs, _| {
                let value = graph.$method(inputs[0])?;
                pulled_back(graph, value, inputs[1], inputs[0])
            },
            |inputs, _| {
                let derivative: fn(f64) -> f64 = $derivative;
                vec![inputs[0].map(derivative).zip(&inputs[1], |slope, gradient| slope * gradient)]
            },
        )
    };
}

fn softmax_gradient(inputs: &[Array]) -> Vec<Array> {
    let last = [inputs[0].shape.len() - 1];
    let powers = inputs[0].map(f64::exp);
    let softmax = powers.zip(&powers.reduce(&last, true, |row| row.iter().sum()), |power, sum| power / sum);
    let shares = softmax.zip(&inputs[1], |y, g| y * g).reduce(&last, true, |row| row.iter().sum());
    vec![inputs[1].zip(&shares, |g, share| g - share).zip(&softmax, |difference, y| difference * y)]
}

/// Inputs (operand, a tensor it is broadcast with, gradient of the broadcast shape).
fn broadcasts(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |([one, other], seed): ([Vec<usize>; 2], u64)| {
        let gradient = inputs::filled(dtype, Numbers::Signed, &broadcast(&one, &other), seed + 2);
        let filled = |shape: &[usize], seed| inputs::filled(dtype, Numbers::Signed, shape, seed);
        Case::new([filled(&one, seed), filled(&other, seed + 1), gradient])
    };
    // The operand is repeated along the first axis at least, or lacks it.
    let axes = (prop::collection::vec((2usize..=3, any::<bool>()), 1..=3), any::<bool>());
    let repeated = axes.prop_map(|(axes, lacks)| {
        let repeated =
            |(axis, (length, repeat)): (usize, &(usize, bool))| if axis == 0 || *repeat { 1 } else { *length };
        let one: Vec<usize> = axes.iter().enumerate().map(repeated).skip(usize::from(lacks)).collect();
        [one, axes.iter().map(|(length, _)| *length).collect()]
    });
    (repeated, 0..u64::MAX - 2).prop_map(case).boxed()
}

fn summed(inputs: &[Array]) -> Vec<Array> {
    let (gradient, operand) = (&inputs[2], &inputs[0]);
    let missing = gradient.shape.len() - operand.shape.len();
    let is_repeated = |axis: &usize| *axis < missing || operand.shape[*axis - missing] == 1;
    let axes: Vec<usize> = (0..gradient.shape.len()).filter(is_repeated).collect();
    let sum = gradient.reduce(&axes, true, |values| values.iter().sum());
    vec![Array::new(&operand.shape, sum.values)]
}

fn sum_to_shape_entry() -> Entry {
    Entry::new("SumToShape", |graph, inputs, _| {
        let value = graph.add(inputs[0], inputs[1])?;
        pulled_back(graph, value, inputs[2], inputs[0])
    })
    .means(|inputs, _| summed(inputs))
    .on(broadcasts)
    .large(|| {
        let shape = [401, 403];
        let operand = inputs::many(Numbers::Signed, &[403]);
        Case::new([operand, inputs::many(Numbers::Signed, &shape), inputs::many(Numbers::Between, &shape)])
    })
    .roundings(16.0)
}

/// Inputs (what is reduced, gradient of the sum); attributes `axes`, `keep_dims`, `mean`.
fn spreads(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(case, mean, seed): (Case, bool, u64)| {
        let (axes, keep_dims) = (list(&case.attributes, "axes"), case.attributes["keep_dims"] == true);
        let sum = case.arrays()[0].reduce(&axes, keep_dims, |_| 0.0);
        let gradient = inputs::filled(dtype, Numbers::Between, &sum.shape, seed);
        let attributes = json!({ "axes": axes, "keep_dims": keep_dims, "mean": mean });
        Case::new([case.inputs[0].clone(), gradient]).with(attributes)
    };
    (inputs::reducible(dtype, Numbers::Signed), any::<bool>(), any::<u64>()).prop_map(case).boxed()
}

fn spread_entry() -> Entry {
    Entry::new("Spread", |graph, inputs, attributes| {
        let reduction =
            if attributes["mean"] == true { everstep_graph::Reduction::Mean } else { everstep_graph::Reduction::Sum };
        let axes = list(attributes, "axes").into_iter().map(|axis| axis as isize).collect::<Vec<isize>>();
        let mut axes = crate::reductions::axes(&axes);
        if attributes["keep_dims"] == true {
            axes = axes.keep();
        }
        let value = graph.reduce(reduction, inputs[0], axes)?;
        pulled_back(graph, value, inputs[1], inputs[0])
    })
    .means(|inputs, attributes| {
        let (operand, axes) = (&inputs[0], list(attributes, "axes"));
        let kept: Vec<usize> = operand
            .shape
            .iter()
            .enumerate()
            .map(|(axis, length)| if axes.contains(&axis) { 1 } else { *length })
            .collect();
        let repeated = axes.iter().map(|axis| operand.shape[*axis]).product::<usize>();
        let scale = if attributes["mean"] == true { 1.0 / repeated as f64 } else { 1.0 };
        let gradient = Array::new(&kept, inputs[1].values.clone());
        vec![Array::of(&operand.shape, |index| scale * gradient.spread_at(index))]
    })
    .on(spreads)
    .large(|| {
        let inputs = [inputs::many(Numbers::Signed, &[401, 403]), inputs::many(Numbers::Between, &[401])];
        Case::new(inputs).with(json!({ "axes": [1], "keep_dims": false, "mean": true }))
    })
}

ops! {
    relu_grad, no gradient: gradient_of!("ReluGrad", relu, |x| f64::from(u8::from(x > 0.0)));
    tanh_grad, no gradient: gradient_of!("TanhGrad", tanh, |x| 1.0 - x.tanh() * x.tanh());
    sigmoid_grad, no gradient: gradient_of!("SigmoidGrad", sigmoid, |x| {
        let sigmoid = 1.0 / (1.0 + (-x).exp());
        sigmoid * (1.0 - sigmoid)
    });
    relu6_grad, no gradient: gradient_of!("Relu6Grad", relu6, |x| f64::from(u8::from(x > 0.0 && x < 6.0)));
    leaky_relu_grad, no gradient: gradient_of(
        "LeakyReluGrad",
        |graph, inputs, _| {
            let value = graph.leaky_relu(inputs[0], 0.2)?;
            pulled_back(graph, value, inputs[1], inputs[0])
        },
        |inputs, _| {
            vec![inputs[0].map(|x| if x > 0.0 { 1.0 } else { 0.2 }).zip(&inputs[1], |slope, gradient| slope * gradient)]
        },
    );
    elu_grad, no gradient: gradient_of!("EluGrad", elu, |x| if x > 0.0 { 1.0 } else { x.exp() });
    selu_grad, no gradient: gradient_of!("SeluGrad", selu, |x| {
        1.050_700_987_355_480_5 * if x > 0.0 { 1.0 } else { 1.673_263_242_354_377_2 * x.exp() }
    });
    reciprocal_grad, no gradient: gradient_of!("ReciprocalGrad", reciprocal, |x| -1.0 / (x * x));
    rsqrt_grad, no gradient: gradient_of!("RsqrtGrad", rsqrt, |x| -0.5 / (x * x.sqrt()));
    softplus_grad, no gradient: gradient_of!("SoftplusGrad", softplus, |x| 1.0 / (1.0 + (-x).exp()));
    softsign_grad, no gradient: gradient_of!("SoftsignGrad", softsign, |x| 1.0 / (1.0 + x.abs()).powi(2));
    silu_grad, no gradient: gradient_of!("SiluGrad", silu, |x| {
        let sigmoid = 1.0 / (1.0 + (-x).exp());
        sigmoid * (1.0 + x * (1.0 - sigmoid))
    });
    gelu_grad, no gradient: gradient_of(
        "GeluGrad",
        |graph, inputs, _| {
            let value = graph.gelu(inputs[0], true)?;
            pulled_back(graph, value, inputs[1], inputs[0])
        },
        |inputs, _| {
            let slope = |x: f64| {
                let scale = (2.0 / std::f64::consts::PI).sqrt();
                let tanh = (scale * (x + 0.044715 * x.powi(3))).tanh();
                (1.0 + tanh) / 2.0 + x / 2.0 * (1.0 - tanh * tanh) * scale * (1.0 + 3.0 * 0.044715 * x * x)
            };
            vec![inputs[0].map(slope).zip(&inputs[1], |slope, gradient| slope * gradient)]
        },
    );
    softmax_grad, no gradient: gradient_of(
        "SoftmaxGrad",
        |graph, inputs, _| {
            let value = graph.softmax(inputs[0])?;
            pulled_back(graph, value, inputs[1], inputs[0])
        },
        |inputs, _| softmax_gradient(inputs),
    );
    sum_to_shape, no gradient: sum_to_shape_entry();
    spread, no gradient: spread_entry();
}
