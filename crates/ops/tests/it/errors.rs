//! Every refusal: its message, by both implementations, and nothing written.

use everstep_ops::{
    Binary, Compare, Cpu, Data, DataMut, Distribution, Kernel, Kernels, Key, Reduction, Reference, Target, Unary,
    UnaryGrad, Update, View, ViewMut,
};

use crate::tensor::*;

/// Both implementations refuse with this message and leave the outputs as they were.
#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], outputs: &[Tensor], message: &str) {
    let both: [&dyn Kernels; 2] = [&Reference, &Cpu::new(1).unwrap()];
    for kernels in both {
        let mut written = outputs.to_vec();
        let views: Vec<_> = inputs.iter().map(Tensor::view).collect();
        let found = kernels.run(&kernel, &views, &mut written.iter_mut().map(Tensor::view_mut).collect::<Vec<_>>());
        assert_eq!(found.unwrap_err().to_string(), message);
        for (written, output) in written.iter().zip(outputs) {
            assert_eq!(written.bits(), output.bits(), "{kernels:?} wrote before it refused");
        }
    }
}

/// As [`check`], for an update in place.
#[track_caller]
fn check_update(kind: Update, variables: &[Tensor], inputs: &[Tensor], message: &str) {
    let both: [&dyn Kernels; 2] = [&Reference, &Cpu::new(1).unwrap()];
    for kernels in both {
        assert_eq!(update(kernels, &kind, variables, inputs, true).unwrap_err().to_string(), message);
    }
}

fn f32_of(shape: &[usize]) -> Tensor {
    garbage(Type::F32, shape)
}

const MATMUL: Kernel = Kernel::MatMul { transpose_a: false, transpose_b: true, epilogue: NONE };

#[test]
fn numbers_of_tensors() {
    let scalar = || f32_of(&[]);
    check(MATMUL, &[scalar()], &[scalar()], "matmul: takes 2 inputs and 1 outputs, given 1 and 1");
    check(Kernel::Unary(Unary::Exp), &[scalar()], &[], "exp: takes 1 inputs and 1 outputs, given 1 and 0");
    check(Kernel::Binary(Binary::Add), &[], &[scalar()], "add: takes 2 inputs and 1 outputs, given 0 and 1");
    check(
        Kernel::SparseSoftmaxCrossEntropy,
        &[scalar(), scalar()],
        &[scalar()],
        "sparse softmax cross-entropy: takes 2 inputs and 2 outputs, given 2 and 1",
    );
    let distribution = Distribution::Uniform { low: 0.0, high: 1.0 };
    let random = Kernel::Random { distribution, key: Key::new(0, "") };
    check(random, &[scalar(), scalar()], &[scalar()], "random: takes 0 inputs and 1 outputs, given 2 and 1");
    for kernel in [
        Kernel::Softmax,
        Kernel::LogSoftmax,
        Kernel::SoftmaxGrad,
        Kernel::Cast,
        Kernel::Copy,
        Kernel::ArgMax { axis: 0 },
    ] {
        let inputs = vec![scalar(); 3];
        for kernels in [&Reference as &dyn Kernels, &Cpu::new(1).unwrap()] {
            let error = run(kernels, &kernel, &inputs, &[(Type::F32, &[])]).unwrap_err().to_string();
            assert!(error.contains("given 3 and 1"), "{error}");
        }
    }
    check_update(Update::Adam, &[scalar()], &[], "adam: takes 7 inputs and 3 targets, given 0 and 1");
}

#[test]
fn tensors_that_do_not_hold_their_shape() {
    let cpu = Cpu::new(1).unwrap();
    let (values, mut written) = ([1.0f32; 5], [9.0f32; 6]);
    let message = |input: &[usize], output: &[usize], written: &mut [f32]| {
        let input = View { shape: input, data: Data::F32(&values) };
        let output = ViewMut { shape: output, data: DataMut::F32(written) };
        cpu.run(&Kernel::Copy, &[input], &mut [output]).unwrap_err().to_string()
    };
    assert_eq!(message(&[2, 3], &[6], &mut written), "copy: input 0 of shape [2, 3] holds 5 elements");
    assert_eq!(message(&[5], &[5], &mut written), "copy: output 0 of shape [5] holds 6 elements");
    assert_eq!(
        message(&[usize::MAX, 2], &[6], &mut written),
        format!("copy: input 0 of shape [{}, 2] holds 5 elements", usize::MAX)
    );
    assert_eq!(
        message(&[1; 9], &[6], &mut written),
        "copy: input 0 of shape [1, 1, 1, 1, 1, 1, 1, 1, 1] has more than 8 axes"
    );
    assert_eq!(written, [9.0; 6]);
}

