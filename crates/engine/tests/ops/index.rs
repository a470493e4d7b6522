//! Ops that choose elements by their index or their order, their adjoints, and products of batches.

use std::cmp::Ordering;

use everstep_graph::{Cumulate, Graph, IndexOp, Output, Transpose};
use everstep_tensor::{DType, Result, Tensor};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    array::{Array, indices},
    entry::{Case, Entry, NUMBERS},
    inputs::{self, Numbers},
    rules::pulled_back,
};

const ALL: &[DType] = &[DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64];

fn one(output: Result<Output>) -> Result<Vec<Output>> {
    output.map(|output| vec![output])
}

fn number(attributes: &Value, name: &str) -> usize {
    attributes[name].as_u64().unwrap() as usize
}

/// Indices below `extent`, i32 or i64.
fn named(shape: &[usize], extent: usize, seed: u64) -> Tensor {
    let count: usize = shape.iter().product();
    let named: Vec<f64> = (0..count).map(|place| ((seed >> (place % 50)) as usize % extent) as f64).collect();
    inputs::given(if seed & 1 == 0 { DType::I32 } else { DType::I64 }, shape, &named)
}

/// A tensor, and indices of an axis of it.
fn gathered(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(shape, of_indices, seed): (Vec<usize>, Vec<usize>, u64)| {
        let axis = seed as usize / 7 % shape.len();
        let indices = named(&of_indices, shape[axis], seed);
        Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed), indices]).with(json!({ "axis": axis }))
    };
    let shapes = (prop::collection::vec(1usize..=4, 1..=3), prop::collection::vec(1usize..=3, 0..=2));
    (shapes, any::<u64>()).prop_map(move |((shape, indices), seed)| case((shape, indices, seed))).boxed()
}

fn gather(values: &Array, indices: &Array, axis: usize) -> Array {
    let shape = [&values.shape[..axis], &indices.shape, &values.shape[axis + 1..]].concat();
    let rank = indices.shape.len();
    Array::of(&shape, |index| {
        let chosen = indices.at(&index[axis..axis + rank]) as usize;
        values.at(&[&index[..axis], &[chosen], &index[axis + rank..]].concat())
    })
}

/// The slices added to where gathering would take them from.
fn scatter(start: &Array, slices: &Array, named: &Array, axis: usize) -> Array {
    let places = Array::new(&start.shape, (0..start.values.len()).map(|place| place as f64).collect());
    let mut sums = start.values.clone();
    for (place, slice) in gather(&places, named, axis).values.iter().zip(&slices.values) {
        sums[*place as usize] += slice;
    }
    Array::new(&start.shape, sums)
}

/// Inputs (tensor, indices, slices that gathering from it would give).
fn scattered(dtype: DType, any_axis: bool) -> BoxedStrategy<Case> {
    let case = move |(case, seed): (Case, u64)| {
        let arrays = case.arrays();
        let (axis, indices) = match any_axis {
            true => (number(&case.attributes, "axis"), case.inputs[1].clone()),
            false => (0, named(&arrays[1].shape, arrays[0].shape[0], seed)),
        };
        let shape = gather(&arrays[0], &Array::from(&indices), axis).shape;
        let slices = inputs::filled(dtype, Numbers::Between, &shape, seed);
        Case::new([case.inputs[0].clone(), indices, slices]).with(json!({ "axis": axis }))
    };
    (gathered(dtype), any::<u64>()).prop_map(case).boxed()
}

fn large_scatter() -> Case {
    let table = inputs::many(Numbers::Signed, &[2003, 41]);
    let indices: Vec<f64> = (0..3001).map(|place| f64::from(place * 37 % 2003)).collect();
    let slices = inputs::many(Numbers::Between, &[3001, 41]);
    Case::new([table, inputs::given(DType::I32, &[3001], &indices), slices]).with(json!({ "axis": 0 }))
}

/// Slices `[n, ..]`, and as many indices, some of them equal.
fn slices(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(count, row, seed): (usize, Vec<usize>, u64)| {
        let slices = inputs::filled(dtype, Numbers::Between, &[&[count], &row[..]].concat(), seed);
        Case::new([slices, named(&[count], 4, seed)])
    };
    (1usize..=6, inputs::shapes(2), any::<u64>()).prop_map(case).boxed()
}

