//! Fused kernels give the bits of the kernels one by one.

use std::sync::Arc;

use everstep_ops::{
    Binary, Compare, Cpu, DType, Fused, FusedInput, FusedOutput, FusedStep, FusedValue, Kernel, Kernels, LogicKernel,
    Reduction, Reference, Unary, UnaryGrad,
};
use proptest::{prelude::*, sample::select};

use crate::tensor::*;

use FusedValue::{Input, Step};

fn kind(dtype: DType) -> Type {
    match dtype {
        DType::Bool => Type::Bool,
        DType::U8 => Type::U8,
        DType::I32 => Type::I32,
        DType::I64 => Type::I64,
        DType::F32 => Type::F32,
        DType::F64 => Type::F64,
        DType::Bf16 | DType::F16 => unreachable!("no program here has numbers of two bytes"),
    }
}

fn step(kernel: Kernel, inputs: &[FusedValue], dtype: DType) -> FusedStep {
    FusedStep { kernel, inputs: inputs.to_vec(), dtype }
}

/// The elements that an input stands for.
fn repeated(input: &FusedInput, tensor: &Tensor, elements: usize) -> Tensor {
    fn repeat<T: Copy>(values: &[T], input: &FusedInput, elements: usize) -> Vec<T> {
        (0..elements).map(|index| values[index / input.each % input.length]).collect()
    }
    let values = match &tensor.values {
        Values::Bool(values) => Values::Bool(repeat(values, input, elements)),
        Values::U8(values) => Values::U8(repeat(values, input, elements)),
        Values::I32(values) => Values::I32(repeat(values, input, elements)),
        Values::I64(values) => Values::I64(repeat(values, input, elements)),
        Values::F32(values) => Values::F32(repeat(values, input, elements)),
        Values::F64(values) => Values::F64(repeat(values, input, elements)),
    };
    Tensor { shape: vec![elements], values }
}

/// The outputs of the program, each kernel run by itself.
fn one_by_one(fused: &Fused, inputs: &[Tensor]) -> Vec<Tensor> {
    let cpu = Cpu::new(1).unwrap();
    let elements = fused.elements();
    let inputs: Vec<Tensor> =
        fused.inputs().iter().zip(inputs).map(|(input, tensor)| repeated(input, tensor, elements)).collect();
    let mut values: Vec<Tensor> = Vec::new();
    for step in fused.steps() {
        let read = |value: &FusedValue| match *value {
            Input(input) => inputs[input].clone(),
            Step(step) => values[step].clone(),
        };
        let read: Vec<Tensor> = step.inputs.iter().map(read).collect();
        values.extend(run(&cpu, &step.kernel, &read, &[(kind(step.dtype), &[elements])]).unwrap());
    }
    let shape = [elements / fused.width(), fused.width()];
    let output = |output: &FusedOutput| {
        let value = &values[output.step()];
        let matrix = Tensor { shape: shape.to_vec(), ..value.clone() };
        let reduced = |reduction, axis: usize| {
            let kernel = Kernel::Reduce { reduction, axes: vec![axis] };
            run(&cpu, &kernel, std::slice::from_ref(&matrix), &[(value.dtype(), &[shape[1 - axis]])]).unwrap().remove(0)
        };
        match *output {
            FusedOutput::Elements(_) => value.clone(),
            FusedOutput::Rows(_, reduction) => reduced(reduction, 1),
            FusedOutput::Columns(_) => reduced(Reduction::Sum, 0),
        }
    };
    fused.outputs().iter().map(output).collect()
}

/// The program gives the bits of its kernels on any number of threads, and what the reference gives.
#[track_caller]
fn check(fused: Fused, scale: f64, steps: f64) {
    let inputs: Vec<Tensor> =
        fused.inputs().iter().zip(1..).map(|(input, seed)| numbers(kind(input.dtype), &[input.length], seed)).collect();
    let expected = one_by_one(&fused, &inputs);
    let fused = Kernel::Fused(Arc::new(fused));
    let outputs: Vec<(Type, &[usize])> = expected.iter().map(|output| (output.dtype(), &output.shape[..])).collect();
    for threads in [1, 2, 3] {
        let found = run(&Cpu::new(threads).unwrap(), &fused, &inputs, &outputs).unwrap();
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            assert!(found.bits() == expected.bits(), "output {index} on {threads} threads");
        }
    }
    let reference = run(&Reference, &fused, &inputs, &outputs).unwrap();
    expected.iter().zip(&reference).for_each(|(found, expected)| assert_close(found, expected, scale, steps));
}

fn full(dtype: DType, elements: usize) -> FusedInput {
    repeating(dtype, 1, elements)
}

fn repeating(dtype: DType, each: usize, length: usize) -> FusedInput {
    FusedInput { dtype, each, length, output: None }
}

