//! Functions of one element, and their derivatives, by their formulas.

use crate::{
    Unary, UnaryGrad,
    element::unchecked_dtype,
    erf::erf,
    kernel::{GELU_CUBE, GELU_SCALE, SELU_ALPHA, SELU_SCALE},
};

pub(super) fn unary_float(unary: Unary, x: f64) -> f64 {
    match unary {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Sqrt => x.sqrt(),
        Unary::Square => x * x,
        Unary::Relu => rectified(x),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => sigmoid(x),
        Unary::Sign if x == 0.0 || x.is_nan() => x,
        Unary::Sign => x.signum(),
        Unary::Reciprocal => 1.0 / x,
        Unary::Rsqrt => 1.0 / x.sqrt(),
        Unary::Log1p => x.ln_1p(),
        Unary::Expm1 => x.exp_m1(),
        Unary::Floor => x.floor(),
        Unary::Ceil => x.ceil(),
        Unary::Round => x.round_ties_even(),
        Unary::Erf => erf(x),
        Unary::Sin => x.sin(),
        Unary::Cos => x.cos(),
        Unary::Softplus => rectified(x) + (-x.abs()).exp().ln_1p(),
        Unary::Softsign => x / (1.0 + x.abs()),
        Unary::Relu6 if x > 6.0 => 6.0,
        Unary::Relu6 => rectified(x),
        Unary::LeakyRelu { alpha } => {
            if x > 0.0 {
                x
            } else {
                alpha * x
            }
        }
        Unary::Elu => {
            if x > 0.0 {
                x
            } else {
                x.exp_m1()
            }
        }
        Unary::Selu => SELU_SCALE * if x > 0.0 { x } else { SELU_ALPHA * x.exp_m1() },
        Unary::Silu => x * sigmoid(x),
        Unary::Gelu { approximate: false } => x * cumulative(x),
        Unary::Gelu { approximate: true } => 0.5 * x * (1.0 + gelu_argument(x).tanh()),
    }
}

pub(super) fn unary_integer(unary: Unary, x: i64) -> i64 {
    match unary {
        Unary::Neg => x.wrapping_neg(),
        Unary::Abs => x.wrapping_abs(),
        Unary::Square => x.wrapping_mul(x),
        Unary::Sign => x.signum(),
        _ => unchecked_dtype(),
    }
}

/// Of the gradient `g` of the output and `v`, the output or input as [`UnaryGrad`] says.
pub(super) fn unary_grad(grad: UnaryGrad, g: f64, v: f64) -> f64 {
    match grad {
        UnaryGrad::Relu => {
            if v <= 0.0 {
                0.0
            } else {
                g
            }
        }
        UnaryGrad::Tanh => g * (1.0 - v * v),
        UnaryGrad::Sigmoid => g * v * (1.0 - v),
        UnaryGrad::Relu6 => {
            if v <= 0.0 || v >= 6.0 {
                0.0
            } else {
                g
            }
        }
        UnaryGrad::LeakyRelu { alpha } => {
            if v > 0.0 {
                g
            } else {
                alpha * g
            }
        }
        UnaryGrad::Elu => {
            if v < 0.0 {
                g * (v + 1.0)
            } else {
                g
            }
        }
        UnaryGrad::Selu => g * if v < 0.0 { v + SELU_SCALE * SELU_ALPHA } else { SELU_SCALE },
        UnaryGrad::Reciprocal => -g * v * v,
        UnaryGrad::Rsqrt => -0.5 * g * v * v * v,
        UnaryGrad::Softplus => g * sigmoid(v),
        UnaryGrad::Softsign => g / ((1.0 + v.abs()) * (1.0 + v.abs())),
        UnaryGrad::Silu => g * sigmoid(v) * (1.0 + v * (1.0 - sigmoid(v))),
        UnaryGrad::Gelu { approximate: false } => {
            g * (cumulative(v) + v * (-0.5 * v * v).exp() / std::f64::consts::TAU.sqrt())
        }
        UnaryGrad::Gelu { approximate: true } => {
            let tanh = gelu_argument(v).tanh();
            let slope = GELU_SCALE * (1.0 + 3.0 * GELU_CUBE * v * v);
            g * (0.5 * (1.0 + tanh) + 0.5 * v * (1.0 - tanh * tanh) * slope)
        }
    }
}

fn rectified(x: f64) -> f64 {
    if x.is_nan() { x } else { x.max(0.0) }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The normal distribution function.
fn cumulative(x: f64) -> f64 {
    0.5 * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2))
}

fn gelu_argument(x: f64) -> f64 {
    GELU_SCALE * (x + GELU_CUBE * x * x * x)
}
