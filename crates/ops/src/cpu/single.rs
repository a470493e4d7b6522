//! Functions of single precision, each a few polynomials without branches, so that loops over them use vectors.
//!
//! Errors in units in the last place, measured against f64 in `tests/it/functions.rs`, which holds them to it.
//! Polynomials are minimax fits; where a remainder of `ln 2` or `pi / 2` is taken, the constant is split so that the
//! product with its first part is exact (Cody and Waite).

use std::f32::consts::LOG2_E;

/// Adding it leaves the nearest integer in the low bits of the fraction.
const ROUND: f32 = 12_582_912.0;
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;

/// A polynomial, the constant term first.
///
/// By a plain index: with iterators the terms stay an array in memory, and no loop over the function is vectorised.
#[inline(always)]
fn polynomial<const TERMS: usize>(x: f32, terms: [f32; TERMS]) -> f32 {
    let mut value = terms[TERMS - 1];
    let mut index = TERMS - 1;
    while index > 0 {
        index -= 1;
        value = value * x + terms[index];
    }
    value
}

#[inline(always)]
fn choose(condition: bool, yes: f32, no: f32) -> f32 {
    std::hint::select_unpredictable(condition, yes, no)
}

/// `2^exponent` for exponents of normal numbers.
#[inline(always)]
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) << 23) as u32)
}

/// `x = exponent ln 2 + remainder`, and `e^remainder - 1`.
#[inline(always)]
fn reduced(x: f32) -> (i32, f32) {
    let shifted = x * LOG2_E + ROUND;
    let exponent = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let count = shifted - ROUND;
    let r = x - count * LN_2_HIGH - count * LN_2_LOW;
    let rest = polynomial(r, [0.5, 0.166_666_66, 4.166_626_6e-2, 8.333_511e-3, 1.394_686_6e-3, 1.978_816_1e-4]);
    (exponent, r + r * r * rest)
}

#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = choose(x > 89.0, 89.0, choose(x < -104.0, -104.0, x));
    let (exponent, minus_one) = reduced(x);
    // In two steps, because neither 2^128 nor 2^-150 is a normal number.
    let half = exponent >> 1;
    (minus_one + 1.0) * power_of_two(half) * power_of_two(exponent.wrapping_sub(half))
}

/// `e^x - 1`
#[inline(always)]
pub(super) fn exp_m1(x: f32) -> f32 {
    let near = near_exp_m1(choose(x > 20.0, 20.0, choose(x < -20.0, -20.0, x)));
    choose(x == 0.0, x, choose(x > 20.0, exp(x) - 1.0, near))
}

/// `e^x - 1` from -20 to 20, and 0 of -0.
#[inline(always)]
fn near_exp_m1(x: f32) -> f32 {
    let (exponent, minus_one) = reduced(x);
    let power = power_of_two(exponent);
    minus_one * power + (power - 1.0)
}

#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    let is_small = x < f32::MIN_POSITIVE;
    let bits = choose(is_small, x * 8_388_608.0, x).to_bits();
    // The fraction between sqrt(1/2) and sqrt(2), and the power of two that is left.
    let shifted = bits.wrapping_sub(0x3f35_04f3);
    let exponent = (shifted as i32) >> 23;
    let t = f32::from_bits((shifted & 0x007f_ffff).wrapping_add(0x3f35_04f3)) - 1.0;
    let exponent = exponent as f32 - choose(is_small, 23.0, 0.0);
    let rest = polynomial(
        t,
        [
            0.333_333_1,
            -0.249_999_87,
            0.200_022_27,
            -0.166_692_51,
            0.142_186_58,
            -0.123_843_48,
            0.118_729_76,
            -0.117_898_06,
            6.915_366e-2,
        ],
    );
    let square = t * t;
    let value = t + (exponent * LN_2_LOW + (square * t * rest - 0.5 * square)) + exponent * LN_2_HIGH;
    let value = choose(x == f32::INFINITY, x, value);
    let value = choose(x == 0.0, f32::NEG_INFINITY, value);
    choose(x >= 0.0, value, f32::NAN)
}

