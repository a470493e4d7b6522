//! Kernels that choose elements, and batches of products: as the reference does, on any number of threads.

use everstep_ops::{Cpu, Cumulate, IndexKernel, Kernel, Kernels, Reference};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::tensor::*;

/// Reference and fast kernels agree within `steps` rounding errors of numbers of size `scale`, on 1, 2, 3 and 7 threads.
#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], outputs: &[(Type, &[usize])], scale: f64, steps: f64) {
    let expected = run(&Reference, &kernel, inputs, outputs).unwrap();
    let found = run(&Cpu::new(1).unwrap(), &kernel, inputs, outputs).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert_close(found, expected, scale, steps);
    }
}

#[track_caller]
fn threads(kernel: Kernel, inputs: &[Tensor], outputs: &[(Type, &[usize])]) {
    let bits = |threads| -> Vec<Vec<u64>> {
        run(&Cpu::new(threads).unwrap(), &kernel, inputs, outputs).unwrap().iter().map(Tensor::bits).collect()
    };
    let expected = bits(1);
    assert!([2, 3, 7].into_iter().all(|threads| bits(threads) == expected), "{kernel:?}");
}

fn index(kernel: IndexKernel) -> Kernel {
    Kernel::Index(kernel)
}

/// Indices below `extent`, of either dtype.
fn indices(of: Type, shape: &[usize], extent: usize, seed: u64) -> Tensor {
    let draw =
        |place: u64| (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ seed).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33;
    let named = (0..shape.iter().product::<usize>() as u64).map(|place| (draw(place) % extent.max(1) as u64) as i64);
    match of {
        Type::I32 => i32s(shape, &named.map(|index| index as i32).collect::<Vec<_>>()),
        _ => i64s(shape, &named.collect::<Vec<_>>()),
    }
}

/// Few different numbers, so that there are ties, and a NaN among floats.
fn ties(of: Type, shape: &[usize], seed: u64) -> Tensor {
    let mut numbers = numbers(of, shape, seed);
    match &mut numbers.values {
        Values::F32(values) => {
            values.iter_mut().for_each(|value| *value = if *value > 2.5 { f32::NAN } else { value.round() })
        }
        Values::F64(values) => {
            values.iter_mut().for_each(|value| *value = if *value > 2.5 { f64::NAN } else { value.round() })
        }
        _ => {}
    }
    numbers
}

