//! Scaled dot-product attention.

use everstep_graph::{Attention, Graph, Output};
use everstep_tensor::{DType, Result, Tensor};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::Array,
    entry::{Case, Entry},
    inputs::{self, Numbers},
    rules::pulled_back,
};

/// Whether a query may attend to a key.
fn sees(attributes: &Value, mask: Option<&Array>, [batch, query, key]: [usize; 3]) -> bool {
    (attributes["causal"] != true || key <= query) && mask.is_none_or(|mask| mask.at(&[batch, key]) != 0.0)
}

fn scale(attributes: &Value, q: &Array) -> f64 {
    attributes["scale"].as_f64().unwrap_or_else(|| 1.0 / (q.shape[3] as f64).sqrt())
}

/// What each query of each head gives to each key: `[batch, heads, queries, keys]`.
fn shares(q: &Array, k: &Array, mask: Option<&Array>, attributes: &Value) -> Array {
    let [batch, queries, heads, depth] = q.shape[..] else { panic!("rank 4") };
    let keys = k.shape[1];
    let scale = scale(attributes, q);
    let scores = Array::of(&[batch, heads, queries, keys], |at| {
        let [b, h, i, j] = at[..] else { panic!("rank 4") };
        let score: f64 = (0..depth).map(|c| q.at(&[b, i, h, c]) * k.at(&[b, j, h, c])).sum();
        if sees(attributes, mask, [b, i, j]) { score * scale } else { f64::NEG_INFINITY }
    });
    let greatest = scores.reduce(&[3], true, |row| row.iter().copied().fold(f64::MIN, f64::max));
    let powers = scores.zip(&greatest, |score, greatest| (score - greatest).exp());
    let sums = powers.reduce(&[3], true, |row| row.iter().sum());
    powers.zip(&sums, |power, sum| if sum == 0.0 { 0.0 } else { power / sum })
}

fn attended(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (q, k, v) = (&inputs[0], &inputs[1], &inputs[2]);
    let shares = shares(q, k, inputs.get(3), attributes);
    let shape = [q.shape[0], q.shape[1], q.shape[2], v.shape[3]];
    vec![Array::of(&shape, |at| {
        let [b, i, h, c] = at[..] else { panic!("rank 4") };
        (0..k.shape[1]).map(|j| shares.at(&[b, h, i, j]) * v.at(&[b, j, h, c])).sum()
    })]
}

/// Inputs (queries, keys, values, gradient of the result): the gradient of the queries.
fn backward(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (q, k, v, gradient) = (&inputs[0], &inputs[1], &inputs[2], &inputs[3]);
    let shares = shares(q, k, None, attributes);
    let slopes = Array::of(&shares.shape, |at| {
        let [b, h, i, j] = at[..] else { panic!("rank 4") };
        (0..v.shape[3]).map(|c| gradient.at(&[b, i, h, c]) * v.at(&[b, j, h, c])).sum()
    });
    let along = shares.zip(&slopes, |share, slope| share * slope).reduce(&[3], true, |row| row.iter().sum());
    let scores = slopes.zip(&along, |slope, along| slope - along).zip(&shares, |slope, share| slope * share);
    vec![Array::of(&q.shape, |at| {
        let [b, i, h, c] = at[..] else { panic!("rank 4") };
        let sum: f64 = (0..k.shape[1]).map(|j| scores.at(&[b, h, i, j]) * k.at(&[b, j, h, c])).sum();
        sum * scale(attributes, q)
    })]
}

fn attend(graph: &mut Graph, inputs: &[Output], attributes: &Value) -> Result<Output> {
    let attention = Attention {
        scale: attributes["scale"].as_f64(),
        causal: attributes["causal"] == true,
        mask: inputs.get(3).copied(),
    };
    graph.scaled_dot_product_attention(inputs[0], inputs[1], inputs[2], attention)
}

/// Queries, keys, values; `sizes` are batch, queries, keys, heads, depth, and the depth of the values.
fn operands(of: impl Fn(Numbers, &[usize], u64) -> Tensor, sizes: [usize; 6]) -> [Tensor; 3] {
    let [batch, queries, keys, heads, depth, width] = sizes;
    [
        of(Numbers::Signed, &[batch, queries, heads, depth], 1),
        of(Numbers::Between, &[batch, keys, heads, depth], 2),
        of(Numbers::Signed, &[batch, keys, heads, width], 3),
    ]
}

