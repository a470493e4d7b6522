//! Sums and products of all elements up to each one.

use super::super::{
    elementwise::BLOCK,
    number::{Float, Number},
    pool::{Pool, Rows},
};
use crate::kernel::Cumulate;

/// The lines along an axis: `inner` of them side by side, `extent` elements each.
#[derive(Clone, Copy, Debug)]
struct Lines {
    cumulate: Cumulate,
    extent: usize,
    inner: usize,
}

impl Lines {
    fn new(cumulate: Cumulate, shape: &[usize]) -> Lines {
        let inner = shape[cumulate.axis + 1..].iter().product();
        Lines { cumulate, extent: shape[cumulate.axis], inner }
    }

    /// Where the element that comes as number `time` stands in line `column`.
    fn place(self, time: usize, column: usize) -> usize {
        let index = if self.cumulate.reverse { self.extent - 1 - time } else { time };
        index * self.inner + column
    }

    /// Calls `each` with where a group of lines begins and its part of the output.
    fn groups<T: Number>(self, pool: &Pool, output: &mut [T], each: &(dyn Fn(usize, &mut [T]) + Sync)) {
        let (width, cost) = (self.extent * self.inner, output.len() * 2);
        if width == 0 {
            return;
        }
        let outputs = Rows { values: output, width };
        pool.blocks(outputs, (BLOCK / width).max(1), cost, &|first, block: Rows<'_, T>| {
            for (row, group) in block.values.chunks_exact_mut(width).enumerate() {
                each((first + row) * width, group);
            }
        });
    }
}

pub(super) fn cumulate<T: Number>(
    pool: &Pool,
    cumulate: Cumulate,
    shape: &[usize],
    one: T,
    input: &[T],
    output: &mut [T],
) {
    let lines = Lines::new(cumulate, shape);
    match cumulate.product {
        true => run(pool, lines, one, input, output, <T as Number>::mul),
        false => run(pool, lines, T::ZERO, input, output, <T as Number>::add),
    }
}

fn run<T: Number>(
    pool: &Pool,
    lines: Lines,
    neutral: T,
    input: &[T],
    output: &mut [T],
    combine: impl Fn(T, T) -> T + Copy + Sync,
) {
    let exclusive = lines.cumulate.exclusive;
    lines.groups(pool, output, &|start, output| {
        let input = &input[start..start + output.len()];
        for time in 0..lines.extent {
            let (at, before) = (lines.place(time, 0), lines.place(time.max(1) - 1, 0));
            let added = if exclusive { before } else { at };
            for column in 0..lines.inner {
                output[at + column] = match (time, exclusive) {
                    (0, true) => neutral,
                    (0, false) => input[at + column],
                    _ => combine(output[before + column], input[added + column]),
                };
            }
        }
    });
}

/// Each element's share: the product of the factors before it, times what follows of them and the gradients.
///
/// What follows is `s[t] = g[t] + x[t + 1] * s[t + 1]`, of exclusive products `g[t + 1] + x[t + 1] * s[t + 1]`; nothing is
/// divided by an element, which may be 0.
pub(super) fn cumprod_grad<T: Float>(
    pool: &Pool,
    cumulate: Cumulate,
    shape: &[usize],
    gradient: &[T],
    input: &[T],
    output: &mut [T],
) {
    let lines = Lines::new(cumulate, shape);
    lines.groups(pool, output, &|start, output| {
        let (gradient, input) = (&gradient[start..start + output.len()], &input[start..start + output.len()]);
        for column in 0..lines.inner {
            let mut product = T::ONE;
            for time in 0..lines.extent {
                let place = lines.place(time, column);
                output[place] = product;
                product = product.mul(input[place]);
            }
            let mut follows = T::ZERO;
            for time in (0..lines.extent).rev() {
                let place = lines.place(time, column);
                if !cumulate.exclusive {
                    follows = follows.add(gradient[place]);
                }
                output[place] = output[place].mul(follows);
                follows = follows.mul(input[place]);
                if cumulate.exclusive {
                    follows = follows.add(gradient[place]);
                }
            }
        }
    });
}
