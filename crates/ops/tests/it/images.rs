//! Convolutions and poolings: as the reference has them, on any shapes, threads and workspaces.

use everstep_ops::{Cpu, Kernel, Kernels, Pass, Pooling, Reference, Window, Windows};
use proptest::prelude::*;

use crate::tensor::*;

/// A convolution by its shapes; what is not said is 1.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    pub(crate) images: [usize; 4],
    pub(crate) filter: [usize; 4],
    pub(crate) output: [usize; 4],
    pub(crate) window: Window,
    pub(crate) depthwise: bool,
}

impl Shapes {
    /// With padding that keeps height and width, by a square filter that moves by one.
    pub(crate) fn same(batch: usize, size: usize, channels: usize, filter: usize, filters: usize) -> Shapes {
        Shapes {
            images: [batch, size, size, channels],
            filter: [filter, filter, channels, filters],
            output: [batch, size, size, filters],
            window: Window { strides: [1, 1], dilations: [1, 1], before: [(filter - 1) / 2; 2] },
            depthwise: false,
        }
    }

    pub(crate) fn kernel(&self, pass: Pass) -> Kernel {
        Kernel::Convolution { pass, window: self.window, depthwise: self.depthwise, epilogue: NONE }
    }

    pub(crate) fn inputs(&self, pass: Pass, of: Type) -> ([Tensor; 2], [usize; 4]) {
        let (images, filter, output) =
            (numbers(of, &self.images, 1), numbers(of, &self.filter, 2), numbers(of, &self.output, 3));
        match pass {
            Pass::Forward => ([images, filter], self.output),
            Pass::BackpropInput => ([filter, output], self.images),
            Pass::BackpropFilter => ([images, output], self.filter),
        }
    }

    /// How many products make an element of the result, at most.
    pub(crate) fn depth(&self, pass: Pass) -> f64 {
        let ([rows, columns, channels, filters], [batch, down, across, _]) = (self.filter, self.output);
        let depth = match pass {
            Pass::Forward => rows * columns * channels,
            Pass::BackpropInput => rows * columns * filters,
            Pass::BackpropFilter => batch * down * across,
        };
        depth as f64
    }
}

pub(crate) const PASSES: [Pass; 3] = [Pass::Forward, Pass::BackpropInput, Pass::BackpropFilter];

/// All passes agree with the reference within two roundings of the largest sum there can be.
#[track_caller]
fn check(shapes: &Shapes) {
    for (pass, of) in PASSES.into_iter().flat_map(|pass| FLOATS.map(|of| (pass, of))) {
        let (inputs, output) = shapes.inputs(pass, of);
        let expected = run(&Reference, &shapes.kernel(pass), &inputs, &[(of, &output)]).unwrap();
        let found = run(&Cpu::new(1).unwrap(), &shapes.kernel(pass), &inputs, &[(of, &output)]).unwrap();
        assert_close(&found[0], &expected[0], 9.0 * shapes.depth(pass), 2.0);
    }
}

