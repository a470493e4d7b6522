//! The fast kernels give what the reference gives, on any shapes and dtypes.

use std::slice::from_ref;

use everstep_ops::{
    Binary, Compare, Cpu, Distribution, Kernel, Kernels, Key, Reduction, Reference, Unary, UnaryGrad, Update,
};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::tensor::*;

const UNARIES: [Unary; 9] = [
    Unary::Neg,
    Unary::Abs,
    Unary::Square,
    Unary::Exp,
    Unary::Log,
    Unary::Sqrt,
    Unary::Relu,
    Unary::Tanh,
    Unary::Sigmoid,
];
const BINARIES: [Binary; 6] = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::Maximum, Binary::Minimum];
const COMPARES: [Compare; 6] =
    [Compare::Equal, Compare::NotEqual, Compare::Less, Compare::LessEqual, Compare::Greater, Compare::GreaterEqual];
const REDUCTIONS: [Reduction; 4] = [Reduction::Sum, Reduction::Mean, Reduction::Max, Reduction::Min];

/// Both implementations agree, within `steps` rounding errors of numbers of size `scale`.
#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], outputs: &[(Type, &[usize])], scale: f64, steps: f64) {
    let expected = run(&Reference, &kernel, inputs, outputs).unwrap();
    let found = run(&Cpu::new(1).unwrap(), &kernel, inputs, outputs).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert_close(found, expected, scale, steps);
    }
}

/// Both implementations agree to the last bit, but for the bits of a NaN and the sign of a zero.
#[track_caller]
fn check_exact(kernel: Kernel, inputs: &[Tensor], output: (Type, &[usize])) {
    check(kernel, inputs, &[output], 0.0, 0.0);
}

fn matmul(of: Type, [rows, depth, columns]: [usize; 3], transpose_a: bool, transpose_b: bool, seed: u64) {
    let a = numbers(of, &if transpose_a { [depth, rows] } else { [rows, depth] }, seed);
    let b = numbers(of, &if transpose_b { [columns, depth] } else { [depth, columns] }, !seed);
    let kernel = Kernel::MatMul { transpose_a, transpose_b, epilogue: NONE };
    check(kernel, &[a, b], &[(of, &[rows, columns])], 9.0 * depth as f64, 2.0);
}

#[test]
fn matmul_of_many_tiles_and_of_the_shapes_with_their_own_paths() {
    let shapes = [
        [200, 70, 300],
        [129, 64, 257],
        [128, 512, 10],
        [300, 20, 10],
        [10, 300, 300],
        [1, 5, 1],
        [1, 64, 300],
        [300, 64, 1],
        [5, 1, 7],
        [3, 2, 300],
        [1, 1, 1],
        [10, 0, 4],
        [0, 3, 4],
        [3, 4, 0],
    ];
    for shape in shapes {
        for (transpose_a, transpose_b) in [(false, false), (true, false), (false, true), (true, true)] {
            FLOATS.into_iter().for_each(|of| matmul(of, shape, transpose_a, transpose_b, 5));
        }
    }
}

/// A shape, and two that broadcast to it.
fn broadcasting() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<usize>)> {
    (vec(0..6usize, 0..5), vec((any::<bool>(), any::<bool>()), 5), 0..5usize, any::<bool>()).prop_map(
        |(shape, ones, cut, swap)| {
            // Where one input has a 1, the other keeps the extent.
            let side = |first: bool| -> Vec<usize> {
                let hides = |&(one, which): &(bool, bool)| one && which == first;
                shape.iter().zip(&ones).map(|(&extent, ones)| if hides(ones) { 1 } else { extent }).collect()
            };
            let (long, short) = (side(true), side(false));
            let cut = cut.min(short.len());
            // An input with fewer axes: those cut off must be the other's.
            let kept = (0..cut).all(|axis| long[axis] == shape[axis]);
            let short = if kept { short[cut..].to_vec() } else { short };
            if swap { (shape, short, long) } else { (shape, long, short) }
        },
    )
}

/// A shape, a choice of its axes in any order, and whether they are kept as 1.
fn axes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, bool)> {
    vec(0..7usize, 0..6).prop_flat_map(|shape| {
        let all: Vec<usize> = (0..shape.len()).collect();
        (Just(shape), proptest::sample::subsequence(all.clone(), 0..=all.len()).prop_shuffle(), any::<bool>())
    })
}

