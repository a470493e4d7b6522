//! Random elements: each a pure function of the key, the run and its place.
//!
//! Element `i` at attempt `t` of run `r` is made of the Philox block of counter `[i low, i high, t, r]`:
//! its words give two numbers in `0..1` of 53 bits each.
//! Logarithm, cosine and square root are those of the platform in f64, so bits are promised per platform.

use std::f64::consts::TAU;

use crate::{Data, Distribution, Key, View, philox::philox};

/// The random numbers of a key in one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    key: [u32; 2],
    run: u32,
}

impl Stream {
    /// Of the run that a scalar holds, which the check has found to be i64; 0 without it.
    pub(crate) fn of(key: Key, run: Option<View<'_>>) -> Stream {
        let run = match run.map(|run| run.data) {
            Some(Data::I64(&[run])) => run as u64,
            _ => 0,
        };
        let [low, high] = key.words();
        // Runs beyond 2^32 have another key.
        Stream { key: [low, high ^ (run >> 32) as u32], run: run as u32 }
    }

    /// The four random words of a place.
    #[inline(always)]
    pub(crate) fn words(self, index: usize, attempt: u32) -> [u32; 4] {
        let index = index as u64;
        philox([index as u32, (index >> 32) as u32, attempt, self.run], self.key)
    }

    /// Two numbers in `0..1`.
    #[inline(always)]
    fn pair(self, index: usize, attempt: u32) -> [f64; 2] {
        let [a, b, c, d] = self.words(index, attempt);
        [unit(a, b), unit(c, d)]
    }
}

/// Element `index` of the stream, of a law of floats.
pub(crate) fn sample(distribution: &Distribution, stream: Stream, index: usize) -> f64 {
    match *distribution {
        Distribution::Uniform { low, high } => Uniform::new(low, high).sample(stream, index),
        Distribution::Normal { mean, stddev } => mean + stddev * normal(stream, index, 0),
        Distribution::TruncatedNormal { mean, stddev } => mean + stddev * truncated(stream, index),
        Distribution::UniformInt { .. } | Distribution::Bernoulli { .. } => integer(distribution, stream, index) as f64,
    }
}

/// [`sample`] rounded to single precision, still below the bound of a uniform distribution.
pub(crate) fn sample_f32(distribution: &Distribution, stream: Stream, index: usize) -> f32 {
    match *distribution {
        Distribution::Uniform { low, high } => Uniform::new(low, high).sample_f32(stream, index),
        _ => sample(distribution, stream, index) as f32,
    }
}

/// The even law over `low..high`, without a branch for each element: a loop over places becomes one of vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Uniform {
    low: f64,
    range: f64,
    /// What is not reached, unless there is nothing below it.
    end: f64,
    /// The greatest numbers below it.
    last: f64,
    last_f32: f32,
}

impl Uniform {
    pub(crate) fn new(low: f64, high: f64) -> Uniform {
        let end = if low < high { high } else { f64::INFINITY };
        Uniform { low, range: high - low, end, last: high.next_down(), last_f32: (high as f32).next_down() }
    }

    /// Element `index` of the stream.
    #[inline(always)]
    pub(crate) fn sample(&self, stream: Stream, index: usize) -> f64 {
        let value = self.low + self.range * stream.pair(index, 0)[0];
        // Rounding may reach the bound that is left out.
        if value >= self.end { self.last } else { value }
    }

    /// The same in single precision; what is rounded up to the bound or beyond it is the bound, rounded.
    #[inline(always)]
    pub(crate) fn sample_f32(&self, stream: Stream, index: usize) -> f32 {
        let rounded = self.sample(stream, index) as f32;
        if f64::from(rounded) >= self.end { self.last_f32 } else { rounded }
    }
}

/// Element `index` of the stream, of a law of whole numbers; of truths 1 or 0.
pub(crate) fn integer(distribution: &Distribution, stream: Stream, index: usize) -> i64 {
    match *distribution {
        Distribution::UniformInt { low, high } => {
            let [a, b, ..] = stream.words(index, 0);
            let bits = (u64::from(a) << 32) | u64::from(b);
            // The upper half of the product: a part of the range, of which each has as many bits to one in 2^64.
            let range = high.wrapping_sub(low) as u64;
            low.wrapping_add(((u128::from(bits) * u128::from(range)) >> 64) as i64)
        }
        Distribution::Bernoulli { probability } => i64::from(stream.pair(index, 0)[0] < probability),
        _ => sample(distribution, stream, index) as i64,
    }
}

/// Below it a random word drops an element.
pub(crate) fn threshold(rate: f64) -> u32 {
    (rate * 4_294_967_296.0) as u32
}

/// The first normal number within two standard deviations; one of 22 is refused.
fn truncated(stream: Stream, index: usize) -> f64 {
    let mut attempt = 0;
    loop {
        let value = normal(stream, index, attempt);
        if value.abs() <= 2.0 {
            return value;
        }
        attempt += 1;
    }
}

/// Box and Muller's transform of two even numbers.
fn normal(stream: Stream, index: usize, attempt: u32) -> f64 {
    let [radius, angle] = stream.pair(index, attempt);
    (-2.0 * (1.0 - radius).ln()).sqrt() * (TAU * angle).cos()
}

/// The upper 53 of 64 random bits as a fraction.
#[inline(always)]
fn unit(high: u32, low: u32) -> f64 {
    let bits = (u64::from(high) << 32) | u64::from(low);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}
