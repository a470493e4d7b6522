//! The same bits on any number of threads, at sizes around those where work is cut.

use everstep_ops::{Binary, Compare, Cpu, Distribution, Kernel, Key, Reduction, Unary, UnaryGrad, Update};

use crate::tensor::*;

/// One, two and three threads give the same bits.
#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], outputs: &[(Type, &[usize])]) {
    let bits = |threads| -> Vec<_> {
        let outputs = run(&Cpu::new(threads).unwrap(), &kernel, inputs, outputs).unwrap();
        outputs.iter().map(Tensor::bits).collect()
    };
    let expected = bits(1);
    assert!(expected == bits(2), "{kernel:?} differs on two threads");
    assert!(expected == bits(3), "{kernel:?} differs on three threads");
}

fn one(kernel: Kernel, of: Type, input: &[usize], output: &[usize]) {
    check(kernel, &[numbers(of, input, 1)], &[(of, output)]);
}

fn two(kernel: Kernel, of: Type, inputs: [&[usize]; 2], to: Type, output: &[usize]) {
    check(kernel, &[numbers(of, inputs[0], 1), numbers(of, inputs[1], 2)], &[(to, output)]);
}

const SIZES: [usize; 4] = [(1 << 14) + 1, (1 << 17) - 1, 1 << 17, (1 << 17) + 3];

#[test]
fn elementwise() {
    for size in SIZES {
        for unary in [Unary::Neg, Unary::Relu, Unary::Tanh] {
            one(Kernel::Unary(unary), Type::F32, &[size], &[size]);
        }
        two(Kernel::Binary(Binary::Mul), Type::F64, [&[size], &[size]], Type::F64, &[size]);
        two(Kernel::Compare(Compare::Less), Type::I32, [&[size], &[]], Type::Bool, &[size]);
        two(Kernel::UnaryGrad(UnaryGrad::Sigmoid), Type::F32, [&[size], &[size]], Type::F32, &[size]);
        check(Kernel::Cast, &[numbers(Type::F64, &[size], 1)], &[(Type::I32, &[size])]);
        one(Kernel::Copy, Type::U8, &[size], &[size]);
        for distribution in
            [Distribution::Normal { mean: 0.0, stddev: 1.0 }, Distribution::Uniform { low: 0.0, high: 1.0 }]
        {
            let key = Key::new(3, "bias");
            check(Kernel::Random { distribution, key }, &[], &[(Type::F32, &[size])]);
        }
    }
}

#[test]
fn broadcasts() {
    let add = || Kernel::Binary(Binary::Add);
    two(add(), Type::F32, [&[300, 517], &[517]], Type::F32, &[300, 517]);
    two(add(), Type::F32, [&[300, 1], &[517]], Type::F32, &[300, 517]);
    two(add(), Type::F32, [&[30, 1, 71, 2], &[9, 71, 1]], Type::F32, &[30, 9, 71, 2]);
    one(Kernel::Broadcast { scale: 0.5, axes: vec![0] }, Type::F32, &[517], &[300, 517]);
    one(Kernel::Broadcast { scale: 0.5, axes: vec![0, 2] }, Type::F32, &[41], &[30, 41, 97]);
}