fn without(shape: &[usize], axes: &[usize], keep: bool) -> Vec<usize> {
    let kept = |(axis, &extent)| match axes.contains(&axis) {
        true => keep.then_some(1),
        false => Some(extent),
    };
    shape.iter().enumerate().filter_map(kept).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn matmul_agrees(of in select(&FLOATS), shape in [0..20usize, 0..20, 0..40], a: bool, b: bool, seed: u64) {
        matmul(of, shape, a, b, seed);
    }

    #[test]
    fn unary_agrees(of in select(&NUMBERS), shape in vec(0..6usize, 0..4), seed: u64) {
        for unary in UNARIES {
            if FLOATS.contains(&of) || matches!(unary, Unary::Neg | Unary::Abs | Unary::Square) {
                check(Kernel::Unary(unary), &[numbers(of, &shape, seed)], &[(of, &shape)], 0.0, 4.0);
            }
        }
    }

    #[test]
    fn binary_agrees(of in select(&NUMBERS), (shape, a, b) in broadcasting(), seed: u64) {
        for binary in BINARIES {
            let inputs = [numbers(of, &a, seed), numbers(of, &b, !seed)];
            check_exact(Kernel::Binary(binary), &inputs, (of, &shape));
        }
    }

    #[test]
    fn compare_agrees(of in select(&TYPES), (shape, a, b) in broadcasting(), seed: u64) {
        for compare in COMPARES {
            if of != Type::Bool || matches!(compare, Compare::Equal | Compare::NotEqual) {
                let inputs = [numbers(of, &a, seed), numbers(of, &b, !seed)];
                check_exact(Kernel::Compare(compare), &inputs, (Type::Bool, &shape));
            }
        }
    }

    #[test]
    fn unary_grad_agrees(of in select(&FLOATS), shape in vec(0..6usize, 0..4), seed: u64) {
        for grad in [UnaryGrad::Relu, UnaryGrad::Tanh, UnaryGrad::Sigmoid] {
            let inputs = [numbers(of, &shape, seed), numbers(of, &shape, !seed)];
            check(Kernel::UnaryGrad(grad), &inputs, &[(of, &shape)], 30.0, 4.0);
        }
    }

    #[test]
    fn reduce_agrees(of in select(&NUMBERS), (shape, axes, keep) in axes(), seed: u64) {
        for reduction in REDUCTIONS {
            if FLOATS.contains(&of) || reduction != Reduction::Mean {
                let count: usize = shape.iter().product();
                let kernel = Kernel::Reduce { reduction, axes: axes.clone() };
                check(kernel, &[numbers(of, &shape, seed)], &[(of, &without(&shape, &axes, keep))], count as f64, 4.0);
            }
        }
    }

    #[test]
    fn reduce_of_long_axes_agrees(shape in [1..4usize, 1..400, 1..200], which in 1..8usize, seed: u64) {
        let axes: Vec<usize> = (0..3).filter(|axis| which >> axis & 1 == 1).collect();
        let count: usize = shape.iter().product();
        let kernel = Kernel::Reduce { reduction: Reduction::Sum, axes: axes.clone() };
        let output = without(&shape, &axes, false);
        check(kernel, &[numbers(Type::F32, &shape, seed)], &[(Type::F32, &output)], count as f64, 1.0);
    }

    #[test]
    fn broadcast_agrees(of in select(&FLOATS), (shape, axes, keep) in axes(), scale in -2.0..2.0, seed: u64) {
        let input = numbers(of, &without(&shape, &axes, keep), seed);
        check_exact(Kernel::Broadcast { scale, axes }, &[input], (of, &shape));
    }

    #[test]
    fn softmax_agrees(of in select(&FLOATS), shape in vec(0..6usize, 0..3), classes in 0..200usize, seed: u64) {
        let shape = [shape, vec![classes]].concat();
        let logits = numbers(of, &shape, seed);
        check(Kernel::Softmax, from_ref(&logits), &[(of, &shape)], 0.0, 40.0);
        check(Kernel::LogSoftmax, from_ref(&logits), &[(of, &shape)], 10.0, 4.0);
        let probabilities = run(&Reference, &Kernel::Softmax, from_ref(&logits), &[(of, &shape)]).unwrap();
        let gradient = numbers(of, &shape, !seed);
        check(Kernel::SoftmaxGrad, &[gradient, probabilities[0].clone()], &[(of, &shape)], 10.0, 4.0);
    }

    #[test]
    fn cross_entropy_agrees(of in select(&FLOATS), wide: bool, batch in 0..9usize, classes in 1..40usize, seed: u64) {
        let labels: Vec<i64> = (0..batch as u64).map(|row| ((seed >> row) % classes as u64) as i64).collect();
        let labels = match wide {
            true => i64s(&[batch], &labels),
            false => i32s(&[batch], &labels.iter().map(|&label| label as i32).collect::<Vec<_>>()),
        };
        let logits = numbers(of, &[batch, classes], seed);
        let outputs: [(Type, &[usize]); 2] = [(of, &[batch]), (of, &[batch, classes])];
        check(Kernel::SparseSoftmaxCrossEntropy, &[logits, labels], &outputs, 10.0, 4.0);
    }

    #[test]
    fn argmax_agrees(of in select(&NUMBERS), shape in vec(1..7usize, 1..4), axis in 0..3usize, keep: bool, seed: u64) {
        let axis = axis % shape.len();
        let output = without(&shape, &[axis], keep);
        check_exact(Kernel::ArgMax { axis }, &[numbers(of, &shape, seed)], (Type::I64, &output));
    }

    #[test]
    fn cast_agrees(of in select(&TYPES), to in select(&TYPES), shape in vec(0..6usize, 0..4), seed: u64) {
        check_exact(Kernel::Cast, &[numbers(of, &shape, seed)], (to, &shape));
    }

    #[test]
    fn copy_agrees(of in select(&TYPES), shape in vec(0..6usize, 0..4), seed: u64) {
        let count = shape.iter().product::<usize>();
        check_exact(Kernel::Copy, &[numbers(of, &shape, seed)], (of, &[count]));
    }

    #[test]
    fn random_agrees(of in select(&FLOATS), count in 0..200usize, mean in -2.0..2.0, stddev in 0.0..2.0, seed: u64) {
        let key = Key::new(seed, "weights");
        for distribution in [
            Distribution::Uniform { low: mean, high: mean + stddev },
            Distribution::Normal { mean, stddev },
            Distribution::TruncatedNormal { mean, stddev },
        ] {
            check_exact(Kernel::Random { distribution, key }, &[], (of, &[count]));
        }
    }

    #[test]
    fn assignments_agree(of in select(&TYPES), shape in vec(0..6usize, 0..4), in_place: bool, seed: u64) {
        let (variable, value) = (numbers(of, &shape, seed), numbers(of, &shape, !seed));
        check_update(Update::Assign, from_ref(&variable), from_ref(&value), in_place, 0.0);
        if of != Type::Bool {
            check_update(Update::AssignAdd, &[variable], &[value], in_place, 0.0);
        }
    }

    #[test]
    fn optimizers_agree(of in select(&FLOATS), shape in vec(0..6usize, 0..4), in_place: bool, seed: u64) {
        let [variable, slot, gradient] = [1, 2, 3].map(|which| numbers(of, &shape, seed ^ which));
        let one = |kernel, input: &Tensor| {
            run(&Reference, &kernel, from_ref(input), &[(of, &input.shape)]).unwrap().remove(0)
        };
        let square = one(Kernel::Unary(Unary::Square), &slot);
        let scalar = |value: f64| one(Kernel::Cast, &f64s(&[], &[value]));
        let descent = [scalar(0.1), gradient.clone()];
        check_update(Update::GradientDescent, from_ref(&variable), &descent, in_place, 4.0);
        for nesterov in [false, true] {
            let inputs = [scalar(0.1), gradient.clone(), scalar(0.9)];
            check_update(Update::Momentum { nesterov }, &[variable.clone(), slot.clone()], &inputs, in_place, 4.0);
        }
        let scalars = [0.81, 0.998, 0.01, 0.9, 0.999, 1e-3].map(scalar);
        let inputs = [scalars.to_vec(), vec![gradient.clone()]].concat();
        check_update(Update::Adam, &[variable.clone(), slot.clone(), square.clone()], &inputs, in_place, 40.0);
        let inputs = [scalars.to_vec(), vec![scalar(0.5), gradient.clone()]].concat();
        check_update(Update::AdamW, &[variable.clone(), slot.clone(), square.clone()], &inputs, in_place, 40.0);
        check_update(Update::Lamb, &[variable.clone(), slot.clone(), square.clone()], &inputs, in_place, 400.0);
        check_update(Update::MovingAverage, &[variable.clone(), slot.clone()], &[scalar(0.9)], in_place, 10.0);
        let with = |values: &[f64]| [values.iter().map(|value| scalar(*value)).collect(), vec![gradient.clone()]].concat();
        let positive = one(Kernel::Unary(Unary::Exp), &slot);
        check_update(Update::Adagrad, &[variable.clone(), positive.clone()], &with(&[0.1]), in_place, 40.0);
        let lion = with(&[0.1, 0.9, 0.99, 0.5]);
        check_update(Update::Lion, &[variable.clone(), slot.clone()], &lion, in_place, 10.0);
        let rms_prop = with(&[0.1, 0.9, 0.5, 1.0]);
        let plain = [variable.clone(), square.clone(), slot.clone()];
        check_update(Update::RmsProp { centered: false }, &plain, &rms_prop, in_place, 40.0);
        // The square of the mean must not exceed the mean of the squares.
        let large = one(Kernel::Unary(Unary::Exp), &square);
        let centered = [variable, slot.clone(), large, slot];
        check_update(Update::RmsProp { centered: true }, &centered, &rms_prop, in_place, 40.0);
    }
}