#[test]
fn dtypes() {
    let integers = || garbage(Type::I32, &[2, 2]);
    check(MATMUL, &[integers(), integers()], &[integers()], "matmul: i32 is not supported, cast to f32 or f64");
    check(Kernel::Unary(Unary::Exp), &[integers()], &[integers()], "exp: i32 is not supported, cast to f32 or f64");
    check(
        Kernel::Unary(Unary::Neg),
        &[bools(&[], &[true])],
        &[bools(&[], &[true])],
        "neg: bool is not supported, cast to i32 or i64 or f32 or f64",
    );
    check(
        Kernel::Binary(Binary::Mul),
        &[f32_of(&[]), integers()],
        &[f32_of(&[2, 2])],
        "mul: dtypes must agree, not f32 and i32 and f32",
    );
    check(
        Kernel::Compare(Compare::Equal),
        &[f32_of(&[]), f32_of(&[])],
        &[f32_of(&[])],
        "compare: f32 is not supported, cast to bool",
    );
    check(
        Kernel::Compare(Compare::Less),
        &[bools(&[], &[true]), bools(&[], &[true])],
        &[bools(&[], &[true])],
        "compare: bool is not supported, cast to u8 or i32 or i64 or f32 or f64",
    );
    check(
        Kernel::UnaryGrad(UnaryGrad::Tanh),
        &[integers(), integers()],
        &[integers()],
        "unary gradient: i32 is not supported, cast to f32 or f64",
    );
    let mean = Kernel::Reduce { reduction: Reduction::Mean, axes: vec![0, 1] };
    check(mean, &[integers()], &[garbage(Type::I32, &[])], "reduce: i32 is not supported, cast to f32 or f64");
    let broadcast = Kernel::Broadcast { scale: 1.0, axes: vec![] };
    check(broadcast, &[integers()], &[integers()], "broadcast: i32 is not supported, cast to f32 or f64");
    check(Kernel::Softmax, &[f32_of(&[2])], &[garbage(Type::F64, &[2])], "softmax: dtypes must agree, not f32 and f64");
    check(Kernel::ArgMax { axis: 0 }, &[f32_of(&[2])], &[f32_of(&[])], "argmax: f32 is not supported, cast to i64");
    check(Kernel::Copy, &[f32_of(&[2])], &[garbage(Type::U8, &[2])], "copy: dtypes must agree, not f32 and u8");
    let labels = [f32_of(&[2, 2]), f32_of(&[2])];
    check(
        Kernel::SparseSoftmaxCrossEntropy,
        &labels,
        &[f32_of(&[2]), f32_of(&[2, 2])],
        "sparse softmax cross-entropy: f32 is not supported, cast to i32 or i64",
    );
}

#[test]
fn shapes() {
    check(
        MATMUL,
        &[f32_of(&[2, 3]), f32_of(&[3, 4])],
        &[f32_of(&[2, 4])],
        "matmul: [2, 3] times [4, 3] does not give [2, 4]",
    );
    check(
        MATMUL,
        &[f32_of(&[2, 3]), f32_of(&[4, 3])],
        &[f32_of(&[4, 2])],
        "matmul: [2, 3] times [3, 4] does not give [4, 2]",
    );
    check(
        MATMUL,
        &[f32_of(&[6]), f32_of(&[4, 3])],
        &[f32_of(&[2, 4])],
        "matmul: [6] (not a matrix) times [3, 4] does not give [2, 4]",
    );
    check(Kernel::Unary(Unary::Abs), &[f32_of(&[2, 3])], &[f32_of(&[6])], "abs: shapes must agree, not [2, 3] and [6]");
    check(
        Kernel::Cast,
        &[f32_of(&[2, 3])],
        &[garbage(Type::U8, &[3, 2])],
        "cast: shapes must agree, not [2, 3] and [3, 2]",
    );
    check(
        Kernel::Binary(Binary::Add),
        &[f32_of(&[2, 3]), f32_of(&[2])],
        &[f32_of(&[2, 3])],
        "add: shapes [2, 3] and [2] do not broadcast to [2, 3]",
    );
    check(
        Kernel::Binary(Binary::Add),
        &[f32_of(&[1]), f32_of(&[1])],
        &[f32_of(&[2])],
        "add: shapes [1] and [1] do not broadcast to [2]",
    );
    check(
        Kernel::Binary(Binary::Add),
        &[f32_of(&[1]), f32_of(&[])],
        &[f32_of(&[])],
        "add: shapes [1] and [] do not broadcast to []",
    );
    check(
        Kernel::SoftmaxGrad,
        &[f32_of(&[2, 3]), f32_of(&[3])],
        &[f32_of(&[2, 3])],
        "softmax gradient: shapes must agree, not [2, 3] and [3] and [2, 3]",
    );
    check(Kernel::Softmax, &[f32_of(&[])], &[f32_of(&[])], "softmax: a scalar has no last axis");
    check(
        Kernel::Copy,
        &[f32_of(&[2, 3])],
        &[f32_of(&[5])],
        "copy: shapes [2, 3] and [5] do not hold as many elements",
    );
}

