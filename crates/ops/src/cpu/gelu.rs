//! The approximate GELU and its derivative.
//!
//! Loops of their own: a closure as long would be called for each element, not made part of a vectorised loop.

use super::{
    elementwise::{BLOCK, TRANSCENDENTAL},
    number::Float,
    pool::Pool,
    wide::{Work, wide},
};
use crate::kernel::{GELU_CUBE, GELU_SCALE};

/// `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`
pub(super) fn gelu<T: Float>(pool: &Pool, input: &[T], output: &mut [T]) {
    pool.blocks(output, BLOCK / TRANSCENDENTAL, input.len() * TRANSCENDENTAL, &|first, block: &mut [T]| {
        wide(Gelu { input: &input[first..first + block.len()], output: block });
    });
}

/// The derivative of [`gelu`] at each value, times the gradient.
pub(super) fn gelu_grad<T: Float>(pool: &Pool, gradient: &[T], value: &[T], output: &mut [T]) {
    pool.blocks(output, BLOCK / TRANSCENDENTAL, value.len() * TRANSCENDENTAL, &|first, block: &mut [T]| {
        let places = first..first + block.len();
        wide(GeluGrad { gradient: &gradient[places.clone()], value: &value[places], output: block });
    });
}

struct Gelu<'a, T> {
    input: &'a [T],
    output: &'a mut [T],
}

impl<T: Float> Work for Gelu<'_, T> {
    #[inline(always)]
    fn run(self) {
        let half = T::from_f64(0.5);
        for (output, &x) in self.output.iter_mut().zip(self.input) {
            *output = half.mul(x).mul(T::ONE.add(argument(x).tanh()));
        }
    }
}

struct GeluGrad<'a, T> {
    gradient: &'a [T],
    value: &'a [T],
    output: &'a mut [T],
}

impl<T: Float> Work for GeluGrad<'_, T> {
    #[inline(always)]
    fn run(self) {
        let (one, half) = (T::ONE, T::from_f64(0.5));
        let (scale, cube) = (T::from_f64(GELU_SCALE), T::from_f64(3.0 * GELU_CUBE));
        for ((output, &gradient), &x) in self.output.iter_mut().zip(self.gradient).zip(self.value) {
            let tanh = argument(x).tanh();
            let slope = scale.mul(one.add(cube.mul(x).mul(x)));
            let bend = half.mul(x).mul(one.sub(tanh.mul(tanh))).mul(slope);
            *output = gradient.mul(half.mul(one.add(tanh)).add(bend));
        }
    }
}

/// `sqrt(2 / pi) (x + 0.044715 x^3)`
#[inline(always)]
fn argument<T: Float>(x: T) -> T {
    T::from_f64(GELU_SCALE).mul(x.add(T::from_f64(GELU_CUBE).mul(x.mul(x).mul(x))))
}
