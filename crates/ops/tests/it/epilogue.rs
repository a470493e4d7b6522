//! An epilogue gives the bits of the kernels that it stands for, on any number of threads.

use everstep_ops::{Activation, Binary, Cpu, Epilogue, Kernel, Kernels, Pass, Reference, Unary};

use crate::{images::Shapes, tensor::*};

const ACTIVATIONS: [(Activation, Unary); 4] = [
    (Activation::Relu, Unary::Relu),
    (Activation::Relu6, Unary::Relu6),
    (Activation::Tanh, Unary::Tanh),
    (Activation::Sigmoid, Unary::Sigmoid),
];

/// The kernel without an epilogue, then the sum with the bias, then the function.
fn apart(
    kernels: &dyn Kernels,
    kernel: &Kernel,
    inputs: &[Tensor],
    bias: &Tensor,
    of: Type,
    shape: &[usize],
) -> [Tensor; 2] {
    let one = |kernel: &Kernel, inputs: &[Tensor]| run(kernels, kernel, inputs, &[(of, shape)]).unwrap().remove(0);
    let sums = one(kernel, inputs);
    let biased = one(&Kernel::Binary(Binary::Add), &[sums.clone(), bias.clone()]);
    [sums, biased]
}

fn check(kernel: impl Fn(Epilogue) -> Kernel, inputs: &[Tensor; 2], of: Type, shape: &[usize]) {
    let bias = numbers(of, &shape[shape.len() - 1..], 9);
    for threads in [1, 2, 3] {
        let cpu = Cpu::new(threads).unwrap();
        let [sums, biased] = apart(&cpu, &kernel(NONE), inputs, &bias, of, shape);
        for function in ACTIVATIONS.map(Some).into_iter().chain([None]) {
            for (bias, before) in [(None, &sums), (Some(&bias), &biased)] {
                let epilogue =
                    Epilogue { bias: bias.is_some(), activation: function.map(|(activation, _)| activation) };
                let inputs: Vec<_> = inputs.iter().chain(bias).cloned().collect();
                let before = std::slice::from_ref(before);
                let expected = match function {
                    Some((_, unary)) => run(&cpu, &Kernel::Unary(unary), before, &[(of, shape)]).unwrap(),
                    None => before.to_vec(),
                };
                let found = run(&cpu, &kernel(epilogue), &inputs, &[(of, shape)]).unwrap();
                assert_eq!(found[0].bits(), expected[0].bits(), "{:?} on {threads} threads", kernel(epilogue));
            }
        }
    }
}

fn matmul([rows, depth, columns]: [usize; 3], transpose_a: bool, transpose_b: bool) {
    for of in FLOATS {
        let a = numbers(of, &if transpose_a { [depth, rows] } else { [rows, depth] }, 1);
        let b = numbers(of, &if transpose_b { [columns, depth] } else { [depth, columns] }, 2);
        let kernel = |epilogue| Kernel::MatMul { transpose_a, transpose_b, epilogue };
        check(kernel, &[a, b], of, &[rows, columns]);
    }
}

#[test]
fn of_products() {
    for shape in [[70, 300, 52], [1, 9, 400], [130, 40, 10], [10, 20, 130], [200, 530, 33], [4, 0, 3]] {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true)] {
            matmul(shape, transpose_a, transpose_b);
        }
    }
}

#[test]
fn of_convolutions() {
    for shapes in [
        Shapes::same(3, 9, 5, 5, 20),
        Shapes::same(2, 14, 16, 3, 32),
        Shapes::same(2, 11, 32, 5, 16),
        // More columns than a strip has.
        Shapes::same(1, 9, 16, 3, 80),
        Shapes::same(1, 6, 3, 3, 100),
        // Enough for many threads.
        Shapes::same(8, 14, 32, 3, 32),
        Shapes::same(4, 14, 5, 5, 40),
        Shapes { depthwise: true, filter: [3, 3, 40, 1], ..Shapes::same(2, 11, 40, 3, 40) },
        Shapes { filter: [3, 3, 8, 40], ..Shapes::same(2, 11, 40, 3, 40) },
    ] {
        for of in FLOATS {
            let (inputs, output) = shapes.inputs(Pass::Forward, of);
            let kernel = |epilogue| match shapes.kernel(Pass::Forward) {
                Kernel::Convolution { pass, window, depthwise, .. } => {
                    Kernel::Convolution { pass, window, depthwise, epilogue }
                }
                other => other,
            };
            check(kernel, &inputs, of, &output);
        }
    }
}

#[test]
fn a_bias_is_one_row_and_a_gradient_has_none() {
    let epilogue = Epilogue { bias: true, activation: None };
    let kernel = Kernel::MatMul { transpose_a: false, transpose_b: false, epilogue };
    let shapes = Shapes::same(1, 4, 2, 3, 5);
    let Kernel::Convolution { window, depthwise, .. } = shapes.kernel(Pass::BackpropInput) else { unreachable!() };
    let (inputs, output) = shapes.inputs(Pass::BackpropInput, Type::F32);
    let gradient = Kernel::Convolution { pass: Pass::BackpropInput, window, depthwise, epilogue };
    for kernels in [&Reference as &dyn Kernels, &Cpu::new(1).unwrap()] {
        let inputs_with = |bias: Tensor| [numbers(Type::F32, &[2, 3], 1), numbers(Type::F32, &[3, 4], 2), bias];
        let output_shape = [(Type::F32, &[2, 4][..])];
        let error = run(kernels, &kernel, &inputs_with(f32s(&[3], &[1.0; 3])), &output_shape).unwrap_err();
        assert_eq!(error.to_string(), "matmul: the bias must be of shape [4], not [3]");
        let error = run(kernels, &kernel, &inputs_with(f32s(&[3], &[1.0; 3]))[..2], &output_shape).unwrap_err();
        assert!(error.to_string().contains("3 inputs"), "{error}");
        let inputs = [&inputs[..], &[numbers(Type::F32, &[2], 1)]].concat();
        let error = run(kernels, &gradient, &inputs, &[(Type::F32, &output)]).unwrap_err();
        assert!(error.to_string().contains("BackpropInput has no epilogue"), "{error}");
    }
}