/// Numbers some of which are zero.
fn zeros(of: Type, shape: &[usize], seed: u64) -> Tensor {
    let mut numbers = numbers(of, shape, seed);
    match &mut numbers.values {
        Values::F32(values) => values.iter_mut().for_each(|value| *value = value.trunc()),
        Values::F64(values) => values.iter_mut().for_each(|value| *value = value.trunc()),
        _ => {}
    }
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn gather_and_scatter_agree(
        of in select(&TYPES),
        to in select(&[Type::I32, Type::I64]),
        before in vec(1..4usize, 0..3),
        extent in 1..5usize,
        after in vec(0..4usize, 0..3),
        named in vec(0..4usize, 0..3),
        seed: u64,
    ) {
        let axis = before.len();
        let whole = [&before[..], &[extent], &after].concat();
        let slices = [&before[..], &named, &after].concat();
        let indices = indices(to, &named, extent, seed);
        check(index(IndexKernel::Gather { axis }), &[numbers(of, &whole, seed), indices.clone()], &[(of, &slices)], 0.0, 0.0);
        if NUMBERS.contains(&of) {
            let added = numbers(of, &slices, seed);
            check(index(IndexKernel::Scatter { axis }), &[added.clone(), indices.clone()], &[(of, &whole)], 48.0, 1.0);
            if axis == 0 {
                let inputs = [numbers(of, &whole, !seed), indices, added];
                check(index(IndexKernel::ScatterAdd), &inputs, &[(of, &whole)], 48.0, 1.0);
            }
        }
    }

    #[test]
    fn one_hot_agrees(of in select(&TYPES), shape in vec(0..4usize, 0..3), axis in 0..3usize, depth in 0..4usize, seed: u64) {
        let axis = axis.min(shape.len());
        let mut output = shape.clone();
        output.insert(axis, depth);
        let indices = indices(Type::I32, &shape, depth + 2, seed);
        check(index(IndexKernel::OneHot { axis, on: 3.0, off: -1.5 }), &[indices], &[(of, &output)], 0.0, 0.0);
    }

    #[test]
    fn top_k_agrees(of in select(&NUMBERS), rows in vec(0..3usize, 0..2), width in 1..30usize, count in 0..30usize, ascending: bool, seed: u64) {
        let count = count.min(width);
        let input = ties(of, &[&rows[..], &[width]].concat(), seed);
        let output = [&rows[..], &[count]].concat();
        let outputs = [(of, &output[..]), (Type::I32, &output)];
        check(index(IndexKernel::TopK { ascending }), std::slice::from_ref(&input), &outputs, 0.0, 0.0);
        if FLOATS.contains(&of) {
            let whole = input.view().shape.to_vec();
            let inputs = [numbers(of, &output, seed), indices(Type::I64, &output, width, seed)];
            check(index(IndexKernel::TopKGrad), &inputs, &[(of, &whole)], 90.0, 1.0);
        }
    }

    #[test]
    fn cumulating_agrees(
        of in select(&NUMBERS),
        shape in vec(0..5usize, 1..4),
        axis in 0..3usize,
        (product, exclusive, reverse) in any::<(bool, bool, bool)>(),
        seed: u64,
    ) {
        let axis = axis.min(shape.len() - 1);
        let kernel = Cumulate { axis, product, exclusive, reverse };
        check(index(IndexKernel::Cumulate(kernel)), &[numbers(of, &shape, seed)], &[(of, &shape)], 100.0, 4.0);
        if FLOATS.contains(&of) {
            let inputs = [numbers(of, &shape, seed), zeros(of, &shape, !seed)];
            check(index(IndexKernel::CumprodGrad(kernel)), &inputs, &[(of, &shape)], 500.0, 8.0);
        }
    }

    #[test]
    fn in_top_k_agrees(of in select(&FLOATS), rows in 0..5usize, classes in 1..6usize, count in 0..7usize, seed: u64) {
        let inputs = [ties(of, &[rows, classes], seed), indices(Type::I64, &[rows], classes + 1, seed)];
        check(index(IndexKernel::InTopK { count }), &inputs, &[(Type::Bool, &[rows])], 0.0, 0.0);
    }

    #[test]
    fn order_agrees(length in 0..60usize, extent in 1..9usize, seed: u64) {
        let indices = indices(Type::I32, &[length], extent, seed);
        check(index(IndexKernel::Order), &[indices], &[(Type::I64, &[length])], 0.0, 0.0);
    }

    #[test]
    fn sums_of_duplicates_agree(of in select(&NUMBERS), rows in 1..40usize, width in 0..4usize, extent in 1..9usize, seed: u64) {
        let inputs = [numbers(of, &[rows, width], seed), indices(Type::I64, &[rows], extent, seed)];
        check(index(IndexKernel::SumDuplicates), &inputs, &[(of, &[rows, width]), (Type::I64, &[rows])], 120.0, 2.0);
    }

    #[test]
    fn batches_of_products_agree(
        of in select(&FLOATS),
        batch in vec((1..4usize, 0..3u8), 0..3),
        [rows, depth, columns] in [0..9usize, 0..9, 0..9],
        (transpose_a, transpose_b) in any::<(bool, bool)>(),
        cut in 0..3usize,
        seed: u64,
    ) {
        let side = |which: u8| batch.iter().map(move |(length, ones)| if *ones == which { 1 } else { *length });
        let output: Vec<usize> = batch.iter().map(|(length, _)| *length).chain([rows, columns]).collect();
        let a: Vec<usize> = side(0).chain(if transpose_a { [depth, rows] } else { [rows, depth] }).collect();
        let b: Vec<usize> = side(1).chain(if transpose_b { [columns, depth] } else { [depth, columns] }).collect();
        let leading = b.iter().zip(&a).take(batch.len()).take_while(|(own, other)| **own == 1 && *other > own).count();
        let b = b[cut.min(leading)..].to_vec();
        let kernel = Kernel::BatchMatMul { transpose_a, transpose_b };
        check(kernel, &[numbers(of, &a, seed), numbers(of, &b, !seed)], &[(of, &output)], 9.0 * depth as f64, 2.0);
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let table = numbers(Type::F32, &[3000, 40], 1);
    let named = indices(Type::I64, &[5000], 3000, 2);
    threads(index(IndexKernel::Gather { axis: 0 }), &[table.clone(), named.clone()], &[(Type::F32, &[5000, 40])]);
    threads(
        index(IndexKernel::Gather { axis: 1 }),
        &[table.clone(), indices(Type::I32, &[70], 40, 1)],
        &[(Type::F32, &[3000, 70])],
    );
    let slices = numbers(Type::F32, &[5000, 40], 3);
    threads(index(IndexKernel::Scatter { axis: 0 }), &[slices.clone(), named.clone()], &[(Type::F32, &[3000, 40])]);
    threads(index(IndexKernel::ScatterAdd), &[table.clone(), named, slices], &[(Type::F32, &[3000, 40])]);
    let along = [numbers(Type::F32, &[3000, 9], 1), indices(Type::I32, &[3000, 9], 40, 1)];
    threads(index(IndexKernel::TopKGrad), &along, &[(Type::F32, &[3000, 40])]);
    for count in [3, 40] {
        let shape = [3000, count];
        threads(
            index(IndexKernel::TopK { ascending: false }),
            std::slice::from_ref(&table),
            &[(Type::F32, &shape), (Type::I32, &shape)],
        );
    }
    for product in [false, true] {
        let cumulate = Cumulate { axis: 1, product, exclusive: product, reverse: !product };
        threads(index(IndexKernel::Cumulate(cumulate)), std::slice::from_ref(&table), &[(Type::F32, &[3000, 40])]);
        threads(
            index(IndexKernel::CumprodGrad(cumulate)),
            &[table.clone(), table.clone()],
            &[(Type::F32, &[3000, 40])],
        );
    }
    threads(
        index(IndexKernel::OneHot { axis: 1, on: 1.0, off: 0.0 }),
        &[indices(Type::I32, &[3000], 50, 1)],
        &[(Type::F32, &[3000, 50])],
    );
    threads(
        index(IndexKernel::InTopK { count: 5 }),
        &[table.clone(), indices(Type::I32, &[3000], 40, 1)],
        &[(Type::Bool, &[3000])],
    );
    threads(index(IndexKernel::Order), &[indices(Type::I32, &[3000], 40, 1)], &[(Type::I64, &[3000])]);
    threads(
        index(IndexKernel::SumDuplicates),
        &[table.clone(), indices(Type::I32, &[3000], 700, 1)],
        &[(Type::F32, &[3000, 40]), (Type::I64, &[3000])],
    );
    let kernel = |transpose_a, transpose_b| Kernel::BatchMatMul { transpose_a, transpose_b };
    for (batch, side) in [(64, 32), (3, 150)] {
        let shape = [batch, side, side];
        let inputs = [numbers(Type::F32, &shape, 1), numbers(Type::F32, &shape, 2)];
        threads(kernel(false, true), &inputs, &[(Type::F32, &shape)]);
        threads(kernel(true, false), &inputs, &[(Type::F32, &shape)]);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    #[track_caller]
    fn refused(kernel: Kernel, inputs: &[Tensor], output: (Type, &[usize]), expected: &str) {
        for kernels in [&Cpu::new(1).unwrap() as &dyn Kernels, &Reference] {
            assert_eq!(run(kernels, &kernel, inputs, &[output]).unwrap_err().to_string(), expected);
        }
    }
    let table = || numbers(Type::F32, &[3, 2], 1);
    let gather = |axis| index(IndexKernel::Gather { axis });
    refused(
        gather(0),
        &[table(), i32s(&[2], &[2, 3])],
        (Type::F32, &[2, 2]),
        "gather: index 3 at place 1 is not in 0..3",
    );
    refused(
        gather(0),
        &[table(), i64s(&[2], &[-1, 0])],
        (Type::F32, &[2, 2]),
        "gather: index -1 at place 0 is not in 0..3",
    );
    refused(gather(2), &[table(), i32s(&[1], &[0])], (Type::F32, &[1, 2]), "gather: shape [3, 2] has no axis 2");
    refused(
        gather(0),
        &[table(), i32s(&[1], &[0])],
        (Type::F32, &[2]),
        "gather: the slices of shape [2] should have [1, 2]",
    );
    refused(
        gather(0),
        &[table(), f32s(&[1], &[0.0])],
        (Type::F32, &[1, 2]),
        "gather: f32 is not supported, cast to i32 or i64",
    );
    let scatter = index(IndexKernel::Scatter { axis: 0 });
    refused(
        scatter,
        &[table(), i32s(&[3], &[0, 1, 4])],
        (Type::F32, &[4, 2]),
        "scatter: index 4 at place 2 is not in 0..4",
    );
    let batch = Kernel::BatchMatMul { transpose_a: false, transpose_b: false };
    refused(
        batch,
        &[numbers(Type::F32, &[2, 3, 4], 1), numbers(Type::F32, &[3, 4, 5], 1)],
        (Type::F32, &[3, 3, 5]),
        "batch matmul: shapes [2] and [3] do not broadcast to [3]",
    );
}
