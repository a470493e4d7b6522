//! Kernels that move elements: as the reference does, on any number of threads, and refusing what does not fit.

use everstep_ops::{Cpu, Kernel, Mirror, Reference, ShapeKernel};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::tensor::*;

/// Reference, one thread and several agree to the last bit where elements are only moved, else within rounding.
#[track_caller]
fn check(kernel: ShapeKernel, input: &Tensor, shape: &[usize]) {
    let kernel = Kernel::Shape(kernel);
    let inputs = std::slice::from_ref(input);
    let outputs = [(input.dtype(), shape)];
    let expected = &run(&Reference, &kernel, inputs, &outputs).unwrap()[0];
    let found = &run(&Cpu::new(1).unwrap(), &kernel, inputs, &outputs).unwrap()[0];
    match kernel {
        Kernel::Shape(ShapeKernel::MirrorPadGrad { .. } | ShapeKernel::TileGrad) => {
            assert_close(found, expected, 3.0 * (1 + input.view().shape.iter().product::<usize>()) as f64, 2.0);
        }
        _ => assert_eq!(found.bits(), expected.bits(), "{kernel:?}"),
    }
}

fn threads(kernel: ShapeKernel, of: Type, input: &[usize], output: &[usize]) {
    let kernel = Kernel::Shape(kernel);
    let input = [numbers(of, input, 3)];
    let bits = |threads| run(&Cpu::new(threads).unwrap(), &kernel, &input, &[(of, output)]).unwrap()[0].bits();
    let expected = bits(1);
    assert!([2, 3, 7].into_iter().all(|threads| bits(threads) == expected), "{kernel:?}");
    assert!(run(&Reference, &kernel, &input, &[(of, output)]).unwrap()[0].shape == output);
}

/// An output shape and strides, the offset that keeps them inside, and how many elements that needs.
fn strided() -> impl Strategy<Value = (Vec<usize>, Vec<isize>, usize, usize)> {
    vec((0..6usize, -9..9isize), 0..5).prop_map(|axes| {
        let (shape, strides): (Vec<usize>, Vec<isize>) = axes.into_iter().unzip();
        let way = |(extent, stride): (&usize, &isize)| stride * (*extent as isize - 1).max(0);
        let ways: Vec<isize> = shape.iter().zip(&strides).map(way).collect();
        let before = -ways.iter().filter(|way| **way < 0).sum::<isize>();
        let after: isize = ways.iter().filter(|way| **way > 0).sum();
        (shape, strides, before as usize, (before + after + 1) as usize)
    })
}