/// Any geometry: also windows beside the images, outputs that leave images out, and batches of none.
fn shapes() -> impl Strategy<Value = Shapes> {
    let axis = (1..9usize, 1..4usize, 1..6usize, 1..4usize, 1..4usize, 0..5usize);
    let channels = (1..4usize, 1..4usize, 1..20usize, any::<bool>());
    (0..3usize, axis.clone(), axis, channels).prop_map(
        |(batch, down, across, (groups, channels, filters, depthwise))| {
            let channels = if depthwise { 1 } else { channels };
            let last = if depthwise { [groups, filters] } else { [channels, groups * filters] };
            Shapes {
                images: [batch, down.0, across.0, groups * channels],
                filter: [down.1, across.1, last[0], last[1]],
                output: [batch, down.2, across.2, groups * filters],
                window: Window {
                    strides: [down.3, across.3],
                    dilations: [down.4, across.4],
                    before: [down.5, across.5],
                },
                depthwise,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn convolutions_of_any_geometry(shapes in shapes()) {
        check(&shapes);
    }
}

#[test]
fn convolutions_of_the_usual_shapes() {
    for shapes in [
        Shapes::same(2, 28, 1, 5, 32),
        Shapes::same(3, 14, 31, 5, 64),
        Shapes::same(2, 14, 20, 3, 70),
        Shapes::same(1, 9, 3, 1, 17),
        Shapes { depthwise: true, filter: [3, 3, 40, 1], ..Shapes::same(2, 11, 40, 3, 40) },
        Shapes { filter: [3, 3, 8, 40], ..Shapes::same(2, 11, 40, 3, 40) },
    ] {
        check(&shapes);
    }
}

/// The shapes that are computed in the form that multiplies less, with edges that cut tiles.
fn fast() -> [Shapes; 4] {
    let valid = Window { strides: [1, 1], dilations: [1, 1], before: [0, 0] };
    [
        Shapes::same(3, 14, 32, 5, 64),
        Shapes::same(2, 15, 48, 3, 80),
        Shapes { images: [2, 17, 18, 16], output: [2, 15, 16, 16], window: valid, ..Shapes::same(2, 17, 16, 3, 16) },
        Shapes { images: [2, 16, 18, 32], output: [2, 12, 14, 16], window: valid, ..Shapes::same(2, 16, 32, 5, 16) },
    ]
}

/// With absolute values, and in f64.
fn magnitudes(tensor: &Tensor) -> Tensor {
    f64s(&tensor.shape, &tensor.floats().into_iter().map(f64::abs).collect::<Vec<_>>())
}

/// The largest error, in roundings of the largest sum of the products' magnitudes.
fn error(shapes: &Shapes, pass: Pass, of: Type, inputs: &[Tensor]) -> f64 {
    let output: &[usize] = &match pass {
        Pass::Forward => shapes.output,
        Pass::BackpropInput => shapes.images,
        Pass::BackpropFilter => shapes.filter,
    };
    let kernel = shapes.kernel(pass);
    let found = run(&Cpu::new(1).unwrap(), &kernel, inputs, &[(of, output)]).unwrap()[0].floats();
    let exact = |inputs: [Tensor; 2]| run(&Reference, &kernel, &inputs, &[(Type::F64, output)]).unwrap()[0].floats();
    let expected = exact([0, 1].map(|index| f64s(&inputs[index].shape, &inputs[index].floats())));
    let largest = exact([0, 1].map(|index| magnitudes(&inputs[index]))).into_iter().fold(0.0, f64::max);
    let off = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f64::max);
    off / largest / if of == Type::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON }
}

#[test]
fn the_form_that_multiplies_less_is_as_exact_as_stated() {
    for (shapes, pass) in fast().iter().flat_map(|shapes| PASSES.map(|pass| (shapes, pass))) {
        let (inputs, _) = shapes.inputs(pass, Type::F32);
        let positive = [0, 1].map(|index: usize| {
            let values: Vec<f32> = inputs[index].floats().into_iter().map(|value| value.abs() as f32).collect();
            f32s(&inputs[index].shape, &values)
        });
        for inputs in [inputs, positive] {
            let error = error(shapes, pass, Type::F32, &inputs);
            assert!(error <= 32.0, "{pass:?} of {shapes:?} is off by {error} roundings");
        }
    }
}

#[test]
fn the_form_that_multiplies_less_hides_no_nan() {
    let [.., shapes, _] = fast();
    for (pass, index) in PASSES.into_iter().flat_map(|pass| [(pass, 0), (pass, 1)]) {
        let (mut inputs, output) = shapes.inputs(pass, Type::F32);
        let mut values: Vec<f32> = inputs[index].floats().into_iter().map(|value| value as f32).collect();
        values[777] = f32::NAN;
        inputs[index] = f32s(&inputs[index].shape, &values);
        let of = |kernels: &dyn Kernels| {
            run(kernels, &shapes.kernel(pass), &inputs, &[(Type::F32, &output)]).unwrap()[0].floats()
        };
        let (found, expected) = (of(&Cpu::new(1).unwrap()), of(&Reference));
        let is_hidden = found.iter().zip(&expected).any(|(found, expected)| expected.is_nan() && !found.is_nan());
        assert!(!is_hidden && expected.iter().any(|value| value.is_nan()), "{pass:?} of a NaN in input {index}");
    }
}

fn strided(size: usize, channels: usize, filters: usize) -> Shapes {
    let window = Window { strides: [2, 2], dilations: [1, 1], before: [0, 0] };
    let output = [5, size / 2, size / 2, filters];
    Shapes { output, window, ..Shapes::same(5, size, channels, 3, filters) }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for shapes in [Shapes::same(20, 14, 32, 5, 24), Shapes::same(1, 33, 5, 3, 40), strided(24, 12, 30)] {
        for pass in PASSES {
            let (inputs, output) = shapes.inputs(pass, Type::F32);
            let bits = |threads: usize| {
                let cpu = Cpu::new(threads).unwrap();
                run(&cpu, &shapes.kernel(pass), &inputs, &[(Type::F32, &output)]).unwrap()[0].bits()
            };
            let expected = bits(1);
            for threads in [2, 3, 7] {
                assert!(bits(threads) == expected, "{pass:?} of {shapes:?} differs on {threads} threads");
            }
        }
    }
}

#[test]
fn a_workspace_changes_no_bit_and_may_hold_anything() {
    let cpu = Cpu::new(2).unwrap();
    for (shapes, pass) in
        [Shapes::same(5, 14, 8, 5, 24), strided(9, 12, 30)].iter().flat_map(|shapes| PASSES.map(|pass| (shapes, pass)))
    {
        let (inputs, output) = shapes.inputs(pass, Type::F32);
        let kernel = shapes.kernel(pass);
        let needed = cpu.workspace(&kernel, &[&inputs[0].shape, &inputs[1].shape], &[&output]);
        assert!(needed > 0);
        let alone = run(&cpu, &kernel, &inputs, &[(Type::F32, &output)]).unwrap();
        for elements in [needed, needed + 9, needed - 1] {
            let found = run(&cpu, &kernel, &inputs, &[(Type::F32, &output), (Type::F32, &[elements])]).unwrap();
            assert_eq!(found[0].bits(), alone[0].bits(), "{pass:?} with a workspace of {elements}");
        }
    }
}

const POOLINGS: [Pooling; 4] = [Pooling::Max, Pooling::MaxGrad, Pooling::Average, Pooling::AverageGrad];

/// Small whole numbers make ties; some are NaN.
fn tied(of: Type, shape: &[usize], seed: u64, with_nan: bool) -> Tensor {
    let value = |place: usize| {
        let mixed = (place as u64 + 1).wrapping_mul(seed.wrapping_mul(2) + 0x9e37_79b9_7f4a_7c15) >> 40;
        if with_nan && mixed.is_multiple_of(11) { f64::NAN } else { (mixed % 4) as f64 - 2.0 }
    };
    let values: Vec<f64> = (0..shape.iter().product()).map(value).collect();
    match of {
        Type::F64 => f64s(shape, &values),
        _ => f32s(shape, &values.iter().map(|value| *value as f32).collect::<Vec<_>>()),
    }
}

/// All poolings of these images.
fn poolings(images: [usize; 4], pooled: [usize; 4], windows: Windows, with_nan: bool) {
    for (kind, of) in POOLINGS.into_iter().flat_map(|kind| FLOATS.map(|of| (kind, of))) {
        let input = tied(of, &images, 1, with_nan);
        let gradient = numbers(of, &pooled, 2);
        let maxima = Kernel::Pooling { kind: Pooling::Max, windows };
        let (inputs, output) = match kind {
            Pooling::Max | Pooling::Average => (vec![input], pooled),
            Pooling::AverageGrad => (vec![gradient], images),
            Pooling::MaxGrad => {
                let maxima = run(&Reference, &maxima, std::slice::from_ref(&input), &[(of, &pooled)]).unwrap();
                (vec![input, maxima[0].clone(), gradient], images)
            }
        };
        let kernel = Kernel::Pooling { kind, windows };
        let expected = run(&Reference, &kernel, &inputs, &[(of, &output)]).unwrap();
        for threads in [1, 3] {
            let found = run(&Cpu::new(threads).unwrap(), &kernel, &inputs, &[(of, &output)]).unwrap();
            assert_close(&found[0], &expected[0], 9.0, 4.0);
        }
    }
}

/// Images and windows each of which touches its image.
fn pooled() -> impl Strategy<Value = ([usize; 4], [usize; 4], Windows)> {
    let axis = (1..5usize, 1..4usize)
        .prop_flat_map(|(size, stride)| (Just(size), Just(stride), 0..size, 1..6usize, 0..4usize))
        .prop_map(|(size, stride, before, places, beyond)| {
            let last = (places - 1) * stride;
            (size, stride, before, places, (last + 1).saturating_sub(before).max(1) + beyond)
        });
    (0..3usize, axis.clone(), axis, 0..40usize).prop_map(|(batch, down, across, depth)| {
        let windows = Windows { size: [down.0, across.0], strides: [down.1, across.1], before: [down.2, across.2] };
        ([batch, down.4, across.4, depth], [batch, down.3, across.3, depth], windows)
    })
}

proptest! {
    #[test]
    fn poolings_of_any_geometry((images, pooled, windows) in pooled(), with_nan in any::<bool>()) {
        poolings(images, pooled, windows, with_nan);
    }
}

#[test]
fn the_gradient_of_a_maximum_goes_to_the_first_one() {
    let images = f32s(&[1, 2, 3, 1], &[1., 4., 4., 4., 2., 3.]);
    let (maxima, gradient) = (f32s(&[1, 1, 2, 1], &[4., 4.]), f32s(&[1, 1, 2, 1], &[10., 20.]));
    let windows = Windows { size: [2, 2], strides: [1, 1], before: [0, 0] };
    let kernel = Kernel::Pooling { kind: Pooling::MaxGrad, windows };
    for kernels in [&Reference as &dyn Kernels, &Cpu::new(1).unwrap()] {
        let inputs = [images.clone(), maxima.clone(), gradient.clone()];
        let found = run(kernels, &kernel, &inputs, &[(Type::F32, &[1, 2, 3, 1])]).unwrap();
        assert_eq!(found[0].floats(), [0., 30., 0., 0., 0., 0.]);
    }
}

#[test]
fn a_mean_leaves_out_what_surrounds_the_images() {
    let images = f32s(&[1, 2, 2, 1], &[1., 2., 3., 6.]);
    let windows = Windows { size: [2, 2], strides: [1, 1], before: [0, 0] };
    let kernel = Kernel::Pooling { kind: Pooling::Average, windows };
    for kernels in [&Reference as &dyn Kernels, &Cpu::new(1).unwrap()] {
        let found = run(kernels, &kernel, std::slice::from_ref(&images), &[(Type::F32, &[1, 2, 2, 1])]).unwrap();
        assert_eq!(found[0].floats(), [3., 4., 4.5, 6.]);
    }
}
