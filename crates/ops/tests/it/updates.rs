//! Updates: by hand, and in place as beside the old values.

use everstep_ops::{Cpu, Kernels, Reference, Target, Update};

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

/// Whichever of its targets somebody holds, the bits are those of an update in place, and what is held stays.
#[test]
fn beside_values_of_which_some_are_held() {
    let cases = [
        (Update::Assign, Type::Bool, 1, 0),
        (Update::AssignAdd, Type::I64, 1, 0),
        (Update::AssignSub, Type::F32, 1, 0),
        (Update::GradientDescent, Type::F32, 1, 1),
        (Update::Adagrad, Type::F32, 2, 1),
        (Update::Adam, Type::F32, 3, 6),
    ];
    let cpu = Cpu::new(2).unwrap();
    for (kind, of, targets, scalars) in cases {
        let variable = |seed| numbers(of, &[40_099], seed);
        let old: Vec<Tensor> = (1..).take(targets).map(variable).collect();
        let inputs: Vec<Tensor> = (0..scalars).map(|_| f32s(&[], &[0.5])).chain([variable(9)]).collect();
        let expected = update(&cpu, &kind, &old, &inputs, true).unwrap();
        let views: Vec<_> = inputs.iter().map(Tensor::view).collect();
        for held in 0..1 << targets {
            let is_held = |index: usize| held >> index & 1 == 1;
            let next = |index: usize| if is_held(index) { garbage(of, &[40_099]) } else { old[index].clone() };
            let mut next: Vec<Tensor> = (0..targets).map(next).collect();
            let target = |(index, next): (usize, _)| Target { next, from: is_held(index).then(|| old[index].view()) };
            let mut to: Vec<Target<'_>> = next.iter_mut().map(Tensor::view_mut).enumerate().map(target).collect();
            cpu.update(&kind, &mut to, &views).unwrap();
            for (next, expected) in next.iter().zip(&expected) {
                assert_eq!(next.bits(), expected.bits(), "{kind:?} of {of:?}, held: {held:b}");
            }
        }
    }
}

/// Five rows of three, four slices, two of which are of row 3.
fn rows(kind: Update, targets: usize, scalars: &[f64], dense: usize, of: Type) -> (Vec<Tensor>, Vec<Tensor>) {
    let variables = (0..targets).map(|target| numbers(of, &[5, 3], 7 + target as u64)).collect();
    let mut inputs: Vec<Tensor> = scalars.iter().map(|value| f64s(&[], &[*value])).collect();
    inputs.insert(dense, numbers(of, &[4, 3], 1));
    assert_ne!(kind, Update::Assign);
    inputs.extend([i32s(&[4], &[3, 0, 3, 1]), i64s(&[4], &[1, 3, 0, 2])]);
    (variables, inputs)
}

#[test]
fn rows_become_what_the_update_makes_of_each() {
    let sums: Vec<f64> = {
        let slices = numbers(Type::F64, &[4, 3], 1).floats();
        (0..3).map(|column| slices[column] + slices[6 + column]).collect()
    };
    let kinds: [(Update, usize, &[f64], usize); 5] = [
        (Update::AssignAdd, 1, &[], 0),
        (Update::AssignSub, 1, &[], 0),
        (Update::GradientDescent, 1, &[0.5], 1),
        (Update::Momentum { nesterov: true }, 2, &[0.5, 0.25], 1),
        (Update::Adam, 3, &[0.5, 0.75, 0.1, 0.5, 0.75, 0.5], 6),
    ];
    for (kind, targets, scalars, dense) in kinds {
        let (mut variables, inputs) = rows(kind, targets, scalars, dense, Type::F64);
        if let [_, _, variance] = &mut variables[..] {
            *variance = f64s(&[5, 3], &variance.floats().iter().map(|value| value.abs()).collect::<Vec<_>>());
        }
        let row = |tensor: &Tensor, row: usize| tensor.floats()[row * 3..row * 3 + 3].to_vec();
        let of_row_3: Vec<Tensor> = variables.iter().map(|variable| f64s(&[3], &row(variable, 3))).collect();
        let mut whole = inputs[..inputs.len() - 2].to_vec();
        whole[dense] = f64s(&[3], &sums);
        for kernels in both() {
            let expected = update(&*kernels, &kind, &of_row_3, &whole, true).unwrap();
            for in_place in [true, false] {
                let found = update(&*kernels, &kind, &variables, &inputs, in_place).unwrap();
                for ((found, expected), before) in found.iter().zip(&expected).zip(&variables) {
                    assert_eq!(row(found, 3), expected.floats(), "{kernels:?} {kind:?}, in place: {in_place}");
                    assert_ne!(row(found, 0), row(before, 0), "{kernels:?} {kind:?}");
                    for untouched in [2, 4] {
                        assert_eq!(row(found, untouched), row(before, untouched), "{kernels:?} {kind:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let refused = |change: fn(&mut Vec<Tensor>, &mut Vec<Tensor>), expected: &str| {
        let (mut variables, mut inputs) = rows(Update::AssignAdd, 1, &[], 0, Type::F64);
        change(&mut variables, &mut inputs);
        for kernels in both() {
            let error = update(&*kernels, &Update::AssignAdd, &variables, &inputs, true).unwrap_err().to_string();
            assert_eq!(error, format!("assign-add: {expected}"));
        }
    };
    refused(|_, inputs| inputs[1] = i32s(&[4], &[3, 0, 5, 1]), "index 5 at place 2 is not in 0..5");
    refused(|_, inputs| inputs[1] = i32s(&[4], &[3, 0, -1, 1]), "index -1 at place 2 is not in 0..5");
    let order = "the order is not that of the indices";
    refused(|_, inputs| inputs[2] = i64s(&[4], &[1, 3, 2, 0]), order);
    refused(|_, inputs| inputs[2] = i64s(&[4], &[1, 3, 0, 0]), order);
    refused(|_, inputs| inputs[2] = i64s(&[4], &[1, 3, 0, 4]), order);
    refused(|_, inputs| inputs[2] = i64s(&[4], &[-1, 3, 0, 2]), order);
    refused(|_, inputs| inputs[0] = f64s(&[4, 1], &[0.0; 4]), "slices of shape [4, 1] are not 4 rows of [5, 3]");
    refused(|_, inputs| inputs[0] = f64s(&[3, 3], &[0.0; 9]), "slices of shape [3, 3] are not 4 rows of [5, 3]");
    refused(|variables, _| variables[0] = f64s(&[], &[0.0]), "a scalar has no rows");
    refused(
        |variables, inputs| {
            variables[0] = u8s(&[1], &[0]);
            inputs[0] = u8s(&[4], &[0; 4]);
        },
        "u8 is not supported, cast to i32 or i64 or f32 or f64",
    );
}
