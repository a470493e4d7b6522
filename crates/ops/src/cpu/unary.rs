//! Functions of one element, and their derivatives.

use super::{
    elementwise::{TRANSCENDENTAL, map, zip},
    function::Function,
    gelu::{gelu, gelu_grad},
    number::{Float, Number},
    pool::Pool,
    single,
};
use crate::{
    Unary, UnaryGrad, View, ViewMut,
    element::{Element, unchecked_dtype, with_float, with_number},
    kernel::{SELU_ALPHA, SELU_SCALE},
    view::DType,
};

pub(super) fn unary(pool: &Pool, unary: Unary, input: View<'_>, output: &mut ViewMut<'_>) {
    match unary {
        Unary::Neg => with_number!(input.data.dtype(), T => map(pool, input, output, 1, |x: T| T::ZERO.sub(x))),
        Unary::Abs => with_number!(input.data.dtype(), T => map(pool, input, output, 1, <T as Number>::abs)),
        Unary::Square => with_number!(input.data.dtype(), T => map(pool, input, output, 1, |x: T| x.mul(x))),
        Unary::Sign => with_number!(input.data.dtype(), T => map(pool, input, output, 1, <T as Number>::sign)),
        _ => with_float!(input.data.dtype(), T => of_floats::<T>(pool, unary, input, output)),
    }
}

fn of_floats<T: Float>(pool: &Pool, unary: Unary, input: View<'_>, output: &mut ViewMut<'_>) {
    let (one, half) = (T::ONE, T::from_f64(0.5));
    match unary {
        Unary::Exp => map(pool, input, output, TRANSCENDENTAL, <T as Function>::exp),
        Unary::Expm1 => map(pool, input, output, TRANSCENDENTAL, <T as Function>::exp_m1),
        Unary::Log => map(pool, input, output, TRANSCENDENTAL, <T as Function>::ln),
        Unary::Log1p => map(pool, input, output, TRANSCENDENTAL, <T as Function>::ln_1p),
        Unary::Sqrt => map(pool, input, output, 2, <T as Function>::sqrt),
        Unary::Rsqrt => map(pool, input, output, 4, move |x: T| one.div(x.sqrt())),
        Unary::Reciprocal => map(pool, input, output, 2, move |x: T| one.div(x)),
        Unary::Floor => map(pool, input, output, 1, <T as Function>::floor),
        Unary::Ceil => map(pool, input, output, 1, <T as Function>::ceil),
        Unary::Round => map(pool, input, output, 1, <T as Function>::round),
        Unary::Erf => map(pool, input, output, TRANSCENDENTAL, <T as Function>::erf),
        Unary::Sin => {
            map(pool, input, output, TRANSCENDENTAL, <T as Function>::sin);
            far(input, output, single::far_sine);
        }
        Unary::Cos => {
            map(pool, input, output, TRANSCENDENTAL, <T as Function>::cos);
            far(input, output, single::far_cosine);
        }
        Unary::Tanh => map(pool, input, output, TRANSCENDENTAL, <T as Function>::tanh),
        Unary::Sigmoid => map(pool, input, output, TRANSCENDENTAL, <T as Function>::sigmoid),
        Unary::Softplus => map(pool, input, output, 2 * TRANSCENDENTAL, <T as Function>::softplus),
        Unary::Softsign => map(pool, input, output, 2, move |x: T| x.div(one.add(x.abs()))),
        Unary::Relu => map(pool, input, output, 1, <T as Float>::relu),
        Unary::Relu6 => {
            let six = T::from_f64(6.0);
            map(pool, input, output, 1, move |x: T| if x > six { six } else { x.relu() });
        }
        Unary::LeakyRelu { alpha } => {
            let alpha = T::from_f64(alpha);
            map(pool, input, output, 1, move |x: T| if x > T::ZERO { x } else { alpha.mul(x) });
        }
        Unary::Elu => {
            map(pool, input, output, TRANSCENDENTAL, |x: T| if x > T::ZERO { x } else { x.exp_m1() });
        }
        Unary::Selu => {
            let (scale, alpha) = (T::from_f64(SELU_SCALE), T::from_f64(SELU_SCALE * SELU_ALPHA));
            let selu = move |x: T| if x > T::ZERO { scale.mul(x) } else { alpha.mul(x.exp_m1()) };
            map(pool, input, output, TRANSCENDENTAL, selu);
        }
        Unary::Silu => map(pool, input, output, TRANSCENDENTAL, |x: T| x.mul(x.sigmoid())),
        Unary::Gelu { approximate: false } => {
            let root = T::from_f64(std::f64::consts::FRAC_1_SQRT_2);
            let gelu = move |x: T| half.mul(x).mul(one.add(x.mul(root).erf()));
            map(pool, input, output, TRANSCENDENTAL, gelu);
        }
        Unary::Gelu { approximate: true } => {
            gelu(pool, T::slice(input.data), T::slice_mut(&mut output.data));
        }
        Unary::Neg | Unary::Abs | Unary::Square | Unary::Sign => unchecked_dtype(),
    }
}