/// A bias, a rectifier and its gradient, and all that a group can write.
fn layer(rows: usize, width: usize, dtype: DType) -> Fused {
    let elements = rows * width;
    let inputs = vec![
        full(dtype, elements),
        repeating(dtype, 1, width),
        full(dtype, elements),
        repeating(dtype, width, rows),
        repeating(dtype, 1, 1),
    ];
    let steps = vec![
        step(Kernel::Binary(Binary::Add), &[Input(0), Input(1)], dtype),
        step(Kernel::Unary(Unary::Relu), &[Step(0)], dtype),
        step(Kernel::UnaryGrad(UnaryGrad::Relu), &[Input(2), Step(1)], dtype),
        step(Kernel::Binary(Binary::Mul), &[Step(2), Input(3)], dtype),
        step(Kernel::Binary(Binary::Maximum), &[Input(4), Step(3)], dtype),
    ];
    let outputs = vec![
        FusedOutput::Columns(3),
        FusedOutput::Elements(1),
        FusedOutput::Rows(4, Reduction::Mean),
        FusedOutput::Elements(3),
    ];
    Fused::new(elements, width, inputs, steps, outputs).unwrap()
}

#[test]
fn layers_of_many_sizes() {
    let shapes = [[1, 2], [3, 7], [128, 10], [64, 512], [65, 33], [200, 100], [3000, 32], [300, 517], [2, 2048]];
    for [rows, width] in shapes {
        [DType::F32, DType::F64].into_iter().for_each(|dtype| check(layer(rows, width, dtype), 1000.0, 200.0));
    }
}

/// An input that an output takes the place of is read before it is written.
#[test]
fn in_place() {
    let threads = |threads| Cpu::new(threads).unwrap();
    for [rows, width] in [[3, 7], [200, 100], [3000, 32]] {
        let beside = layer(rows, width, DType::F32);
        let inputs: Vec<Tensor> =
            beside.inputs().iter().zip(1..).map(|(input, seed)| numbers(Type::F32, &[input.length], seed)).collect();
        let expected = one_by_one(&beside, &inputs);
        let fused = Kernel::Fused(Arc::new(beside.in_place(0, 3).unwrap().in_place(2, 1).unwrap()));
        for kernels in [&threads(1) as &dyn Kernels, &threads(2), &Reference] {
            let mut outputs = expected.iter().map(|output| garbage(Type::F32, &output.shape)).collect::<Vec<_>>();
            (outputs[3], outputs[1]) = (inputs[0].clone(), inputs[2].clone());
            let given = [inputs[1].view(), inputs[3].view(), inputs[4].view()];
            let mut written: Vec<_> = outputs.iter_mut().map(Tensor::view_mut).collect();
            kernels.run(&fused, &given, &mut written).unwrap();
            outputs.iter().zip(&expected).for_each(|(found, expected)| assert_close(found, expected, 1000.0, 200.0));
        }
        assert!(beside.in_place(1, 3).is_err() && beside.in_place(0, 2).is_err() && beside.in_place(0, 4).is_err());
    }
}