fn unmasked(dtype: DType) -> BoxedStrategy<Case> {
    // A query that sees one key has no gradient.
    let sizes = [1usize..=2, 2..=3, 2..=3, 1..=3, 1..=3, 1..=3];
    let case = move |(sizes, causal, scaled, seed): ([usize; 6], bool, bool, u64)| {
        let of = |kind, shape: &[usize], more: u64| inputs::filled(dtype, kind, shape, seed.wrapping_add(more));
        let scale = if scaled { json!(0.3) } else { Value::Null };
        Case::new(operands(of, sizes)).with(json!({ "causal": causal, "scale": scale }))
    };
    (sizes, any::<bool>(), any::<bool>(), any::<u64>()).prop_map(case).boxed()
}

fn masked(dtype: DType) -> BoxedStrategy<Case> {
    let with_mask = |(mut case, seed): (Case, u64)| {
        let keys = &case.inputs[1].shape()[..2];
        let mask = (0..keys.iter().product()).map(|place: usize| place % keys[1] < 2 || seed >> (place % 32) & 1 == 1);
        let mask = Tensor::from_vec(keys, mask.collect()).unwrap();
        case.inputs.push(mask);
        case
    };
    (unmasked(dtype), any::<u64>()).prop_map(with_mask).boxed()
}

/// An example that attends to nothing, scores that are great, and no examples.
fn edges(dtype: DType) -> Vec<Case> {
    let [q, k, v] = operands(|kind, shape, seed| inputs::filled(dtype, kind, shape, seed), [2, 2, 3, 1, 2, 2]);
    let mask = Tensor::from_vec([2, 3], vec![false, false, false, true, false, true]).unwrap();
    let great = inputs::given(dtype, &[1, 2, 1, 1], &[300.0, -300.0]);
    let one = inputs::given(dtype, &[1, 2, 1, 1], &[2.0, -1.0]);
    let all = Tensor::from_vec([1, 2], vec![true, true]).unwrap();
    let none = inputs::given(dtype, &[0, 2, 1, 1], &[]);
    let empty = Tensor::from_vec([0, 2], Vec::<bool>::new()).unwrap();
    [vec![q, k, v, mask], vec![great.clone(), great, one, all], vec![none.clone(), none.clone(), none, empty]]
        .into_iter()
        .map(|inputs| Case::new(inputs).with(json!({ "causal": false })))
        .collect()
}

fn without_mask(mut case: Case) -> Case {
    case.inputs.truncate(3);
    case
}

/// Large enough for threads, and no multiple of any block.
fn many() -> Case {
    let operands = operands(|kind, shape, _| inputs::many(kind, shape), [3, 131, 131, 2, 17, 19]);
    Case::new(operands).with(json!({ "causal": true }))
}

fn many_masked() -> Case {
    let mut case = many().with(json!({ "causal": false }));
    let mask = (0..3 * 131).map(|place| place % 7 != 3).collect();
    case.inputs.push(Tensor::from_vec([3, 131], mask).unwrap());
    case
}

/// The gradient of the result as one more input.
fn with_gradient(mut case: Case, of: impl Fn(Numbers, &[usize]) -> Tensor) -> Case {
    let shape = [&case.inputs[0].shape()[..3], &case.inputs[2].shape()[3..]].concat();
    case.inputs.push(of(Numbers::Between, &shape));
    case
}

ops! {
    scaled_dot_product_attention: Entry::new("ScaledDotProductAttention", |graph, inputs, attributes| {
        Ok(vec![attend(graph, inputs, attributes)?])
    })
    .means(attended)
    .on(unmasked)
    .edges(|dtype| edges(dtype)[1..].iter().cloned().map(without_mask).collect())
    .large(many)
    .differentiable(&[0, 1, 2])
    .roundings(64.0);
    masked_attention: Entry::new("ScaledDotProductAttention", |graph, inputs, attributes| {
        Ok(vec![attend(graph, inputs, attributes)?])
    })
    .means(attended)
    .on(masked)
    .edges(edges)
    .large(many_masked)
    .differentiable(&[0, 1, 2])
    .roundings(64.0);
    scaled_dot_product_attention_grad, no gradient, no tensorflow:
        Entry::new("ScaledDotProductAttentionGrad", |graph, inputs, attributes| {
            let value = attend(graph, &inputs[..3], attributes)?;
            pulled_back(graph, value, inputs[3], inputs[0])
        })
        .means(backward)
        .on(|dtype| {
            let gradient = move |case: Case| {
                with_gradient(case, |kind, shape| inputs::filled(dtype, kind, shape, shape.len() as u64))
            };
            unmasked(dtype).prop_map(gradient).boxed()
        })
        .large(|| with_gradient(many(), inputs::many))
        .roundings(64.0)
        .composed();
}