/// Of the elements that are too large for the vectorised function, one by one; there are none as a rule.
fn far(input: View<'_>, output: &mut ViewMut<'_>, function: fn(f32) -> f32) {
    if input.data.dtype() != DType::F32 {
        return;
    }
    let (input, output) = (f32::slice(input.data), f32::slice_mut(&mut output.data));
    for (output, &x) in output.iter_mut().zip(input) {
        if x.abs() > single::FAR {
            *output = function(x);
        }
    }
}

pub(super) fn unary_grad(pool: &Pool, grad: UnaryGrad, gradient: View<'_>, value: View<'_>, output: &mut ViewMut<'_>) {
    with_float!(value.data.dtype(), T => grad_of_floats::<T>(pool, grad, gradient, value, output));
}

fn grad_of_floats<T: Float>(
    pool: &Pool,
    grad: UnaryGrad,
    gradient: View<'_>,
    value: View<'_>,
    output: &mut ViewMut<'_>,
) {
    let (zero, one, half) = (T::ZERO, T::ONE, T::from_f64(0.5));
    match grad {
        UnaryGrad::Relu => zip(pool, gradient, value, output, 1, move |g: T, y| if y <= zero { zero } else { g }),
        UnaryGrad::Relu6 => {
            let six = T::from_f64(6.0);
            zip(pool, gradient, value, output, 1, move |g: T, y| if y <= zero || y >= six { zero } else { g });
        }
        UnaryGrad::LeakyRelu { alpha } => {
            let alpha = T::from_f64(alpha);
            zip(pool, gradient, value, output, 1, move |g: T, x| if x > zero { g } else { alpha.mul(g) });
        }
        UnaryGrad::Elu => {
            zip(pool, gradient, value, output, 1, move |g: T, y| if y < zero { g.mul(y.add(one)) } else { g });
        }
        UnaryGrad::Selu => {
            let (scale, alpha) = (T::from_f64(SELU_SCALE), T::from_f64(SELU_SCALE * SELU_ALPHA));
            let slope = move |g: T, y: T| if y < zero { g.mul(y.add(alpha)) } else { g.mul(scale) };
            zip(pool, gradient, value, output, 1, slope);
        }
        UnaryGrad::Tanh => zip(pool, gradient, value, output, 1, move |g: T, y| g.mul(one.sub(y.mul(y)))),
        UnaryGrad::Sigmoid => zip(pool, gradient, value, output, 1, move |g: T, y| g.mul(y).mul(one.sub(y))),
        UnaryGrad::Reciprocal => zip(pool, gradient, value, output, 1, move |g: T, y| zero.sub(g).mul(y.mul(y))),
        UnaryGrad::Rsqrt => {
            zip(pool, gradient, value, output, 1, move |g: T, y| zero.sub(half).mul(g).mul(y.mul(y).mul(y)));
        }
        UnaryGrad::Softplus => zip(pool, gradient, value, output, TRANSCENDENTAL, |g: T, x| g.mul(x.sigmoid())),
        UnaryGrad::Softsign => zip(pool, gradient, value, output, 4, move |g: T, x| {
            let size = one.add(x.abs());
            g.div(size.mul(size))
        }),
        UnaryGrad::Silu => zip(pool, gradient, value, output, TRANSCENDENTAL, move |g: T, x| {
            let sigmoid = x.sigmoid();
            g.mul(sigmoid).mul(one.add(x.mul(one.sub(sigmoid))))
        }),
        UnaryGrad::Gelu { approximate: false } => {
            let (root, density) =
                (T::from_f64(std::f64::consts::FRAC_1_SQRT_2), T::from_f64(1.0 / std::f64::consts::TAU.sqrt()));
            zip(pool, gradient, value, output, 2 * TRANSCENDENTAL, move |g: T, x| {
                let cumulative = half.mul(one.add(x.mul(root).erf()));
                g.mul(cumulative.add(x.mul(density).mul(zero.sub(half.mul(x).mul(x)).exp())))
            });
        }
        UnaryGrad::Gelu { approximate: true } => {
            gelu_grad(pool, T::slice(gradient.data), T::slice(value.data), T::slice_mut(&mut output.data));
        }
    }
}