/// The sums at the first slice of each index, and the order of the indices.
fn summed(inputs: &[Array], _: &Value) -> Vec<Array> {
    let (slices, indices) = (&inputs[0], &inputs[1].values);
    let width = slices.values.len() / indices.len();
    let mut sums = vec![0.0; slices.values.len()];
    for (place, index) in indices.iter().enumerate() {
        let first = indices.iter().position(|other| other == index).unwrap();
        (0..width).for_each(|column| sums[first * width + column] += slices.values[place * width + column]);
    }
    let mut order: Vec<usize> = (0..indices.len()).collect();
    order.sort_by_key(|place| (indices[*place] as i64, *place));
    let order = order.into_iter().map(|place| place as f64).collect();
    vec![Array::new(&slices.shape, sums), Array::new(&inputs[1].shape, order)]
}

fn one_hot(attributes: &Value) -> IndexOp {
    let value = |name: &str| attributes[name].as_f64().unwrap();
    let (axis, depth) = (number(attributes, "axis"), number(attributes, "depth"));
    IndexOp::OneHot { axis, depth, on: value("on"), off: value("off"), dtype: DType::F32 }
}

/// Each row's elements in order, with where they stood.
fn ordered(input: &Array, ascending: bool, count: usize) -> Vec<Array> {
    let (width, rows) = (*input.shape.last().unwrap(), &input.shape[..input.shape.len() - 1]);
    let (mut values, mut places) = (Vec::new(), Vec::new());
    for row in input.values.chunks(width) {
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|one, other| {
            let order = row[*one].partial_cmp(&row[*other]).unwrap_or(Ordering::Equal);
            if ascending { order } else { order.reverse() }
        });
        values.extend(order[..count].iter().map(|place| row[*place]));
        places.extend(order[..count].iter().map(|place| *place as f64));
    }
    let shape = [rows, &[count]].concat();
    vec![Array::new(&shape, values), Array::new(&shape, places)]
}

fn rows(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(shape, seed): (Vec<usize>, u64)| {
        let count = 1 + seed as usize / 5 % shape[shape.len() - 1];
        Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed)]).with(json!({ "k": count }))
    };
    (prop::collection::vec(2usize..=5, 1..=2), any::<u64>()).prop_map(case).boxed()
}

/// Few numbers, many of them equal.
fn ties(dtype: DType) -> Vec<Case> {
    vec![Case::new([inputs::given(dtype, &[7], &[1.0, 2.0, 1.0, 2.0, 0.0, 2.0, 1.0])]).with(json!({ "k": 5 }))]
}

fn large_rows() -> Case {
    Case::new([inputs::many(Numbers::Signed, &[401, 403])]).with(json!({ "k": 7 }))
}

fn cumulate(attributes: &Value, product: bool) -> Cumulate {
    let flag = |name: &str| attributes[name] == true;
    Cumulate { axis: number(attributes, "axis"), product, exclusive: flag("exclusive"), reverse: flag("reverse") }
}

fn lines(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(shape, exclusive, reverse, seed): (Vec<usize>, bool, bool, u64)| {
        let axis = seed as usize / 3 % shape.len();
        Case::new([inputs::filled(dtype, Numbers::Signed, &shape, seed)])
            .with(json!({ "axis": axis, "exclusive": exclusive, "reverse": reverse }))
    };
    (prop::collection::vec(1usize..=4, 1..=3), any::<bool>(), any::<bool>(), any::<u64>()).prop_map(case).boxed()
}

/// The places that come to the result at `index`.
fn terms(cumulate: Cumulate, index: &[usize], length: usize) -> Vec<Vec<usize>> {
    let own = index[cumulate.axis];
    let comes = |place: &usize| match (cumulate.reverse, cumulate.exclusive) {
        (false, false) => *place <= own,
        (false, true) => *place < own,
        (true, false) => *place >= own,
        (true, true) => *place > own,
    };
    let at = |place: usize| {
        let mut index = index.to_vec();
        index[cumulate.axis] = place;
        index
    };
    (0..length).filter(comes).map(at).collect()
}

fn cumulated(input: &Array, cumulate: Cumulate) -> Vec<Array> {
    let element = |index: &[usize]| {
        let each = terms(cumulate, index, input.shape[cumulate.axis]).into_iter().map(|term| input.at(&term));
        if cumulate.product { each.product() } else { each.sum::<f64>() + 0.0 }
    };
    vec![Array::of(&input.shape, element)]
}

