//! Values known from the definitions.

use everstep_ops::{Compare, Cpu, Kernel, Kernels, Reduction, Reference, Unary, UnaryGrad};

use crate::tensor::*;

/// Both implementations give these values.
#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], expected: &[Tensor]) {
    let outputs: Vec<_> = expected.iter().map(|output| (output.dtype(), &output.shape[..])).collect();
    let both: [&dyn Kernels; 2] = [&Reference, &Cpu::new(1).unwrap()];
    for kernels in both {
        let found = run(kernels, &kernel, inputs, &outputs).unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert_close(found, expected, 1.0, 4.0);
        }
    }
}

#[test]
fn matmul() {
    let a = f32s(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let b = f32s(&[3, 2], &[1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    let product = f32s(&[2, 2], &[4.0, 5.0, 10.0, 11.0]);
    check(Kernel::MatMul { transpose_a: false, transpose_b: false, epilogue: NONE }, &[a.clone(), b], &[product]);
    let gram = f32s(&[2, 2], &[14.0, 32.0, 32.0, 77.0]);
    check(Kernel::MatMul { transpose_a: false, transpose_b: true, epilogue: NONE }, &[a.clone(), a.clone()], &[gram]);
    let other = f32s(&[3, 3], &[17.0, 22.0, 27.0, 22.0, 29.0, 36.0, 27.0, 36.0, 45.0]);
    check(Kernel::MatMul { transpose_a: true, transpose_b: false, epilogue: NONE }, &[a.clone(), a], &[other]);
}

#[test]
fn elementwise() {
    let input = || f64s(&[3], &[-1.0, 0.0, 4.0]);
    check(Kernel::Unary(Unary::Relu), &[input()], &[f64s(&[3], &[0.0, 0.0, 4.0])]);
    check(Kernel::Unary(Unary::Square), &[input()], &[f64s(&[3], &[1.0, 0.0, 16.0])]);
    check(Kernel::Unary(Unary::Sigmoid), &[f64s(&[3], &[0.0, 800.0, -800.0])], &[f64s(&[3], &[0.5, 1.0, 0.0])]);
    check(Kernel::Unary(Unary::Log), &[f64s(&[2], &[1.0, 0.0])], &[f64s(&[2], &[0.0, f64::NEG_INFINITY])]);
    let gradients = f64s(&[3], &[2.0, 3.0, 5.0]);
    check(Kernel::UnaryGrad(UnaryGrad::Relu), &[gradients, input()], &[f64s(&[3], &[0.0, 0.0, 5.0])]);
    let compared = [i32s(&[3], &[1, 2, 3]), i32s(&[], &[2])];
    check(Kernel::Compare(Compare::GreaterEqual), &compared, &[bools(&[3], &[false, true, true])]);
}

#[test]
fn reductions_of_something_and_of_nothing() {
    let input = || f32s(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let reduce = |reduction, axes: &[usize]| Kernel::Reduce { reduction, axes: axes.to_vec() };
    check(reduce(Reduction::Sum, &[0]), &[input()], &[f32s(&[3], &[5.0, 7.0, 9.0])]);
    check(reduce(Reduction::Sum, &[1]), &[input()], &[f32s(&[2, 1], &[6.0, 15.0])]);
    check(reduce(Reduction::Mean, &[1, 0]), &[input()], &[f32s(&[], &[3.5])]);
    check(reduce(Reduction::Max, &[]), &[input()], &[input()]);
    let nothing = || f32s(&[2, 0], &[]);
    check(reduce(Reduction::Sum, &[1]), &[nothing()], &[f32s(&[2], &[0.0, 0.0])]);
    check(reduce(Reduction::Mean, &[1]), &[nothing()], &[f32s(&[2], &[f32::NAN, f32::NAN])]);
    check(reduce(Reduction::Max, &[1]), &[nothing()], &[f32s(&[2], &[f32::NEG_INFINITY; 2])]);
    check(reduce(Reduction::Min, &[0]), &[i32s(&[0], &[])], &[i32s(&[], &[i32::MAX])]);
}

#[test]
fn broadcast_is_the_adjoint_of_a_mean() {
    let kernel = Kernel::Broadcast { scale: 0.5, axes: vec![0] };
    check(kernel, &[f32s(&[3], &[2.0, 4.0, 6.0])], &[f32s(&[2, 3], &[1.0, 2.0, 3.0, 1.0, 2.0, 3.0])]);
    check(Kernel::Broadcast { scale: 1.0, axes: vec![] }, &[f32s(&[2], &[1.0, 2.0])], &[f32s(&[2], &[1.0, 2.0])]);
}

#[test]
fn softmax_and_cross_entropy() {
    let logits = || f64s(&[2, 2], &[1000.0, 1000.0, 0.0, 3f64.ln()]);
    check(Kernel::Softmax, &[logits()], &[f64s(&[2, 2], &[0.5, 0.5, 0.25, 0.75])]);
    let expected = [f64s(&[2], &[2f64.ln(), 4f64.ln()]), f64s(&[2, 2], &[-0.5, 0.5, -0.75, 0.75])];
    check(Kernel::SparseSoftmaxCrossEntropy, &[logits(), i32s(&[2], &[0, 0])], &expected);
    let nothing = [f32s(&[0, 0], &[]), i32s(&[0], &[])];
    check(Kernel::SparseSoftmaxCrossEntropy, &nothing, &[f32s(&[0], &[]), f32s(&[0, 0], &[])]);
}

#[test]
fn argmax_gives_the_first_of_equals() {
    let input = || i32s(&[2, 3], &[1, 5, 5, 7, 0, 5]);
    check(Kernel::ArgMax { axis: 1 }, &[input()], &[i64s(&[2], &[1, 0])]);
    check(Kernel::ArgMax { axis: 0 }, &[input()], &[i64s(&[1, 3], &[1, 0, 0])]);
    check(Kernel::ArgMax { axis: 0 }, &[f32s(&[2], &[f32::NEG_INFINITY; 2])], &[i64s(&[], &[0])]);
}

#[test]
fn cast() {
    let input = || f32s(&[5], &[f32::NAN, 1.9, -1.9, 1e20, 0.0]);
    check(Kernel::Cast, &[input()], &[i32s(&[5], &[0, 1, -1, i32::MAX, 0])]);
    check(Kernel::Cast, &[input()], &[bools(&[5], &[true, true, true, true, false])]);
    check(Kernel::Cast, &[input()], &[u8s(&[5], &[0, 1, 0, 255, 0])]);
    check(Kernel::Cast, &[bools(&[2], &[true, false])], &[f64s(&[2], &[1.0, 0.0])]);
    check(Kernel::Cast, &[i32s(&[2], &[-1, 257])], &[u8s(&[2], &[255, 1])]);
}
