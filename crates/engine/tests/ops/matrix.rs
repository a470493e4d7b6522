//! Products of matrices.

use everstep_graph::Transpose;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::Array,
    entry::{Case, Entry},
    inputs::{self, Numbers},
};

fn transpose(attributes: &Value) -> Transpose {
    Transpose { a: attributes["transpose_a"] == true, b: attributes["transpose_b"] == true }
}

fn flipped([rows, columns]: [usize; 2], flip: bool) -> [usize; 2] {
    if flip { [columns, rows] } else { [rows, columns] }
}

fn product(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (a, b, Transpose { a: flip_a, b: flip_b }) = (&inputs[0], &inputs[1], transpose(attributes));
    let [rows, inner] = flipped([a.shape[0], a.shape[1]], flip_a);
    let [_, columns] = flipped([b.shape[0], b.shape[1]], flip_b);
    let term = |row, column, place| a.at(&flipped([row, place], flip_a)) * b.at(&flipped([place, column], flip_b));
    vec![Array::of(&[rows, columns], |index| (0..inner).map(|place| term(index[0], index[1], place)).sum())]
}

fn case(dtype: everstep_tensor::DType, sizes: [usize; 3], flip: [bool; 2], seed: u64) -> Case {
    let [rows, inner, columns] = sizes;
    let a = inputs::filled(dtype, Numbers::Signed, &flipped([rows, inner], flip[0]), seed);
    let b = inputs::filled(dtype, Numbers::Between, &flipped([inner, columns], flip[1]), !seed);
    Case::new([a, b]).with(json!({ "transpose_a": flip[0], "transpose_b": flip[1] }))
}

fn mat_mul_entry() -> Entry {
    Entry::new("MatMul", |graph, inputs, attributes| {
        Ok(vec![graph.matmul_transposed(inputs[0], inputs[1], transpose(attributes))?])
    })
    .means(product)
    .on(|dtype| {
        (prop::array::uniform3(1usize..=4), any::<[bool; 2]>(), any::<u64>())
            .prop_map(move |(sizes, flip, seed)| case(dtype, sizes, flip, seed))
            .boxed()
    })
    .edges(|dtype| vec![case(dtype, [0, 2, 3], [false; 2], 1), case(dtype, [2, 0, 3], [false; 2], 1)])
    .large(|| {
        let operands = [inputs::many(Numbers::Signed, &[257, 65]), inputs::many(Numbers::Between, &[65, 259])];
        Case::new(operands).with(json!({}))
    })
    .differentiable(&[0, 1])
    .roundings(16.0)
}

ops! {
    mat_mul: mat_mul_entry();
}