/// Inputs (factors, gradient of the products).
fn cumprod_gradient(inputs: &[Array], cumulate: Cumulate) -> Vec<Array> {
    let input = &inputs[0];
    let share = |own: &[usize]| {
        let mut sum = 0.0;
        for result in indices(&input.shape) {
            let factors = terms(cumulate, &result, input.shape[cumulate.axis]);
            if factors.iter().any(|factor| factor == own) {
                let others = factors.iter().filter(|factor| *factor != own);
                sum += inputs[1].at(&result) * others.map(|factor| input.at(factor)).product::<f64>();
            }
        }
        sum
    };
    vec![Array::of(&input.shape, share)]
}

fn large_lines() -> Case {
    let attributes = json!({ "axis": 1, "exclusive": true, "reverse": true });
    Case::new([inputs::many(Numbers::Positive, &[5003, 41])]).with(attributes)
}

fn predictions(dtype: DType) -> BoxedStrategy<Case> {
    let case = move |(rows, classes, count, seed): (usize, usize, usize, u64)| {
        let predictions = inputs::filled(dtype, Numbers::Signed, &[rows, classes], seed);
        Case::new([predictions, named(&[rows], classes, seed)]).with(json!({ "k": count }))
    };
    (1usize..=5, 1usize..=5, 1usize..=4, any::<u64>()).prop_map(case).boxed()
}

fn in_top_k(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (predictions, targets) = (&inputs[0], &inputs[1]);
    vec![Array::of(&targets.shape, |row| {
        let target = predictions.at(&[row[0], targets.at(row) as usize]);
        let exceed = (0..predictions.shape[1]).filter(|class| predictions.at(&[row[0], *class]) > target).count();
        f64::from(u8::from(exceed < number(attributes, "k")))
    })]
}

fn flips(attributes: &Value) -> Transpose {
    Transpose { a: attributes["adj_x"] == true, b: attributes["adj_y"] == true }
}

fn flipped([rows, columns]: [usize; 2], flip: bool) -> [usize; 2] {
    if flip { [columns, rows] } else { [rows, columns] }
}

fn products(inputs: &[Array], attributes: &Value) -> Vec<Array> {
    let (a, b, Transpose { a: flip_a, b: flip_b }) = (&inputs[0], &inputs[1], flips(attributes));
    let matrix = |operand: &Array, flip| {
        let rank = operand.shape.len();
        flipped([operand.shape[rank - 2], operand.shape[rank - 1]], flip)
    };
    let ([rows, inner], [_, columns]) = (matrix(a, flip_a), matrix(b, flip_b));
    let batch = crate::array::broadcast(&a.shape[..a.shape.len() - 2], &b.shape[..b.shape.len() - 2]);
    let shape = [&batch[..], &[rows, columns]].concat();
    let at = |operand: &Array, batch: &[usize], place: [usize; 2]| {
        let own = operand.shape.len() - 2;
        let index = batch[batch.len() - own..].iter().zip(&operand.shape).map(|(index, length)| index % length);
        operand.at(&index.chain(place).collect::<Vec<usize>>())
    };
    vec![Array::of(&shape, |index| {
        let (batch, place) = index.split_at(index.len() - 2);
        let term =
            |inner| at(a, batch, flipped([place[0], inner], flip_a)) * at(b, batch, flipped([inner, place[1]], flip_b));
        (0..inner).map(term).sum()
    })]
}

fn batches(dtype: DType) -> BoxedStrategy<Case> {
    type Batch = (Vec<(usize, u8)>, [usize; 3], [bool; 2], u64);
    let case = move |(batch, [rows, inner, columns], flip, seed): Batch| {
        let side = |which: u8| batch.iter().map(move |(length, ones)| if *ones == which { 1 } else { *length });
        let a: Vec<usize> = side(0).chain(flipped([rows, inner], flip[0])).collect();
        let b: Vec<usize> = side(1).chain(flipped([inner, columns], flip[1])).collect();
        // Now and then the second one has no batch at all.
        let b = if seed.is_multiple_of(3) { b[batch.len()..].to_vec() } else { b };
        let operands =
            [inputs::filled(dtype, Numbers::Signed, &a, seed), inputs::filled(dtype, Numbers::Between, &b, !seed)];
        Case::new(operands).with(json!({ "adj_x": flip[0], "adj_y": flip[1] }))
    };
    let batch = prop::collection::vec((1usize..=3, 0u8..3), 1..=2);
    (batch, prop::array::uniform3(1usize..=3), any::<[bool; 2]>(), any::<u64>()).prop_map(case).boxed()
}

fn top(graph: &mut Graph, inputs: &[Output], attributes: &Value) -> Result<Vec<Output>> {
    graph.top_k(inputs[0], number(attributes, "k")).map(|(values, indices)| vec![values, indices])
}