#[test]
fn types_change_on_the_way() {
    for elements in [5, 2048, 40_000] {
        let inputs = vec![full(DType::F32, elements), full(DType::F64, elements), full(DType::I32, 1)];
        let steps = vec![
            step(Kernel::Cast, &[Input(0)], DType::F64),
            step(Kernel::Compare(Compare::Less), &[Step(0), Input(1)], DType::Bool),
            step(Kernel::Logic(LogicKernel::Select), &[Step(1), Step(0), Input(1)], DType::F64),
            step(Kernel::Unary(Unary::Exp), &[Step(2)], DType::F64),
            step(Kernel::Broadcast { scale: 0.25, axes: Vec::new() }, &[Step(3)], DType::F64),
            step(Kernel::Cast, &[Step(4)], DType::F32),
            step(Kernel::Cast, &[Input(2)], DType::F32),
            step(Kernel::Binary(Binary::Div), &[Step(5), Step(6)], DType::F32),
            step(Kernel::Logic(LogicKernel::Not), &[Step(1)], DType::Bool),
        ];
        let outputs = vec![FusedOutput::Elements(7), FusedOutput::Elements(8), FusedOutput::Elements(2)];
        check(Fused::new(elements, 1, inputs, steps, outputs).unwrap(), 1.0, 8.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Any chain of kernels over any operands.
    #[test]
    fn chains(
        rows in 1..150usize,
        width in 2..90usize,
        kernels in proptest::collection::vec((0..9usize, any::<u8>(), any::<u8>()), 1..12),
        reduction in select(vec![Reduction::Sum, Reduction::Max, Reduction::Mean]),
    ) {
        let elements = rows * width;
        let dtype = DType::F32;
        let inputs = vec![
            full(dtype, elements),
            repeating(dtype, 1, width),
            repeating(dtype, width, rows),
            repeating(dtype, 1, 1),
        ];
        let mut steps: Vec<FusedStep> = Vec::new();
        for (kernel, one, other) in kernels {
            let value = |choice: u8| match usize::from(choice) % (inputs.len() + steps.len()) {
                index if index < inputs.len() => Input(index),
                index => Step(index - inputs.len()),
            };
            let (kernel, inputs) = match kernel {
                0 => (Kernel::Unary(Unary::Tanh), vec![value(one)]),
                1 => (Kernel::Unary(Unary::Square), vec![value(one)]),
                2 => (Kernel::Unary(Unary::Neg), vec![value(one)]),
                3 => (Kernel::Binary(Binary::Sub), vec![value(one), value(other)]),
                4 => (Kernel::Binary(Binary::Maximum), vec![value(one), value(other)]),
                5 => (Kernel::Copy, vec![value(one)]),
                6 => (Kernel::Unary(Unary::Sigmoid), vec![value(one)]),
                _ => (Kernel::Binary(Binary::Add), vec![value(one), value(other)]),
            };
            steps.push(step(kernel, &inputs, dtype));
        }
        let last = steps.len() - 1;
        let outputs = [
            FusedOutput::Columns(last),
            FusedOutput::Rows(last, reduction),
            FusedOutput::Elements(last),
            FusedOutput::Elements(last / 2),
        ];
        let count = if last == last / 2 { 3 } else { 4 };
        let fused = Fused::new(elements, width, inputs, steps, outputs[..count].to_vec()).unwrap();
        let values: Vec<Tensor> = fused
            .inputs()
            .iter()
            .zip(1..)
            .map(|(input, seed)| numbers(Type::F32, &[input.length], seed))
            .collect();
        let expected = one_by_one(&fused, &values);
        let kernel = Kernel::Fused(Arc::new(fused));
        let shapes: Vec<(Type, &[usize])> = expected.iter().map(|output| (Type::F32, &output.shape[..])).collect();
        let found = run(&Cpu::new(2).unwrap(), &kernel, &values, &shapes).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            // Tails may give another NaN than whole vectors.
            let same = found.floats().iter().zip(expected.floats()).all(|(x, y)| x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan());
            prop_assert!(same);
        }
    }
}

#[track_caller]
fn refuses(fused: Result<Fused, everstep_ops::KernelError>, message: &str) {
    assert_eq!(fused.unwrap_err().to_string(), message);
}

#[test]
fn what_does_not_fit_is_refused() {
    let input = full(DType::I32, 6);
    let new = |kernel, inputs: &[FusedValue], dtype, output| {
        Fused::new(6, 3, vec![input], vec![step(kernel, inputs, dtype)], vec![output])
    };
    let neg = || Kernel::Unary(Unary::Neg);
    let all = FusedOutput::Elements(0);
    assert!(new(neg(), &[Input(0)], DType::I32, all).is_ok());
    let message = "fused: step 0: neg: dtypes must agree, not i32 and f32";
    refuses(new(neg(), &[Input(0)], DType::F32, all), message);
    refuses(new(neg(), &[Step(0)], DType::I32, all), "fused: step 0 reads [Step(0)], which are not all earlier ones");
    refuses(
        new(neg(), &[Input(0)], DType::I32, FusedOutput::Elements(1)),
        "fused: output 0 is of step 1, which there is not",
    );
    let quotient = new(Kernel::Binary(Binary::Div), &[Input(0), Input(0)], DType::I32, all);
    refuses(quotient, "fused: step 0 is Binary(Div), which is not element-wise or can fail");
    refuses(
        new(Kernel::Softmax, &[Input(0)], DType::I32, all),
        "fused: step 0 is Softmax, which is not element-wise or can fail",
    );
    let only = Fused::new(6, 1, vec![input], vec![step(neg(), &[Input(0)], DType::I32)], vec![FusedOutput::Columns(0)]);
    refuses(only, "fused: output 0 sums the only column; its one row is what to sum");
    let five = FusedInput { length: 5, ..input };
    refuses(
        Fused::new(6, 3, vec![five], Vec::new(), vec![all]),
        "fused: input 0: 5 elements, 1 times each, do not divide 6",
    );
    refuses(
        Fused::new(6, 4, vec![input], Vec::new(), vec![all]),
        "fused: 6 elements are not rows of 4, at least 1 and at most 2048",
    );
    let fused = Kernel::Fused(Arc::new(new(neg(), &[Input(0)], DType::I32, all).unwrap()));
    let error = run(&Cpu::new(1).unwrap(), &fused, &[numbers(Type::I32, &[5], 1)], &[(Type::I32, &[6])]).unwrap_err();
    assert_eq!(error.to_string(), "fused: input 0 has shape [5], not 6 elements");
}
