//! bf16 and f16: casts, moves and updates.

use everstep_ops::{
    Cpu, Data, DataMut, IndexKernel, Kernel, Kernels, LogicKernel, Reference, ShapeKernel, Target, Update, View,
    ViewMut,
};
use proptest::prelude::*;

use crate::tensor::*;

/// A format: the bits as a view, and to be written.
type Format = (fn(&[u16]) -> Data<'_>, fn(&mut [u16]) -> DataMut<'_>);

const BF16: Format = (|bits| Data::Bf16(bits), |bits| DataMut::Bf16(bits));
const F16: Format = (|bits| Data::F16(bits), |bits| DataMut::F16(bits));

fn both() -> [Box<dyn Kernels>; 2] {
    [Box::new(Reference), Box::new(Cpu::new(1).unwrap())]
}

fn widen(kernels: &dyn Kernels, format: Format, bits: &[u16]) -> Vec<f32> {
    let (shape, mut wide) = ([bits.len()], vec![7.0; bits.len()]);
    let output = ViewMut { shape: &shape, data: DataMut::F32(&mut wide) };
    kernels.run(&Kernel::Cast, &[View { shape: &shape, data: format.0(bits) }], &mut [output]).unwrap();
    wide
}

fn round(kernels: &dyn Kernels, format: Format, input: Data<'_>, count: usize) -> Vec<u16> {
    let (shape, mut bits) = ([count], vec![0x1234; count]);
    let output = ViewMut { shape: &shape, data: format.1(&mut bits) };
    kernels.run(&Kernel::Cast, &[View { shape: &shape, data: input }], &mut [output]).unwrap();
    bits
}