ops! {
    gather_v2: Entry::new("GatherV2", |graph, inputs, attributes| {
            one(graph.gather(inputs[0], inputs[1], number(attributes, "axis") as isize))
        })
        .means(|inputs, attributes| vec![gather(&inputs[0], &inputs[1], number(attributes, "axis"))])
        .on(gathered)
        .large(|| Case { inputs: large_scatter().inputs[..2].to_vec(), attributes: json!({ "axis": 0 }) })
        .of(ALL)
        .differentiable(&[0])
        .roundings(16.0);
    gather_grad, no gradient: Entry::new("GatherGrad", |graph, inputs, attributes| {
            let value = graph.gather(inputs[0], inputs[1], number(attributes, "axis") as isize)?;
            pulled_back(graph, value, inputs[2], inputs[0])
        })
        .means(|inputs, attributes| {
            let zeros = inputs[0].map(|_| 0.0);
            vec![scatter(&zeros, &inputs[2], &inputs[1], number(attributes, "axis"))]
        })
        .on(|dtype| scattered(dtype, true))
        .large(large_scatter)
        .roundings(16.0);
    tensor_scatter_add: Entry::new("TensorScatterAdd", |graph, inputs, _| {
            one(graph.scatter_add(inputs[0], inputs[1], inputs[2]))
        })
        .means(|inputs, _| vec![scatter(&inputs[0], &inputs[2], &inputs[1], 0)])
        .on(|dtype| scattered(dtype, false))
        .large(large_scatter)
        .of(NUMBERS)
        .differentiable(&[0, 2])
        .roundings(16.0);
    sum_duplicates, no gradient: Entry::new("SumDuplicates", |graph, inputs, _| {
            graph.sum_duplicates(inputs[0], inputs[1]).map(|(slices, order)| vec![slices, order])
        })
        .means(summed)
        .on(slices)
        .large(|| Case::new(large_scatter().inputs[1..].iter().rev().cloned().collect::<Vec<_>>()))
        .of(NUMBERS)
        .roundings(16.0);
    one_hot, no gradient: Entry::new("OneHot", |graph, inputs, attributes| {
            one(graph.one_hot_with(inputs[0], one_hot(attributes)))
        })
        .means(|inputs, attributes| {
            let IndexOp::OneHot { axis, depth, on, off, .. } = one_hot(attributes) else { unreachable!("it was made so") };
            let mut shape = inputs[0].shape.clone();
            shape.insert(axis, depth);
            vec![Array::of(&shape, |index| {
                let others = [&index[..axis], &index[axis + 1..]].concat();
                if inputs[0].at(&others) == index[axis] as f64 { on } else { off }
            })]
        })
        .on(|_| (prop::collection::vec(1usize..=3, 0..=2), 1usize..=4, any::<u64>()).prop_map(|(shape, depth, seed)| {
            let attributes = json!({ "axis": seed as usize / 3 % (shape.len() + 1), "depth": depth, "on": 2.0, "off": -1.0 });
            Case::new([named(&shape, depth + 1, seed)]).with(attributes)
        }).boxed())
        .large(|| {
            let attributes = json!({ "axis": 1, "depth": 53, "on": 1.0, "off": 0.0 });
            Case::new([large_scatter().inputs[1].clone()]).with(attributes)
        })
        .of(&[DType::I32]);
    top_k_v2: Entry::new("TopKV2", top)
        .means(|inputs, attributes| ordered(&inputs[0], false, number(attributes, "k")))
        .on(rows)
        .edges(ties)
        .large(large_rows)
        .of(NUMBERS)
        .differentiable(&[0]);
    sort: Entry::new("Sort", |graph, inputs, _| graph.sort(inputs[0]).map(|(values, indices)| vec![values, indices]))
        .means(|inputs, _| ordered(&inputs[0], true, *inputs[0].shape.last().unwrap()))
        .on(rows)
        .edges(ties)
        .large(large_rows)
        .of(NUMBERS)
        .differentiable(&[0]);
    top_k_grad, no gradient: Entry::new("TopKGrad", |graph, inputs, attributes| {
            let values = top(graph, &inputs[..1], attributes)?;
            pulled_back(graph, values[0], inputs[1], inputs[0])
        })
        .means(|inputs, attributes| {
            let places = &ordered(&inputs[0], false, number(attributes, "k"))[1];
            let width = *inputs[0].shape.last().unwrap();
            let mut sums = vec![0.0; inputs[0].values.len()];
            for (element, (place, gradient)) in places.values.iter().zip(&inputs[1].values).enumerate() {
                sums[element / number(attributes, "k") * width + *place as usize] += gradient;
            }
            vec![Array::new(&inputs[0].shape, sums)]
        })
        .on(|dtype| (rows(dtype), any::<u64>()).prop_map(move |(case, seed)| {
            let mut shape = case.inputs[0].shape().to_vec();
            let last = shape.len() - 1;
            shape[last] = number(&case.attributes, "k");
            let gradient = inputs::filled(dtype, Numbers::Between, &shape, seed);
            Case::new([case.inputs[0].clone(), gradient]).with(case.attributes)
        }).boxed())
        .large(|| {
            let input = inputs::many(Numbers::Signed, &[401, 403]);
            Case::new([input, inputs::many(Numbers::Between, &[401, 7])]).with(json!({ "k": 7 }))
        });
    cumsum: Entry::new("Cumsum", |graph, inputs, attributes| one(graph.cumulate(inputs[0], cumulate(attributes, false))))
        .means(|inputs, attributes| cumulated(&inputs[0], cumulate(attributes, false)))
        .on(lines)
        .large(large_lines)
        .of(NUMBERS)
        .differentiable(&[0])
        .roundings(16.0);
    cumprod: Entry::new("Cumprod", |graph, inputs, attributes| one(graph.cumulate(inputs[0], cumulate(attributes, true))))
        .means(|inputs, attributes| cumulated(&inputs[0], cumulate(attributes, true)))
        .on(lines)
        .large(large_lines)
        .of(&[DType::I64, DType::F32, DType::F64])
        .differentiable(&[0])
        .roundings(16.0);
    cumprod_grad, no gradient: Entry::new("CumprodGrad", |graph, inputs, attributes| {
            let value = graph.cumulate(inputs[0], cumulate(attributes, true))?;
            pulled_back(graph, value, inputs[1], inputs[0])
        })
        .means(|inputs, attributes| cumprod_gradient(inputs, cumulate(attributes, true)))
        .on(|dtype| (lines(dtype), any::<u64>()).prop_map(move |(case, seed)| {
            let gradient = inputs::filled(dtype, Numbers::Between, case.inputs[0].shape(), seed);
            Case::new([case.inputs[0].clone(), gradient]).with(case.attributes)
        }).boxed())
        .edges(|dtype| vec![
            Case::new([inputs::given(dtype, &[4], &[2.0, 0.0, 3.0, 0.0]), inputs::given(dtype, &[4], &[1.0, 2.0, 3.0, 4.0])])
                .with(json!({ "axis": 0, "exclusive": false, "reverse": false })),
            Case::new([inputs::given(dtype, &[4], &[2.0, 0.0, 3.0, 5.0]), inputs::given(dtype, &[4], &[1.0, 2.0, 3.0, 4.0])])
                .with(json!({ "axis": 0, "exclusive": true, "reverse": true })),
        ])
        .large(|| {
            let inputs = [inputs::many(Numbers::Positive, &[5003, 41]), inputs::many(Numbers::Between, &[5003, 41])];
            Case::new(inputs).with(json!({ "axis": 1, "exclusive": false, "reverse": false }))
        })
        .roundings(32.0);
    in_top_k_v2, no gradient: Entry::new("InTopKV2", |graph, inputs, attributes| {
            one(graph.in_top_k(inputs[0], inputs[1], number(attributes, "k")))
        })
        .means(in_top_k)
        .on(predictions)
        .large(|| {
            let targets: Vec<f64> = (0..401).map(|row| f64::from(row * 7 % 403)).collect();
            let inputs = [inputs::many(Numbers::Signed, &[401, 403]), inputs::given(DType::I64, &[401], &targets)];
            Case::new(inputs).with(json!({ "k": 100 }))
        });
    batch_mat_mul_v2: Entry::new("BatchMatMulV2", |graph, inputs, attributes| {
            one(graph.matmul_transposed(inputs[0], inputs[1], flips(attributes)))
        })
        .means(products)
        .on(batches)
        .large(|| {
            let operands = [inputs::many(Numbers::Signed, &[9, 37, 65]), inputs::many(Numbers::Between, &[9, 65, 41])];
            Case::new(operands).with(json!({ "adj_x": false, "adj_y": false }))
        })
        .differentiable(&[0, 1])
        .roundings(16.0);
}