#[track_caller]
fn check_update(kind: Update, variables: &[Tensor], inputs: &[Tensor], in_place: bool, steps: f64) {
    let expected = update(&Reference, &kind, variables, inputs, in_place).unwrap();
    let found = update(&Cpu::new(1).unwrap(), &kind, variables, inputs, in_place).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        assert_close(found, expected, 10.0, steps);
    }
}

#[test]
fn a_sum_of_a_million_elements_is_accurate() {
    let input = numbers(Type::F32, &[1_000_000], 1);
    let input = run(&Reference, &Kernel::Unary(Unary::Abs), &[input], &[(Type::F32, &[1_000_000])]).unwrap().remove(0);
    let exact: f64 = input.floats().iter().sum();
    for shape in [[1_000_000, 1], [1000, 1000]] {
        let input = Tensor { shape: shape.to_vec(), ..input.clone() };
        let kernel = Kernel::Reduce { reduction: Reduction::Sum, axes: vec![0, 1] };
        let sum = run(&Cpu::new(2).unwrap(), &kernel, &[input], &[(Type::F32, &[])]).unwrap()[0].floats()[0];
        assert!((sum - exact).abs() <= 2e-7 * exact, "{sum} is far from {exact}");
    }
    let columns = Tensor { shape: vec![500_000, 2], ..input };
    let kernel = Kernel::Reduce { reduction: Reduction::Sum, axes: vec![0] };
    let expected = run(&Reference, &kernel, from_ref(&columns), &[(Type::F32, &[2])]).unwrap().remove(0);
    let found = run(&Cpu::new(2).unwrap(), &kernel, &[columns], &[(Type::F32, &[2])]).unwrap().remove(0);
    assert_close(&found, &expected, 0.0, 4.0);
}

