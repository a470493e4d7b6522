//! LAMB, whose steps are as long as the whole variable allows: a pass for the moments and the norms, and one that steps.

use super::{BLOCK, Block, Slots, begin, blocks, old, scalars};
use crate::{
    Target, View,
    cpu::{
        number::Float,
        pool::{Fork, Pool, Split},
        wide::{Work, wide},
    },
};

/// Independent sums of a block.
const LANES: usize = 16;

pub(super) fn lamb<T: Float>(pool: &Pool, targets: &mut [Target<'_>; 3], inputs: &[View<'_>]) {
    let [beta1_power, beta2_power, rate, beta1, beta2, epsilon, decay] = scalars::<T, 7>(inputs);
    let (toward_mean, toward_variance) = (T::ONE.sub(beta1), T::ONE.sub(beta2));
    let (mean_part, variance_part) = (T::ONE.sub(beta1_power), T::ONE.sub(beta2_power));
    let moments = move |[value, mean, variance]: [T; 3], gradient: T| {
        let mean = mean.add(gradient.sub(mean).mul(toward_mean));
        [value, mean, variance.add(gradient.mul(gradient).sub(variance).mul(toward_variance))]
    };
    let step = move |[value, mean, variance]: [T; 3]| {
        let deviation = variance.div(variance_part).sqrt().add(epsilon);
        mean.div(mean_part).div(deviation).add(decay.mul(value))
    };
    let (gradient, old) = (T::slice(inputs[7].data), old::<T, 3>(targets));
    let mut squares = [T::ZERO; 2];
    pool.enter(gradient.len() * 8, |fork| {
        squares = sums(fork, 0, Slots::of(targets), &|first, Slots(mut next)| {
            for (block, old) in next.iter_mut().zip(old) {
                begin(block, old, first);
            }
            let next_block = next.each_mut().map(|slot| &mut **slot);
            wide(Block { gradient: &gradient[first..], next: next_block, rule: moments });
            let mut squares = [T::ZERO; 2];
            wide(Squares { values: next.each_ref().map(|slot| &**slot), step, squares: &mut squares });
            squares
        });
    });
    let [weight, length] = squares.map(T::sqrt);
    let ratio = if weight == T::ZERO || length == T::ZERO { T::ONE } else { weight.div(length) };
    let rate = rate.mul(ratio);
    blocks(pool, Slots::of(targets), [None; 3], gradient, 4, move |values, _| {
        [values[0].sub(rate.mul(step(values))), values[1], values[2]]
    });
}

/// The sums of what `body` gives for each block, added up in a tree that depends on their number alone.
fn sums<T: Float, S: Split>(
    fork: Fork,
    first: usize,
    outputs: S,
    body: &(dyn Fn(usize, S) -> [T; 2] + Sync),
) -> [T; 2] {
    let rows = outputs.rows();
    if rows <= BLOCK {
        return body(first, outputs);
    }
    let half = rows.div_ceil(BLOCK) / 2 * BLOCK;
    let (left, right) = outputs.split(half);
    let (left, right) = fork.join(|| sums(fork, first, left, body), || sums(fork, first + half, right, body));
    [left[0].add(right[0]), left[1].add(right[1])]
}

/// The sums of the squares of the weights and of their steps, over one block.
struct Squares<'a, T, S> {
    values: [&'a [T]; 3],
    step: S,
    squares: &'a mut [T; 2],
}

impl<T: Float, S: Fn([T; 3]) -> T> Work for Squares<'_, T, S> {
    #[inline(always)]
    fn run(self) {
        let length = self.values[0].len();
        let values = self.values.map(|slot| &slot[..length]);
        let mut lanes = [[T::ZERO; LANES]; 2];
        let mut start = 0;
        while start < length {
            let count = LANES.min(length - start);
            for lane in 0..count {
                let element = values.map(|slot| slot[start + lane]);
                let step = (self.step)(element);
                lanes[0][lane] = lanes[0][lane].add(element[0].mul(element[0]));
                lanes[1][lane] = lanes[1][lane].add(step.mul(step));
            }
            start += count;
        }
        *self.squares = lanes.map(|lanes| lanes.into_iter().fold(T::ZERO, T::add));
    }
}
