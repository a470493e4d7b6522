//! Inputs for the ops: shapes of all kinds, and numbers on which functions are smooth.

use everstep_tensor::{DType, Tensor};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    array::{Array, tensor},
    entry::Case,
};

/// Shapes of up to `rank` axes and few elements.
pub(crate) fn shapes(rank: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1usize..=3, 0..=rank).prop_union(prop::collection::vec(2usize..=4, 1..=2.min(rank.max(1))))
}

/// Two shapes that broadcast, each a shorter or a repeated one of a third.
pub(crate) fn broadcasting() -> impl Strategy<Value = [Vec<usize>; 2]> {
    let axis = (2usize..=3, prop::bool::weighted(0.25), prop::bool::weighted(0.25));
    (prop::collection::vec(axis, 0..=3), 0usize..=3, 0usize..=3).prop_map(|(axes, drop_one, drop_other)| {
        let one = axes.iter().map(|(length, repeat, _)| if *repeat { 1 } else { *length });
        let other = axes.iter().map(|(length, _, repeat)| if *repeat { 1 } else { *length });
        // At most one of the two may lack leading axes that the other has.
        let (drop_one, drop_other) =
            if drop_one >= drop_other { (drop_one - drop_other, 0) } else { (0, drop_other - drop_one) };
        [one.skip(drop_one.min(axes.len())).collect(), other.skip(drop_other.min(axes.len())).collect()]
    })
}

/// Some axes of a shape, ascending, perhaps none or all.
pub(crate) fn axes(rank: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<bool>(), rank)
        .prop_map(|chosen| chosen.iter().enumerate().filter(|(_, chosen)| **chosen).map(|(axis, _)| axis).collect())
}

/// What numbers a tensor is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Of both signs, at least 0.15 from zero and from each other's sizes; integers without zero.
    Signed,
    /// The same, all above zero.
    Positive,
    /// Above zero and between those of the other two, so that nothing ties with them.
    Between,
}

/// As many different numbers, the same for the same seed.
pub(crate) fn numbers(kind: Numbers, count: usize, seed: u64) -> Vec<f64> {
    let mut places: Vec<usize> = (0..count).collect();
    let mut state = seed;
    for place in (1..count).rev() {
        places.swap(place, (random(&mut state) % (place as u64 + 1)) as usize);
    }
    let mut number = |place: usize| {
        let bits = random(&mut state);
        let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
        let jitter = (bits >> 11) as f64 / (1u64 << 53) as f64 - 0.5;
        let size = 0.2 + 0.11 * (place as f64 + 0.3 * jitter);
        match kind {
            Numbers::Signed => sign * size,
            Numbers::Positive => size,
            Numbers::Between => sign * (size + 0.055),
        }
    };
    places.into_iter().map(&mut number).collect()
}

fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A tensor of such numbers; integers are up to thirty times as large, and bools about half true.
pub(crate) fn filled(dtype: DType, kind: Numbers, shape: &[usize], seed: u64) -> Tensor {
    let values = numbers(kind, shape.iter().product(), seed);
    let value = |value: f64| match dtype {
        DType::F32 | DType::F64 => value,
        DType::Bool => f64::from(u8::from((value * 100.0) as i64 % 2 == 0)),
        DType::U8 => (value.abs() * 10.0).round() % 256.0,
        _ => (value * 10.0).round(),
    };
    tensor(dtype, &Array::new(shape, values.into_iter().map(value).collect()))
}

/// One tensor of any shape.
pub(crate) fn one(dtype: DType, kind: Numbers) -> BoxedStrategy<Case> {
    (shapes(3), any::<u64>()).prop_map(move |(shape, seed)| Case::new([filled(dtype, kind, &shape, seed)])).boxed()
}

/// Two tensors that broadcast.
pub(crate) fn two(dtype: DType, kinds: [Numbers; 2]) -> BoxedStrategy<Case> {
    let tensors = move |([one, other], seed): ([Vec<usize>; 2], u64)| {
        Case::new([filled(dtype, kinds[0], &one, seed), filled(dtype, kinds[1], &other, !seed)])
    };
    (broadcasting(), any::<u64>()).prop_map(tensors).boxed()
}

/// A tensor with axes to reduce: `axes` and `keep_dims`.
pub(crate) fn reducible(dtype: DType, kind: Numbers) -> BoxedStrategy<Case> {
    let with_axes = |shape: Vec<usize>| (axes(shape.len()), Just(shape));
    let shapes = prop::collection::vec(1usize..=4, 0..=3).prop_flat_map(with_axes);
    let case = move |((axes, shape), keep_dims, seed): ((Vec<usize>, Vec<usize>), bool, u64)| {
        Case::new([filled(dtype, kind, &shape, seed)]).with(json!({ "axes": axes, "keep_dims": keep_dims }))
    };
    (shapes, any::<bool>(), any::<u64>()).prop_map(case).boxed()
}

/// A tensor of given numbers.
pub(crate) fn given(dtype: DType, shape: &[usize], values: &[f64]) -> Tensor {
    tensor(dtype, &Array::new(shape, values.to_vec()))
}

/// Many f32s, beyond the size from which kernels use threads, and no multiple of any block.
pub(crate) fn many(kind: Numbers, shape: &[usize]) -> Tensor {
    let numbers = numbers(kind, 1009, 5);
    let count: usize = shape.iter().product();
    let values = (0..count).map(|element| numbers[element % 1009] * 0.02).collect();
    tensor(DType::F32, &Array::new(shape, values))
}

/// A list of whole numbers among the attributes.
pub(crate) fn list(attributes: &serde_json::Value, name: &str) -> Vec<usize> {
    let list = attributes[name].as_array().unwrap_or_else(|| panic!("no list {name} in {attributes}"));
    list.iter().map(|number| number.as_u64().unwrap() as usize).collect()
}
