//! Updates: by hand, and in place as beside the old values.

use everstep_ops::{Cpu, Kernels, Reference, Update};

use crate::tensor::*;

fn both() -> [Box<dyn Kernels>; 2] {
    [Box::new(Reference), Box::new(Cpu::new(1).unwrap())]
}

/// Both implementations give these values, bit for bit, in place and into other buffers.
#[track_caller]
fn check(kind: Update, variables: &[Tensor], inputs: &[Tensor], expected: &[&[f64]]) {
    for kernels in both() {
        for in_place in [true, false] {
            let found = update(&*kernels, &kind, variables, inputs, in_place).unwrap();
            let found: Vec<_> = found.iter().map(Tensor::floats).collect();
            assert_eq!(found, expected, "{kernels:?} {kind:?}, in place: {in_place}");
        }
    }
}

fn scalar(value: f64) -> Tensor {
    f64s(&[], &[value])
}

#[test]
fn the_formulas_by_hand() {
    let variable = || f64s(&[2], &[1.0, 2.0]);
    let gradient = || f64s(&[2], &[4.0, -8.0]);
    check(Update::Assign, &[variable()], &[gradient()], &[&[4.0, -8.0]]);
    check(Update::AssignAdd, &[variable()], &[gradient()], &[&[5.0, -6.0]]);
    check(Update::GradientDescent, &[variable()], &[scalar(0.5), gradient()], &[&[-1.0, 6.0]]);

    let slot = || f64s(&[2], &[2.0, 4.0]);
    let inputs = [scalar(0.5), gradient(), scalar(0.25)];
    check(Update::Momentum { nesterov: false }, &[variable(), slot()], &inputs, &[&[-1.25, 5.5], &[4.5, -7.0]]);
    // 1 - (0.5 * 4 + 0.5 * 0.25 * 4.5) and 2 - (0.5 * -8 + 0.5 * 0.25 * -7)
    check(Update::Momentum { nesterov: true }, &[variable(), slot()], &inputs, &[&[-1.5625, 6.875], &[4.5, -7.0]]);

    // alpha = 2 * sqrt(1 - 0.75) / (1 - 0.5) = 2; m = 0 + (4 - 0) * 0.5; v = 0 + (16 - 0) * 0.25 = 4;
    // var = 1 - 2 * 2 / (2 + 2) and 2 - 2 * -4 / (4 + 2)
    let zeros = || f64s(&[2], &[0.0, 0.0]);
    let scalars = [0.5, 0.75, 2.0, 0.5, 0.75, 2.0].map(scalar);
    let inputs = [&scalars[..], &[gradient()]].concat();
    let expected: [&[f64]; 3] = [&[0.0, 2.0 + 8.0 / 6.0], &[2.0, -4.0], &[4.0, 16.0]];
    check(Update::Adam, &[variable(), zeros(), zeros()], &inputs, &expected);
}

#[test]
fn integers_are_added_and_wrap() {
    for kernels in both() {
        let add =
            |variable, value| update(&*kernels, &Update::AssignAdd, &[variable], &[value], true).unwrap()[0].bits();
        assert_eq!(add(u8s(&[2], &[250, 1]), u8s(&[2], &[10, 1])), [4, 2]);
        assert_eq!(add(i64s(&[], &[41]), i64s(&[], &[1])), [42]);
    }
}

#[test]
fn assigning_keeps_every_bit() {
    let value = Tensor {
        shape: vec![3],
        values: Values::F32([0x7fa0_1234, 0x8000_0000, 0xffff_ffff].map(f32::from_bits).to_vec()),
    };
    for kernels in both() {
        for in_place in [true, false] {
            let found =
                update(&*kernels, &Update::Assign, &[garbage(Type::F32, &[3])], std::slice::from_ref(&value), in_place)
                    .unwrap();
            assert_eq!(found[0].bits(), value.bits());
        }
    }
}
