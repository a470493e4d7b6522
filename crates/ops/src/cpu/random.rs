//! Random elements, and values dropped at random.

use super::{
    elementwise::{BLOCK, TRANSCENDENTAL},
    number::Float,
    pool::Pool,
    wide::{Work, wide},
};
use crate::{
    Distribution, Key, View, ViewMut,
    element::{Element, unchecked_dtype, with_float},
    random::{self, Stream, Uniform},
    view::DType,
};

pub(super) fn random(pool: &Pool, distribution: &Distribution, stream: Stream, output: &mut ViewMut<'_>) {
    if let Distribution::Uniform { low, high } = *distribution {
        return uniform(pool, Uniform::new(low, high), stream, output);
    }
    match output.data.as_data().dtype() {
        DType::F32 => fill(pool, output, |index| random::sample_f32(distribution, stream, index)),
        DType::F64 => fill(pool, output, |index| random::sample(distribution, stream, index)),
        DType::I32 => fill(pool, output, |index| random::integer(distribution, stream, index) as i32),
        DType::I64 => fill(pool, output, |index| random::integer(distribution, stream, index)),
        DType::Bool => fill(pool, output, |index| random::integer(distribution, stream, index) != 0),
        DType::U8 | DType::Bf16 | DType::F16 => unchecked_dtype(),
    }
}

/// Fills the output by place.
fn fill<T: Element>(pool: &Pool, output: &mut ViewMut<'_>, element: impl Fn(usize) -> T + Sync) {
    let output = T::slice_mut(&mut output.data);
    let cost = output.len() * 4 * TRANSCENDENTAL;
    pool.blocks(output, BLOCK / 8, cost, &|first, block: &mut [T]| {
        for (index, value) in block.iter_mut().enumerate() {
            *value = element(first + index);
        }
    });
}

fn uniform(pool: &Pool, law: Uniform, stream: Stream, output: &mut ViewMut<'_>) {
    with_float!(output.data.as_data().dtype(), T => {
        let output = T::slice_mut(&mut output.data);
        let cost = output.len() * TRANSCENDENTAL;
        pool.blocks(output, BLOCK / 8, cost, &|first, block: &mut [T]| wide(Even { law, stream, first, block }));
    });
}

/// A loop of its own: a closure as long would be called for each element, not made part of a vectorised loop.
struct Even<'a, T> {
    law: Uniform,
    stream: Stream,
    first: usize,
    block: &'a mut [T],
}

impl Work for Even<'_, f32> {
    #[inline(always)]
    fn run(self) {
        for (index, value) in self.block.iter_mut().enumerate() {
            *value = self.law.sample_f32(self.stream, self.first + index);
        }
    }
}

impl Work for Even<'_, f64> {
    #[inline(always)]
    fn run(self) {
        for (index, value) in self.block.iter_mut().enumerate() {
            *value = self.law.sample(self.stream, self.first + index);
        }
    }
}

pub(super) fn dropout(pool: &Pool, rate: f64, key: Key, input: View<'_>, run: View<'_>, output: &mut ViewMut<'_>) {
    let stream = Stream::of(key, Some(run));
    with_float!(input.data.dtype(), T => dropped::<T>(pool, rate, stream, input, output));
}

/// Blocks begin at multiples of four, which is how many elements one block of random words is for.
fn dropped<T: Float>(pool: &Pool, rate: f64, stream: Stream, input: View<'_>, output: &mut ViewMut<'_>) {
    let (input, output) = (T::slice(input.data), T::slice_mut(&mut output.data));
    let (threshold, scale) = (random::threshold(rate), T::from_f64(1.0 / (1.0 - rate)));
    let cost = output.len() * 2 * TRANSCENDENTAL;
    pool.blocks(output, BLOCK / 8, cost, &|first, block: &mut [T]| {
        for (index, four) in block.chunks_mut(4).enumerate() {
            let place = first + 4 * index;
            let words = stream.words(place / 4, 0);
            for ((value, &x), word) in four.iter_mut().zip(&input[place..]).zip(words) {
                *value = if word < threshold { T::ZERO } else { x.mul(scale) };
            }
        }
    });
}