#[test]
fn casts_of_the_greatest_and_of_no_numbers_agree() {
    let floats = f64s(&[8], &[f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 0.5, -0.0, -1.9]);
    let integers = i64s(&[5], &[i64::MIN, i64::MAX, -1, 256, 1 << 40]);
    for to in TYPES {
        check_exact(Kernel::Cast, from_ref(&floats), (to, &[8]));
        check_exact(Kernel::Cast, from_ref(&integers), (to, &[5]));
    }
}

#[test]
fn integers_wrap_alike() {
    let (a, b) = (i32s(&[4], &[i32::MIN, i32::MAX, i32::MIN, 7]), i32s(&[4], &[-1, i32::MAX, i32::MIN, -2]));
    for binary in BINARIES {
        check_exact(Kernel::Binary(binary), &[a.clone(), b.clone()], (Type::I32, &[4]));
    }
    for unary in [Unary::Neg, Unary::Abs, Unary::Square] {
        check_exact(Kernel::Unary(unary), from_ref(&a), (Type::I32, &[4]));
    }
    let sum = Kernel::Reduce { reduction: Reduction::Sum, axes: vec![0] };
    check_exact(sum, &[i64s(&[3], &[i64::MAX, 1, 5])], (Type::I64, &[]));
}

#[test]
fn both_print() {
    let all: [Box<dyn Kernels>; 2] = [Box::new(Reference), Box::new(Cpu::new(2).unwrap())];
    assert!(format!("{all:?}").starts_with("[Reference, Cpu"));
}
