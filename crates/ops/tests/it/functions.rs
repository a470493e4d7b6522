//! How exact the vectorised functions of single precision are, over all their arguments.

use everstep_ops::{Cpu, Kernel, Unary};

use crate::tensor::{Tensor, Type, Values, f32s, f64s, run};

/// Every sign and exponent with some fractions, numbers from -30 to 30, and the special ones.
fn arguments() -> Vec<f32> {
    let patterns = (0..=u32::MAX).step_by(30_011).map(f32::from_bits);
    let near = (-60_000..=60_000).map(|place| place as f32 * 5.003e-4);
    let special = [0.0, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::NAN, f32::MAX, f32::MIN, f32::MIN_POSITIVE];
    patterns.chain(near).chain(special).collect()
}

/// The distance in units in the last place of the exact value's single precision.
fn units(found: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if found == rounded || found.is_nan() && rounded.is_nan() {
        return 0.0;
    }
    let unit = f64::from(rounded.abs().next_up()) - f64::from(rounded.abs());
    (f64::from(found) - exact).abs() / unit
}

#[track_caller]
fn check(unary: Unary, bound: f64) {
    let arguments = arguments();
    let wide: Vec<f64> = arguments.iter().map(|x| f64::from(*x)).collect();
    let shape = [arguments.len()];
    let apply = |input: Tensor, dtype: Type| {
        run(&Cpu::new(1).unwrap(), &Kernel::Unary(unary), &[input], &[(dtype, &shape)]).unwrap().remove(0).values
    };
    let Values::F32(found) = apply(f32s(&shape, &arguments), Type::F32) else { panic!("f32 gives f32") };
    let Values::F64(exact) = apply(f64s(&shape, &wide), Type::F64) else { panic!("f64 gives f64") };
    let errors = found.iter().zip(&exact).map(|(found, exact)| units(*found, *exact));
    let (place, worst) = errors
        .enumerate()
        .fold((0, 0.0), |worst, error| if error.1 > worst.1 || error.1.is_nan() { error } else { worst });
    let at = (arguments[place], found[place], exact[place]);
    assert!(worst <= bound, "{unary:?} is off by {worst} units at {at:?}");
}

#[test]
fn errors_in_units_in_the_last_place() {
    let bounds = [
        (Unary::Exp, 1.5),
        (Unary::Expm1, 2.0),
        (Unary::Log, 1.5),
        (Unary::Log1p, 2.0),
        (Unary::Tanh, 3.0),
        (Unary::Sigmoid, 2.5),
        (Unary::Softplus, 3.0),
        (Unary::Erf, 2.0),
        (Unary::Sin, 1.0),
        (Unary::Cos, 1.0),
        (Unary::Rsqrt, 1.5),
        (Unary::Elu, 2.0),
    ];
    bounds.into_iter().for_each(|(unary, bound)| check(unary, bound));
}