/// The number of these bits, by the definition of IEEE 754 with so many bits of fraction.
fn number(bits: u16, fraction_bits: i32) -> f64 {
    let (exponent_bits, bits_of_size) = (15 - fraction_bits, i32::from(bits & 0x7fff));
    let (exponent, fraction) = (bits_of_size >> fraction_bits, bits_of_size & ((1 << fraction_bits) - 1));
    let (most, bias) = ((1 << exponent_bits) - 1, (1 << (exponent_bits - 1)) - 1);
    let share = f64::from(fraction) / 2f64.powi(fraction_bits);
    let size = match exponent {
        0 => share * 2f64.powi(1 - bias),
        _ if exponent == most && fraction == 0 => f64::INFINITY,
        _ if exponent == most => f64::NAN,
        _ => (1.0 + share) * 2f64.powi(exponent - bias),
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[test]
fn every_pattern_is_the_number_it_stands_for() {
    let all: Vec<u16> = (0..=u16::MAX).collect();
    for (format, fraction_bits) in [(BF16, 7), (F16, 10)] {
        for kernels in both() {
            for (bits, wide) in all.iter().zip(widen(&*kernels, format, &all)) {
                let expected = number(*bits, fraction_bits);
                assert!(f64::from(wide) == expected || wide.is_nan() && expected.is_nan(), "{bits:04x}: {wide}");
                assert_eq!(wide.is_sign_negative(), *bits >= 0x8000, "{bits:04x}");
            }
        }
    }
}

/// Rounding is monotone, so it is known everywhere if it is at each number, in the middle of each two, and beside it.
#[test]
fn every_number_is_rounded_to_the_nearest_and_between_two_to_the_even_one() {
    for (format, fraction_bits, infinity) in [(BF16, 7, 0x7f80u16), (F16, 10, 0x7c00)] {
        let (mut numbers, mut expected) = (Vec::new(), Vec::new());
        for bits in 0..infinity {
            let low = number(bits, fraction_bits);
            let high = if bits + 1 == infinity {
                2.0 * low - number(bits - 1, fraction_bits)
            } else {
                number(bits + 1, fraction_bits)
            };
            let middle = ((low + high) / 2.0) as f32;
            let beside = [middle.to_bits() - 1, middle.to_bits() + 1].map(f32::from_bits);
            numbers.extend([low as f32, beside[0], middle, beside[1]]);
            expected.extend([bits, bits, bits + bits % 2, bits + 1]);
        }
        numbers.extend([f32::MAX, f32::INFINITY, f32::from_bits(1)]);
        expected.extend([infinity, infinity, 0]);
        let negative: Vec<f32> = numbers.iter().map(|number| -number).collect();
        for kernels in both() {
            let found = round(&*kernels, format, Data::F32(&numbers), numbers.len());
            assert!(found == expected, "{kernels:?}");
            let found = round(&*kernels, format, Data::F32(&negative), numbers.len());
            assert!(found.iter().zip(&expected).all(|(found, expected)| *found == expected | 0x8000), "{kernels:?}");
        }
    }
}

#[test]
fn nan_stays_nan_and_keeps_its_sign() {
    let nans = [0x7f80_0001u32, 0x7fc0_0000, 0xff80_0001, 0xffff_ffff].map(f32::from_bits);
    for (format, fraction_bits) in [(BF16, 7), (F16, 10)] {
        let found = round(&Cpu::new(1).unwrap(), format, Data::F32(&nans), nans.len());
        assert!(found.iter().all(|bits| number(*bits, fraction_bits).is_nan()));
        assert_eq!(found.iter().map(|bits| bits >> 15).collect::<Vec<u16>>(), [0, 0, 1, 1]);
    }
}

proptest! {
    /// Both implementations cast any bits alike, to and from every type.
    #[test]
    fn casts_are_those_of_the_reference(
        bits in prop::collection::vec(any::<u16>(), 1..40),
        singles in prop::collection::vec(any::<u32>(), 1..40),
        integers in prop::collection::vec(any::<i64>(), 1..40),
    ) {
        let cpu = Cpu::new(1).unwrap();
        let singles: Vec<f32> = singles.into_iter().map(f32::from_bits).filter(|single| !single.is_nan()).collect();
        for format in [BF16, F16] {
            prop_assert_eq!(
                round(&cpu, format, Data::F32(&singles), singles.len()),
                round(&Reference, format, Data::F32(&singles), singles.len())
            );
            prop_assert_eq!(
                round(&cpu, format, Data::I64(&integers), integers.len()),
                round(&Reference, format, Data::I64(&integers), integers.len())
            );
            for of in TYPES {
                let shape = [bits.len()];
                let cast = |kernels: &dyn Kernels| {
                    let mut output = garbage(of, &shape);
                    let input = View { shape: &shape, data: format.0(&bits) };
                    kernels.run(&Kernel::Cast, &[input], &mut [output.view_mut()]).unwrap();
                    output
                };
                assert_close(&cast(&cpu), &cast(&Reference), 0.0, 0.0);
            }
        }
    }
}

/// Kernels that move elements keep every bit, those of NaNs too.
#[test]
fn moving_keeps_every_bit() {
    let bits = [0x7fc1u16, 0x8000, 0xffff, 0x7e01, 1, 0x3f80];
    let (shape, indices) = ([2, 3], i64s(&[2], &[2, 0]));
    let yes = bools(&[2, 1], &[true, false]);
    for format in [BF16, F16] {
        let input = View { shape: &shape, data: format.0(&bits) };
        let check = |kernel: Kernel, inputs: &[View<'_>], shape: &[usize], expected: &[u16]| {
            assert!(kernel.takes_halves());
            for kernels in both() {
                let mut found = vec![0xa5a5; expected.len()];
                let output = ViewMut { shape, data: format.1(&mut found) };
                kernels.run(&kernel, inputs, &mut [output]).unwrap();
                assert_eq!(found, expected, "{kernel:?}");
            }
        };
        check(Kernel::Copy, &[input], &[6], &bits);
        let transpose = Kernel::Shape(ShapeKernel::Strided { offset: 0, strides: vec![1, 3] });
        check(transpose, &[input], &[3, 2], &[bits[0], bits[3], bits[1], bits[4], bits[2], bits[5]]);
        let gather = Kernel::Index(IndexKernel::Gather { axis: 1 });
        check(gather, &[input, indices.view()], &[2, 2], &[bits[2], bits[0], bits[5], bits[3]]);
        let zeros = [0; 3];
        let no = View { shape: &[3], data: format.0(&zeros) };
        let expected = [bits[0], bits[1], bits[2], 0, 0, 0];
        check(Kernel::Logic(LogicKernel::Select), &[yes.view(), input, no], &shape, &expected);
        let one = if matches!(format.0(&[]), Data::F16(_)) { 0x3c00 } else { 0x3f80 };
        check(Kernel::Shape(ShapeKernel::Fill(1.0)), &[], &[2], &[one; 2]);
        let place = ShapeKernel::Place { begins: vec![1], steps: vec![1], fill: Some(1.0) };
        let two = View { shape: &[2], data: format.0(&bits[..2]) };
        check(Kernel::Shape(place), &[two], &[4], &[one, bits[0], bits[1], one]);
        let one_hot = Kernel::Index(IndexKernel::OneHot { axis: 1, on: 1.0, off: 0.0 });
        check(one_hot, &[indices.view()], &[2, 3], &[0, 0, one, one, 0, 0]);
    }
}

/// An update, how many targets it has, its scalars, the place of its gradient, and which target the variable is.
type Case = (Update, usize, Vec<f32>, Option<usize>, usize);

fn updates() -> Vec<Case> {
    let adam = vec![0.9, 0.99, 0.01, 0.9, 0.99, 1e-6];
    let decayed = [&adam[..], &[0.1]].concat();
    vec![
        (Update::AssignAdd, 1, vec![], Some(0), 0),
        (Update::AssignSub, 1, vec![], Some(0), 0),
        (Update::GradientDescent, 1, vec![0.1], Some(1), 0),
        (Update::Momentum { nesterov: true }, 2, vec![0.1, 0.9], Some(1), 0),
        (Update::Adam, 3, adam, Some(6), 0),
        (Update::AdamW, 3, decayed.clone(), Some(7), 0),
        (Update::Adagrad, 2, vec![0.1], Some(1), 0),
        (Update::RmsProp { centered: false }, 3, vec![0.01, 0.9, 0.5, 1e-6], Some(4), 0),
        (Update::RmsProp { centered: true }, 4, vec![0.01, 0.9, 0.5, 20.0], Some(4), 0),
        (Update::Lion, 2, vec![0.1, 0.9, 0.99, 0.1], Some(4), 0),
        (Update::Lamb, 3, decayed, Some(7), 0),
        (Update::MovingAverage, 2, vec![0.9], None, 1),
    ]
}

/// What an update leaves of the variable of two bytes, and of its slots.
fn updated(
    kernels: &dyn Kernels,
    format: Format,
    (kind, count, scalars, dense, place): &Case,
    [variable, gradient]: [&[u16]; 2],
    gradient_is_wide: bool,
    in_place: bool,
) -> (Vec<u16>, Vec<Tensor>) {
    let shape = [variable.len()];
    let slots: Vec<Tensor> = (1..*count).map(|slot| positive(&shape, slot as u64)).collect();
    let wide = widen(&Reference, format, gradient);
    let mut inputs: Vec<View<'_>> =
        scalars.iter().map(|scalar| View { shape: &[], data: Data::F32(std::slice::from_ref(scalar)) }).collect();
    if let Some(dense) = dense {
        let data = if gradient_is_wide { Data::F32(&wide) } else { format.0(gradient) };
        inputs.insert(*dense, View { shape: &shape, data });
    }
    let mut next = if in_place { variable.to_vec() } else { vec![0x1234; variable.len()] };
    let mut next_slots =
        if in_place { slots.clone() } else { slots.iter().map(|_| garbage(Type::F32, &shape)).collect() };
    let old = |view| (!in_place).then_some(view);
    let mut targets: Vec<Target<'_>> = next_slots
        .iter_mut()
        .zip(&slots)
        .map(|(next, slot)| Target { next: next.view_mut(), from: old(slot.view()) })
        .collect();
    let variable = View { shape: &shape, data: format.0(variable) };
    targets.insert(*place, Target { next: ViewMut { shape: &shape, data: format.1(&mut next) }, from: old(variable) });
    kernels.update(kind, &mut targets, &inputs).unwrap();
    drop(targets);
    (next, next_slots)
}

fn positive(shape: &[usize], seed: u64) -> Tensor {
    let sizes: Vec<f32> = numbers(Type::F32, shape, seed).floats().iter().map(|x| x.abs() as f32 + 0.1).collect();
    f32s(shape, &sizes)
}

/// An update of a variable of two bytes is that of its f32, rounded; in place and beside it, on any number of threads.
#[test]
fn updates_compute_in_f32_and_round_once() {
    for (format, count) in [(BF16, 5000), (F16, 5000), (BF16, 0), (F16, 1), (BF16, 300_001)] {
        let single = Cpu::new(1).unwrap();
        let of = |seed| {
            let values: Vec<f32> = numbers(Type::F32, &[count], seed).floats().iter().map(|x| *x as f32).collect();
            round(&Reference, format, Data::F32(&values), count)
        };
        let (variable, gradient) = (of(1), of(2));
        for update in updates() {
            let (kind, targets, scalars, dense, place) = &update;
            let found = updated(&single, format, &update, [&variable, &gradient], false, true);
            let mut variables: Vec<Tensor> = (1..*targets).map(|slot| positive(&[count], slot as u64)).collect();
            variables.insert(*place, f32s(&[count], &widen(&single, format, &variable)));
            let mut inputs: Vec<Tensor> = scalars.iter().map(|scalar| f32s(&[], &[*scalar])).collect();
            dense.iter().for_each(|dense| inputs.insert(*dense, f32s(&[count], &widen(&single, format, &gradient))));
            let mut exact = crate::tensor::update(&single, kind, &variables, &inputs, true).unwrap();
            let Values::F32(exact_variable) = exact.remove(*place).values else { unreachable!() };
            assert!(found.0 == round(&single, format, Data::F32(&exact_variable), count), "{kind:?}");
            let slots = |(_, slots): &(Vec<u16>, Vec<Tensor>)| slots.iter().map(Tensor::bits).collect::<Vec<_>>();
            assert!(slots(&found) == exact.iter().map(Tensor::bits).collect::<Vec<_>>(), "{kind:?}");
            let same = |other: (Vec<u16>, Vec<Tensor>)| other.0 == found.0 && slots(&other) == slots(&found);
            assert!(same(updated(&single, format, &update, [&variable, &gradient], false, false)), "{kind:?} beside");
            assert!(same(updated(&single, format, &update, [&variable, &gradient], true, true)), "{kind:?} of f32");
            if count > 5000 {
                for threads in [2, 3, 7] {
                    let cpu = Cpu::new(threads).unwrap();
                    let found = updated(&cpu, format, &update, [&variable, &gradient], false, true);
                    assert!(same(found), "{kind:?} on {threads} threads");
                }
            }
        }
    }
}

#[test]
fn what_computes_refuses_them() {
    let (bits, mut output) = ([0u16; 2], [0u16; 2]);
    let input = View { shape: &[2], data: Data::Bf16(&bits) };
    let kernel = Kernel::Unary(everstep_ops::Unary::Exp);
    assert!(!kernel.takes_halves());
    let output = ViewMut { shape: &[2], data: DataMut::Bf16(&mut output) };
    let error = Cpu::new(1).unwrap().run(&kernel, &[input], &mut [output]).unwrap_err();
    assert_eq!(error.to_string(), "exp: bf16 is not supported, cast to f32 or f64");
}
