//! Random ops: their numbers by the generator's definition, written down a second time.

use everstep_graph::{Graph, Law, Output};
use everstep_tensor::{DType, Result};

use crate::{
    array::Array,
    entry::{Case, Entry, FLOATS},
    inputs::{self, Numbers},
};

/// Philox4x32 of ten rounds (Salmon and others, 2011).
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let [one, other] =
            [(counter[0], 0xd251_1f53u64), (counter[2], 0xcd9e_8d57)].map(|(word, factor)| u64::from(word) * factor);
        let high = |product: u64| (product >> 32) as u32;
        counter = [high(other) ^ counter[1] ^ key[0], other as u32, high(one) ^ counter[3] ^ key[1], one as u32];
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

/// FNV-1a of the seed 0 and the name, and the end of SplitMix64.
fn key(name: &str) -> [u32; 2] {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let mut hash = [0; 8].into_iter().chain(name.bytes()).fold(0xcbf2_9ce4_8422_2325, fnv);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9), (27, 0x94d0_49bb_1331_11eb)] {
        hash = (hash ^ (hash >> shift)).wrapping_mul(factor);
    }
    hash ^= hash >> 31;
    [hash as u32, (hash >> 32) as u32]
}

/// The two numbers in 0..1 of an element of the first run.
fn pair(name: &str, element: usize, attempt: u32) -> [f64; 2] {
    let [a, b, c, d] = philox([element as u32, 0, attempt, 0], key(name));
    [(a, b), (c, d)].map(|(high, low)| ((u64::from(high) << 21) | u64::from(low >> 11)) as f64 / 2f64.powi(53))
}

fn normal(name: &str, element: usize, attempt: u32) -> f64 {
    let [radius, angle] = pair(name, element, attempt);
    (-2.0 * (1.0 - radius).ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}

fn elements(like: &Array, element: impl FnMut(usize) -> f64) -> Vec<Array> {
    vec![Array::new(&like.shape, (0..like.values.len()).map(element).collect())]
}

fn drawn(graph: &mut Graph, law: Law, dtype: DType, like: Output) -> Result<Vec<Output>> {
    Ok(vec![graph.random_like(law, dtype, like)?])
}

/// A law of the dtype of the input, whose shape it takes.
macro_rules! law {
    ($name:literal, $law:expr, $element:expr) => {
        Entry::new($name, |graph, inputs, _| {
            let dtype = graph.type_of(inputs[0])?.dtype;
            drawn(graph, $law, dtype, inputs[0])
        })
        .means(|inputs, _| {
            let element: fn(usize) -> f64 = $element;
            elements(&inputs[0], element)
        })
        .on(|dtype| inputs::one(dtype, Numbers::Signed))
        .edges(|dtype| vec![Case::new([inputs::given(dtype, &[0, 2], &[])])])
        .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403])]))
    };
}

const INTEGERS: Law = Law::UniformInt { low: -5, high: 12 };
const TRUTHS: Law = Law::Bernoulli { probability: 0.3 };

fn integer(element: usize) -> f64 {
    let [a, b, ..] = philox([element as u32, 0, 0, 0], key("RandomUniformInt"));
    let bits = (u128::from(a) << 32) | u128::from(b);
    ((bits * 17) >> 64) as f64 - 5.0
}

ops! {
    random_uniform, no gradient, no tensorflow: law!(
        "RandomUniform", Law::Uniform { low: -2.0, high: 3.0 },
        |element| -2.0 + 5.0 * pair("RandomUniform", element, 0)[0]
    );
    random_normal, no gradient, no tensorflow: law!(
        "RandomNormal", Law::Normal { mean: 1.0, stddev: 2.0 },
        |element| 1.0 + 2.0 * normal("RandomNormal", element, 0)
    );
    truncated_normal, no gradient, no tensorflow: law!(
        "TruncatedNormal", Law::TruncatedNormal { mean: 1.0, stddev: 2.0 },
        |element| {
            let mut tries = (0..).map(|attempt| normal("TruncatedNormal", element, attempt));
            1.0 + 2.0 * tries.find(|value| value.abs() <= 2.0).unwrap()
        }
    );
    random_uniform_int, no gradient, no tensorflow: law!("RandomUniformInt", INTEGERS, integer)
        .of(&[DType::I32, DType::I64])
        .large(|| Case::new([inputs::filled(DType::I32, Numbers::Signed, &[401, 403], 1)]));
    bernoulli, no gradient, no tensorflow: law!(
        "Bernoulli", TRUTHS, |element| f64::from(u8::from(pair("Bernoulli", element, 0)[0] < 0.3))
    )
    .of(&[DType::Bool])
    .large(|| Case::new([inputs::filled(DType::Bool, Numbers::Signed, &[401, 403], 1)]));
    dropout, no tensorflow: Entry {
        training: true,
        ..Entry::new("Dropout", |graph, inputs, _| Ok(vec![graph.dropout(inputs[0], 0.4)?]))
            .means(|inputs, _| {
                let word = |element: usize| philox([(element / 4) as u32, 0, 0, 0], key("Dropout"))[element % 4];
                let is_kept = |element: usize| f64::from(word(element)) >= 0.4 * 2f64.powi(32) - 1.0;
                elements(&inputs[0], |element| {
                    if is_kept(element) { inputs[0].values[element] / 0.6 } else { 0.0 }
                })
            })
            .of(FLOATS)
            .on(|dtype| inputs::one(dtype, Numbers::Signed))
            .large(|| Case::new([inputs::many(Numbers::Signed, &[401, 403])]))
            .differentiable(&[0])
    };
}