#[test]
fn axes() {
    let sum = |axes: &[usize]| Kernel::Reduce { reduction: Reduction::Sum, axes: axes.to_vec() };
    check(sum(&[2]), &[f32_of(&[2, 3])], &[f32_of(&[2])], "reduce: shape [2, 3] has no axis 2");
    check(sum(&[1, 1]), &[f32_of(&[2, 3])], &[f32_of(&[2])], "reduce: axis 1 is named twice");
    check(
        sum(&[1]),
        &[f32_of(&[2, 3])],
        &[f32_of(&[3])],
        "reduce: shape [2, 3] without axes [1] is [2], but the output has [3]",
    );
    let broadcast = Kernel::Broadcast { scale: 1.0, axes: vec![0] };
    check(
        broadcast,
        &[f32_of(&[2])],
        &[f32_of(&[2, 3])],
        "broadcast: shape [2, 3] without axes [0] is [3], but the input has [2]",
    );
    check(Kernel::ArgMax { axis: 1 }, &[f32_of(&[2])], &[garbage(Type::I64, &[])], "argmax: shape [2] has no axis 1");
    check(
        Kernel::ArgMax { axis: 1 },
        &[f32_of(&[2, 0])],
        &[garbage(Type::I64, &[2])],
        "argmax: axis 1 of shape [2, 0] has no elements",
    );
}

#[test]
fn labels() {
    let name = "sparse softmax cross-entropy";
    let outputs = [f32_of(&[2]), f32_of(&[2, 3])];
    let refuses = |label, message: &str| {
        let message = format!("{name}: {message}");
        check(Kernel::SparseSoftmaxCrossEntropy, &[f32_of(&[2, 3]), i32s(&[2], &[2, label])], &outputs, &message);
        check(
            Kernel::SparseSoftmaxCrossEntropy,
            &[f32_of(&[2, 3]), i64s(&[2], &[2, label.into()])],
            &outputs,
            &message,
        );
    };
    refuses(3, "label 3 of row 1 is not in 0..3, the number of classes");
    refuses(-1, "label -1 of row 1 is not in 0..3, the number of classes");
    let labels = i32s(&[3], &[0, 0, 0]);
    let message = format!("{name}: logits [2, 3] need labels and loss [2], not [3] and [2]");
    check(Kernel::SparseSoftmaxCrossEntropy, &[f32_of(&[2, 3]), labels.clone()], &outputs, &message);
    let message = format!("{name}: logits must be [batch, classes], not [6]");
    check(Kernel::SparseSoftmaxCrossEntropy, &[f32_of(&[6]), labels], &[f32_of(&[6]), f32_of(&[6])], &message);
}

#[test]
fn attributes() {
    let outputs = [f32_of(&[2])];
    let random = |distribution| Kernel::Random { distribution, key: Key::new(0, "") };
    let uniform = random(Distribution::Uniform { low: 1.0, high: 0.0 });
    check(uniform, &[], &outputs, "random: a uniform distribution needs finite low <= high, not 1 and 0");
    let endless = random(Distribution::Uniform { low: 0.0, high: f64::INFINITY });
    check(endless, &[], &outputs, "random: a uniform distribution needs finite low <= high, not 0 and inf");
    let normal = random(Distribution::TruncatedNormal { mean: 0.0, stddev: -1.0 });
    check(normal, &[], &outputs, "random: a normal distribution needs a finite mean and stddev >= 0, not 0 and -1");
    let divided = [i64s(&[3], &[1, 2, 3]), i64s(&[3], &[1, 0, 0])];
    check(
        Kernel::Binary(Binary::Div),
        &divided,
        &[garbage(Type::I64, &[3])],
        "div: integer division by zero, at element 1",
    );
}

#[test]
fn updates() {
    let (variable, scalar) = (|| f32_of(&[2]), || f32_of(&[]));
    check_update(Update::Assign, &[variable()], &[f32_of(&[3])], "assign: shapes must agree, not [2] and [3]");
    check_update(
        Update::Assign,
        &[variable()],
        &[garbage(Type::F64, &[2])],
        "assign: dtypes must agree, not f32 and f64",
    );
    let truth = || bools(&[], &[true]);
    check_update(
        Update::AssignAdd,
        &[truth()],
        &[truth()],
        "assign-add: bool is not supported, cast to u8 or i32 or i64 or f32 or f64 or bf16 or f16",
    );
    let integer = || i32s(&[], &[1]);
    check_update(
        Update::GradientDescent,
        &[integer()],
        &[integer(), integer()],
        "gradient descent: i32 is not supported, cast to f32 or f64 or bf16 or f16",
    );
    check_update(
        Update::GradientDescent,
        &[variable()],
        &[variable(), variable()],
        "gradient descent: input 0 must be a scalar, not of shape [2]",
    );
    let momentum = Update::Momentum { nesterov: false };
    check_update(
        momentum,
        &[variable(), f32_of(&[1, 2])],
        &[scalar(), variable(), scalar()],
        "momentum: shapes must agree, not [2] and [1, 2]",
    );
}

#[test]
fn old_values_of_another_shape() {
    let (mut next, old, value) = (f32s(&[2], &[7.0, 7.0]), f32_of(&[3]), f32s(&[2], &[1.0, 1.0]));
    let mut targets = [Target { next: next.view_mut(), from: Some(old.view()) }];
    let error = Cpu::new(1).unwrap().update(&Update::AssignAdd, &mut targets, &[value.view()]).unwrap_err();
    assert_eq!(error.to_string(), "assign-add: shapes must agree, not [2] and [3]");
    assert_eq!(next.floats(), [7.0, 7.0]);
}