/// `ln(1 + x)`
#[inline(always)]
pub(super) fn ln_1p(x: f32) -> f32 {
    let sum = 1.0 + x;
    // What the addition has lost.
    let lost = (x - (sum - 1.0)) / sum;
    let value = ln(sum) + choose(sum > 0.0 && sum < f32::INFINITY, lost, 0.0);
    choose(x == 0.0, x, value)
}

#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    let size = x.abs();
    let power = near_exp_m1(2.0 * choose(size > 10.0, 10.0, size));
    (power / (power + 2.0)).copysign(x)
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let power = exp(-x.abs());
    choose(x < 0.0, power, 1.0) / (1.0 + power)
}

/// `ln(1 + e^x)`
#[inline(always)]
pub(super) fn softplus(x: f32) -> f32 {
    let positive = choose(x > 0.0, x, 0.0);
    let value = positive + ln_1p(exp(-x.abs()));
    // The comparison with zero has lost a NaN.
    choose(x.is_nan(), x, value)
}

/// The error function.
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let size = x.abs();
    let square = choose(size > 1.0, 1.0, size * size);
    let near = polynomial(
        square,
        [0.128_379_17, -0.376_126_26, 0.112_836, -2.685_444_4e-2, 5.189_535e-3, -8.020_841e-4, 7.889_119e-5],
    );
    let t = choose(size > 4.0, 4.0, size) - 1.0;
    let far = polynomial(
        t,
        [
            1.849_605_6,
            2.638_967_5,
            0.843_107_1,
            4.156_348_3e-2,
            -1.004_645_3e-2,
            2.011_967_4e-3,
            -2.895_284e-4,
            2.168_684_3e-5,
        ],
    );
    choose(size < 1.0, size + size * near, 1.0 - exp(-far)).copysign(x)
}

/// Beyond this size the remainder by `pi / 2` is no longer exact enough, and sine and cosine need [`far_sine`].
pub(super) const FAR: f32 = 1_048_576.0;

#[inline(always)]
pub(super) fn sin(x: f32) -> f32 {
    turned(x, 0)
}

#[inline(always)]
pub(super) fn cos(x: f32) -> f32 {
    turned(x, 1)
}

/// The sine of `x` and so many quarter turns, up to [`FAR`]; in double precision, because that is the cheap way to an
/// exact remainder.
#[inline(always)]
fn turned(x: f32, quarters: u64) -> f32 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    const PI_2_HIGH: f64 = 1.570_796_326_734_125_6;
    const PI_2_LOW: f64 = 6.077_100_506_506_192e-11;
    let x = f64::from(x);
    let shifted = x * std::f64::consts::FRAC_2_PI + ROUND;
    let quadrant = shifted.to_bits().wrapping_add(quarters);
    let count = shifted - ROUND;
    let r = (x - count * PI_2_HIGH) - count * PI_2_LOW;
    let z = r * r;
    let sine = r + r * z * (-1.666_666_7e-1 + z * (8.333_329e-3 + z * (-1.983_929_5e-4 + z * 2.717_94e-6)));
    let cosine =
        1.0 - 0.5 * z + z * z * (4.166_666_8e-2 + z * (-1.388_888_3e-3 + z * (2.479_948e-5 + z * -2.720_678_7e-7)));
    let value = if quadrant & 1 == 0 { sine } else { cosine };
    // A remainder of -0 keeps its sign.
    (if quadrant & 2 == 0 { value } else { -value }) as f32
}

/// The sine beyond [`FAR`], one by one.
pub(super) fn far_sine(x: f32) -> f32 {
    f64::from(x).sin() as f32
}

/// The cosine beyond [`FAR`], one by one.
pub(super) fn far_cosine(x: f32) -> f32 {
    f64::from(x).cos() as f32
}