#[test]
fn reductions() {
    let shapes: [(&[usize], &[usize]); 10] = [
        (&[(1 << 17) + 5], &[0]),
        (&[300, 701], &[0]),
        (&[300, 701], &[1]),
        (&[3, 50_001], &[1]),
        (&[50_001, 3], &[0]),
        (&[40_001, 9], &[1]),
        (&[5, 9001, 6], &[1]),
        (&[70, 30, 90], &[0, 2]),
        (&[2, 70_000, 2], &[0, 2]),
        (&[11, 12, 13, 14, 15], &[1, 3]),
    ];
    for (shape, axes) in shapes {
        let output: Vec<usize> = (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect();
        for reduction in [Reduction::Sum, Reduction::Mean, Reduction::Max] {
            one(Kernel::Reduce { reduction, axes: axes.to_vec() }, Type::F32, shape, &output);
        }
    }
    check(Kernel::ArgMax { axis: 1 }, &[numbers(Type::F32, &[14_001, 10], 1)], &[(Type::I64, &[14_001])]);
}

#[test]
fn softmaxes() {
    for [rows, classes] in [[7001, 10], [3, 40_000], [129, 511]] {
        one(Kernel::Softmax, Type::F32, &[rows, classes], &[rows, classes]);
        one(Kernel::LogSoftmax, Type::F64, &[rows, classes], &[rows, classes]);
        let shape = [rows, classes];
        two(Kernel::SoftmaxGrad, Type::F32, [&shape, &shape], Type::F32, &shape);
        let labels: Vec<i32> = (0..rows).map(|row| (row % classes) as i32).collect();
        check(
            Kernel::SparseSoftmaxCrossEntropy,
            &[numbers(Type::F32, &shape, 1), i32s(&[rows], &labels)],
            &[(Type::F32, &[rows]), (Type::F32, &shape)],
        );
    }
}

#[test]
fn matrix_products() {
    for [rows, depth, columns] in [[128, 256, 129], [129, 140, 128], [385, 33, 700], [1000, 300, 10], [2, 300, 5000]] {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
            let a = if transpose_a { [depth, rows] } else { [rows, depth] };
            let b = if transpose_b { [columns, depth] } else { [depth, columns] };
            let kernel = Kernel::MatMul { transpose_a, transpose_b, epilogue: NONE };
            two(kernel, Type::F32, [&a, &b], Type::F32, &[rows, columns]);
        }
    }
}

#[test]
fn updates() {
    for size in [(1 << 11) + 1, 1 << 17, 150_003] {
        let one = || Kernel::Unary(Unary::Square);
        let variables = [1, 2, 3, 5].map(|seed| numbers(Type::F32, &[size], seed));
        let positive = run(&Cpu::new(1).unwrap(), &one(), &variables[2..3], &[(Type::F32, &[size])]).unwrap();
        let variables = [&variables[..2], &positive, &variables[3..]].concat();
        let gradient = numbers(Type::F32, &[size], 4);
        let scalars = |values: &[f64]| values.iter().map(|value| f32s(&[], &[*value as f32])).collect::<Vec<Tensor>>();
        let with = |values: &[f64]| [scalars(values), vec![gradient.clone()]].concat();
        let momentum = [&with(&[0.1]), &scalars(&[0.9])[..]].concat();
        let adam = [0.9, 0.99, 0.1, 0.9, 0.99, 1e-3];
        let decayed = [0.9, 0.99, 0.1, 0.9, 0.99, 1e-3, 0.1];
        let rms = [0.1, 0.9, 0.5, 100.0];
        let cases = [
            (Update::Assign, 1, with(&[])),
            (Update::AssignAdd, 1, with(&[])),
            (Update::GradientDescent, 1, with(&[0.1])),
            (Update::Momentum { nesterov: true }, 2, momentum),
            (Update::Adam, 3, with(&adam)),
            (Update::AdamW, 3, with(&decayed)),
            (Update::Adagrad, 2, with(&[0.1])),
            (Update::RmsProp { centered: false }, 3, with(&rms)),
            (Update::RmsProp { centered: true }, 4, with(&rms)),
            (Update::Lion, 2, with(&[0.1, 0.9, 0.99, 0.1])),
            (Update::Lamb, 3, with(&decayed)),
            (Update::MovingAverage, 2, scalars(&[0.9])),
        ];
        for (kind, count, inputs) in cases {
            let bits = |threads| -> Vec<_> {
                let cpu = Cpu::new(threads).unwrap();
                let updated = update(&cpu, &kind, &variables[..count], &inputs, threads == 1).unwrap();
                updated.iter().map(Tensor::bits).collect()
            };
            let expected = bits(1);
            let differs = [2, 3, 7].into_iter().find(|threads| bits(*threads) != expected);
            assert_eq!(differs, None, "{kind:?} of {size} elements differs on so many threads");
        }
    }
}
