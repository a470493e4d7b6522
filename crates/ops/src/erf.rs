//! The error function in double precision.

use std::f64::consts::PI;

/// From here on the continued fraction is used.
const FAR: f64 = 2.5;

/// `2 / sqrt(pi)` times the integral of `e^(-t^2)` from 0 to `x`, to a few roundings.
///
/// Near zero by the series `2 / sqrt(pi) e^(-x^2) sum 2^n x^(2n+1) / (1 3 5 ... (2n+1))`, whose terms are all of one sign;
/// far from it by Laplace's continued fraction of the complement (Abramowitz and Stegun 7.1.6 and 7.1.14).
pub(crate) fn erf(x: f64) -> f64 {
    let size = x.abs();
    if x.is_nan() || size == 0.0 {
        return x;
    }
    let value = match size {
        _ if size < FAR => series(size),
        _ if size < 6.0 => 1.0 - complement(size),
        _ => 1.0,
    };
    value.copysign(x)
}

fn series(x: f64) -> f64 {
    let (mut term, mut sum, mut divisor) = (x, x, 1.0);
    while term > sum * f64::EPSILON / 4.0 {
        divisor += 2.0;
        term *= 2.0 * x * x / divisor;
        sum += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// `1 - erf(x)`
fn complement(x: f64) -> f64 {
    let fraction = (1..=80).rev().fold(x, |rest, step| x + f64::from(step) / 2.0 / rest);
    (-x * x).exp() / (PI.sqrt() * fraction)
}
