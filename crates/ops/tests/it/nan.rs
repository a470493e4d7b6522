//! A NaN is never hidden.

use everstep_ops::{Binary, Cpu, Kernel, Kernels, Reduction, Reference, Unary, UnaryGrad};

use crate::tensor::*;

const NAN: f32 = f32::NAN;

/// Which elements of each output are NaN, by both implementations.
#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], outputs: &[&[usize]], expected: &[&[bool]]) {
    let outputs: Vec<_> = outputs.iter().map(|&shape| (Type::F32, shape)).collect();
    let both: [&dyn Kernels; 2] = [&Reference, &Cpu::new(2).unwrap()];
    for kernels in both {
        let found = run(kernels, &kernel, inputs, &outputs).unwrap();
        let found: Vec<Vec<bool>> =
            found.iter().map(|output| output.floats().iter().map(|x| x.is_nan()).collect()).collect();
        assert_eq!(found, expected, "{kernels:?} {kernel:?}");
    }
}

#[test]
fn elementwise() {
    for unary in [Unary::Relu, Unary::Abs, Unary::Exp, Unary::Tanh, Unary::Sigmoid] {
        check(Kernel::Unary(unary), &[f32s(&[2], &[NAN, 1.0])], &[&[2]], &[&[true, false]]);
    }
    for binary in [Binary::Maximum, Binary::Minimum, Binary::Add] {
        let inputs = [f32s(&[3], &[NAN, 1.0, 2.0]), f32s(&[3], &[1.0, NAN, 3.0])];
        check(Kernel::Binary(binary), &inputs, &[&[3]], &[&[true, true, false]]);
    }
    let inputs = [f32s(&[3], &[NAN, NAN, 1.0]), f32s(&[3], &[1.0, 0.0, NAN])];
    check(Kernel::UnaryGrad(UnaryGrad::Relu), &inputs, &[&[3]], &[&[true, false, false]]);
}

#[test]
fn reductions() {
    for reduction in [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min] {
        for place in [0, 1, 40, 2998, 2999] {
            let mut values = vec![1.0; 3000];
            values[place] = NAN;
            let all = Kernel::Reduce { reduction, axes: vec![0] };
            check(all, &[f32s(&[3000], &values)], &[&[]], &[&[true]]);
            let columns = Kernel::Reduce { reduction, axes: vec![0] };
            let expected: Vec<bool> = (0..3).map(|column| column == place % 3).collect();
            check(columns, &[f32s(&[1000, 3], &values)], &[&[3]], &[&expected]);
        }
    }
}

#[test]
fn softmax_and_cross_entropy() {
    let logits = || f32s(&[2, 3], &[0.0, NAN, 1.0, 0.0, 1.0, 2.0]);
    let rows: &[bool] = &[true, true, true, false, false, false];
    check(Kernel::Softmax, &[logits()], &[&[2, 3]], &[rows]);
    check(Kernel::LogSoftmax, &[logits()], &[&[2, 3]], &[rows]);
    for label in 0..3 {
        let inputs = [logits(), i64s(&[2], &[label, label])];
        check(Kernel::SparseSoftmaxCrossEntropy, &inputs, &[&[2], &[2, 3]], &[&[true, false], rows]);
    }
    let infinite = [f32s(&[1, 2], &[f32::INFINITY, 0.0]), i64s(&[1], &[1])];
    check(Kernel::SparseSoftmaxCrossEntropy, &infinite, &[&[1], &[1, 2]], &[&[true], &[true, true]]);
}

#[test]
fn matrix_products() {
    let inputs = [f32s(&[2, 2], &[NAN, 0.0, 1.0, 1.0]), f32s(&[2, 2], &[0.0, 1.0, 2.0, 3.0])];
    let kernel = Kernel::MatMul { transpose_a: false, transpose_b: false, epilogue: NONE };
    check(kernel, &inputs, &[&[2, 2]], &[&[true, true, false, false]]);
}

#[test]
fn argmax_finds_the_first_nan() {
    let both: [&dyn Kernels; 2] = [&Reference, &Cpu::new(1).unwrap()];
    for kernels in both {
        let input = f32s(&[2, 4], &[1.0, NAN, 9.0, NAN, f32::NEG_INFINITY, 3.0, 3.0, 2.0]);
        let found = run(kernels, &Kernel::ArgMax { axis: 1 }, &[input], &[(Type::I64, &[2])]).unwrap();
        assert_eq!(found[0].bits(), [1, 1]);
    }
}

#[test]
fn checked_numbers_are_finite() {
    let both: [&dyn Kernels; 2] = [&Reference, &Cpu::new(1).unwrap()];
    for kernels in both {
        let check = |input: Tensor| run(kernels, &Kernel::CheckNumerics, &[input], &[]).map(|outputs| outputs.len());
        assert_eq!(check(f32s(&[2], &[f32::MAX, -0.0])), Ok(0));
        assert_eq!(check(f64s(&[0], &[])), Ok(0));
        for (value, shown) in [(f64::NAN, "NaN"), (f64::INFINITY, "inf"), (f64::NEG_INFINITY, "-inf")] {
            let mut values = vec![1.0; 30];
            values[17] = value;
            let error = check(f64s(&[5, 6], &values)).unwrap_err();
            assert_eq!(error.to_string(), format!("check numerics: element 17 of shape [5, 6] is {shown}"));
            assert!(error.is_divergence());
            let single: Vec<f32> = values.iter().map(|value| *value as f32).collect();
            assert_eq!(check(f32s(&[5, 6], &single)).unwrap_err(), error);
        }
        let integers = check(i32s(&[1], &[1])).unwrap_err();
        assert!(!integers.is_divergence(), "{integers}");
    }
}