/// For each axis: the extent of the output, where the input begins, its step, and its extent.
fn placed() -> impl Strategy<Value = Vec<(usize, usize, isize, usize)>> {
    let axis =
        (0..5usize, 1..4usize, any::<bool>(), 0..3usize, 0..3usize).prop_map(|(count, step, back, before, after)| {
            let span = count.saturating_sub(1) * step;
            let begin = if back { before + span } else { before };
            (before + span + after + 1, begin, if back { -(step as isize) } else { step as isize }, count)
        });
    vec(axis, 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn strided_agrees(of in select(&TYPES), (shape, strides, offset, length) in strided(), seed: u64) {
        check(ShapeKernel::Strided { offset, strides }, &numbers(of, &[length], seed), &shape);
    }

    #[test]
    fn transposes_agree(
        of in select(&TYPES),
        axes in vec(1..20usize, 1..5).prop_flat_map(|shape| {
            let order = Just((0..shape.len()).collect::<Vec<usize>>()).prop_shuffle();
            (Just(shape), order)
        }),
        seed: u64,
    ) {
        let (shape, order) = axes;
        let (strides, output) = transposed(&shape, &order);
        check(ShapeKernel::Strided { offset: 0, strides }, &numbers(of, &shape, seed), &output);
    }

    #[test]
    fn place_agrees(of in select(&TYPES), axes in placed(), fill in select(&[None, Some(0.0), Some(2.5)]), seed: u64) {
        let input: Vec<usize> = axes.iter().map(|axis| axis.3).collect();
        let output: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let (begins, steps) = (axes.iter().map(|axis| axis.1).collect(), axes.iter().map(|axis| axis.2).collect());
        check(ShapeKernel::Place { begins, steps, fill }, &numbers(of, &input, seed), &output);
    }

    #[test]
    fn mirrored_paddings_agree(
        of in select(&TYPES),
        axes in vec((1..6usize, 0..9usize, 0..9usize), 0..4),
        mirror in select(&[Mirror::Reflect, Mirror::Symmetric]),
        seed: u64,
    ) {
        let most = |extent: usize| if mirror == Mirror::Reflect { extent - 1 } else { extent };
        let inner: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let before: Vec<usize> = axes.iter().map(|axis| axis.1.min(most(axis.0))).collect();
        let outer: Vec<usize> = axes.iter().zip(&before).map(|(axis, before)| axis.0 + before + axis.2.min(most(axis.0))).collect();
        check(ShapeKernel::MirrorPad { before: before.clone(), mirror }, &numbers(of, &inner, seed), &outer);
        if FLOATS.contains(&of) {
            check(ShapeKernel::MirrorPadGrad { before, mirror }, &numbers(of, &outer, seed), &inner);
        }
    }

    #[test]
    fn tiles_agree(of in select(&TYPES), axes in vec((1..5usize, 0..4usize), 0..4), seed: u64) {
        let once: Vec<usize> = axes.iter().map(|axis| axis.0).collect();
        let tiled: Vec<usize> = axes.iter().map(|axis| axis.0 * axis.1).collect();
        check(ShapeKernel::Tile, &numbers(of, &once, seed), &tiled);
        if FLOATS.contains(&of) {
            check(ShapeKernel::TileGrad, &numbers(of, &tiled, seed), &once);
        }
    }
}

/// Strides and shape of a transpose.
fn transposed(shape: &[usize], order: &[usize]) -> (Vec<isize>, Vec<usize>) {
    let stride = |axis: &usize| shape[axis + 1..].iter().product::<usize>() as isize;
    (order.iter().map(stride).collect(), order.iter().map(|axis| shape[*axis]).collect())
}

#[test]
fn many_repetitions_add_up_in_a_tree() {
    check(ShapeKernel::TileGrad, &numbers(Type::F32, &[700, 90], 1), &[7, 3]);
    check(ShapeKernel::TileGrad, &numbers(Type::F64, &[1000], 1), &[1]);
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    for order in [[1, 0, 2, 3], [0, 1, 3, 2], [3, 1, 2, 0], [0, 2, 1, 3], [3, 2, 1, 0]] {
        let shape = [19, 33, 7, 41];
        let (strides, output) = transposed(&shape, &order);
        threads(ShapeKernel::Strided { offset: 0, strides }, Type::F32, &shape, &output);
    }
    let begins = vec![3, 0, 1];
    threads(
        ShapeKernel::Place { begins, steps: vec![2, 1, -1], fill: Some(1.0) },
        Type::F64,
        &[50, 60, 2],
        &[120, 70, 30],
    );
    let begins = vec![3, 0];
    threads(ShapeKernel::Place { begins, steps: vec![1, 1], fill: Some(0.0) }, Type::U8, &[5000, 60], &[5010, 60]);
    let before = vec![2, 5];
    threads(
        ShapeKernel::MirrorPad { before: before.clone(), mirror: Mirror::Reflect },
        Type::F32,
        &[600, 400],
        &[603, 410],
    );
    threads(ShapeKernel::MirrorPadGrad { before, mirror: Mirror::Symmetric }, Type::F32, &[603, 410], &[600, 400]);
    threads(ShapeKernel::Tile, Type::I32, &[30, 40], &[330, 440]);
    threads(ShapeKernel::TileGrad, Type::F32, &[330, 440], &[30, 40]);
    threads(ShapeKernel::Strided { offset: 9, strides: vec![0, -1] }, Type::F32, &[10], &[30_000, 10]);
}

#[test]
fn a_number_everywhere() {
    for of in TYPES {
        for value in [0.0, 1.0, -2.5, 300.0, f64::NAN] {
            let kernel = Kernel::Shape(ShapeKernel::Fill(value));
            let expected = run(&Reference, &kernel, &[], &[(of, &[3, 2])]).unwrap();
            let found = run(&Cpu::new(1).unwrap(), &kernel, &[], &[(of, &[3, 2])]).unwrap();
            assert_eq!(found[0].bits(), expected[0].bits());
        }
    }
    let ones = run(&Reference, &Kernel::Shape(ShapeKernel::Fill(1.0)), &[], &[(Type::Bool, &[2])]).unwrap();
    assert_eq!(ones[0].bits(), [1, 1]);
}

#[test]
fn known_values() {
    let line = i32s(&[3], &[1, 2, 3]);
    let moved = |kernel, shape: &[usize]| {
        run(&Reference, &Kernel::Shape(kernel), std::slice::from_ref(&line), &[(Type::I32, shape)]).unwrap()[0].bits()
    };
    let pad = |mirror| moved(ShapeKernel::MirrorPad { before: vec![2], mirror }, &[7]);
    assert_eq!(pad(Mirror::Reflect), [3, 2, 1, 2, 3, 2, 1]);
    assert_eq!(pad(Mirror::Symmetric), [2, 1, 1, 2, 3, 3, 2]);
    assert_eq!(moved(ShapeKernel::Tile, &[6]), [1, 2, 3, 1, 2, 3]);
    assert_eq!(moved(ShapeKernel::Strided { offset: 2, strides: vec![-1, 0] }, &[2, 2]), [3, 3, 2, 2]);
    assert_eq!(
        moved(ShapeKernel::Place { begins: vec![4], steps: vec![-2], fill: Some(9.0) }, &[6]),
        [3, 9, 2, 9, 1, 9]
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    #[track_caller]
    fn refused(kernel: ShapeKernel, input: &[usize], output: &[usize], expected: &str) {
        let kernel = Kernel::Shape(kernel);
        for kernels in [&Cpu::new(1).unwrap() as &dyn everstep_ops::Kernels, &Reference] {
            let error = run(kernels, &kernel, &[numbers(Type::F32, input, 1)], &[(Type::F32, output)]).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
    refused(
        ShapeKernel::Strided { offset: 1, strides: vec![1] },
        &[3],
        &[3],
        "strided copy: strides [1] from 1 lead out of 3 elements in shape [3]",
    );
    refused(
        ShapeKernel::Strided { offset: 0, strides: vec![isize::MAX, isize::MAX] },
        &[3],
        &[3, 3],
        "strided copy: strides [9223372036854775807, 9223372036854775807] from 0 lead out of 3 elements in shape [3, 3]",
    );
    refused(
        ShapeKernel::Strided { offset: 0, strides: vec![] },
        &[3],
        &[3],
        "strided copy: 0 strides for shape [3], give one an axis",
    );
    refused(
        ShapeKernel::Place { begins: vec![1], steps: vec![2], fill: None },
        &[2],
        &[3],
        "place: 2 elements from 1 by 2 do not fit into axis 0 of extent 3",
    );
    refused(
        ShapeKernel::Place { begins: vec![0], steps: vec![0], fill: None },
        &[1],
        &[3],
        "place: 1 elements from 0 by 0 do not fit into axis 0 of extent 3",
    );
    refused(
        ShapeKernel::MirrorPad { before: vec![3], mirror: Mirror::Reflect },
        &[3],
        &[6],
        "mirror pad: axis 0 of extent 3 with 3 before cannot become 6: each side takes 2",
    );
    refused(ShapeKernel::Tile, &[2], &[3], "tile: shape [3] is no repetition of [2]");
    refused(ShapeKernel::Fill(0.0), &[2], &[2], "fill: takes 0 inputs and 1 outputs, given 1 and 1");
}
