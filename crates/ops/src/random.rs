//! Random elements: each a pure function of the key and its place.
//!
//! Element `i` at attempt `t` is made of the Philox block of counter `[i low, i high, t, 0]`:
//! its words give two numbers in `0..1` of 53 bits each.
//! Logarithm, cosine and square root are those of the platform in f64, so bits are promised per platform.

use std::f64::consts::TAU;

use crate::{Distribution, Key, philox::philox};

/// Element `index` of the stream `key`.
pub(crate) fn sample(distribution: &Distribution, key: Key, index: usize) -> f64 {
    match *distribution {
        Distribution::Uniform { low, high } => below(low + (high - low) * pair(key, index, 0)[0], low, high),
        Distribution::Normal { mean, stddev } => mean + stddev * normal(key, index, 0),
        Distribution::TruncatedNormal { mean, stddev } => mean + stddev * truncated(key, index),
    }
}

/// [`sample`] rounded to single precision, still below the bound of a uniform distribution.
pub(crate) fn sample_f32(distribution: &Distribution, key: Key, index: usize) -> f32 {
    let rounded = sample(distribution, key, index) as f32;
    match *distribution {
        Distribution::Uniform { low, high } if low < high && f64::from(rounded) >= high => rounded.next_down(),
        _ => rounded,
    }
}

/// Rounding may reach the bound that is left out.
fn below(value: f64, low: f64, high: f64) -> f64 {
    if value >= high && low < high { high.next_down() } else { value }
}

/// The first normal number within two standard deviations; one of 22 is refused.
fn truncated(key: Key, index: usize) -> f64 {
    let mut attempt = 0;
    loop {
        let value = normal(key, index, attempt);
        if value.abs() <= 2.0 {
            return value;
        }
        attempt += 1;
    }
}

/// Box and Muller's transform of two even numbers.
fn normal(key: Key, index: usize, attempt: u32) -> f64 {
    let [radius, angle] = pair(key, index, attempt);
    (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()
}

/// Two numbers in `0..1`.
fn pair(key: Key, index: usize, attempt: u32) -> [f64; 2] {
    let index = index as u64;
    let [a, b, c, d] = philox([index as u32, (index >> 32) as u32, attempt, 0], key.words());
    [unit(a, b), unit(c, d)]
}

/// The upper 53 of 64 random bits as a fraction.
fn unit(high: u32, low: u32) -> f64 {
    let bits = (u64::from(high) << 32) | u64::from(low);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
