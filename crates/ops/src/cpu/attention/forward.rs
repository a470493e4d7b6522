//! The result, for some queries of a head at a time.

use super::{Head, Rules, multiply};
use crate::{
    cpu::{
        gemm::{Matrix, Output},
        isa::Registers,
        number::Float,
        shared::Shared,
        wide::{Work, wide},
    },
    kernel::AttentionSizes,
};

/// The most queries of a task.
const QUERIES: usize = 64;

/// Scores that are to stay in the caches.
const SCORES: usize = 1 << 14;

/// An attention to be computed.
pub(super) struct Forward<'a, T> {
    sizes: AttentionSizes,
    rules: Rules<'a, T>,
    operands: [&'a [T]; 3],
    result: Shared<T>,
    logarithms: Shared<T>,
}

/// The queries that are a task, whatever the threads.
fn block(sizes: AttentionSizes) -> usize {
    (SCORES / sizes.keys.max(1)).clamp(8, QUERIES).min(sizes.queries.max(1))
}

impl<'a, T: Registers> Forward<'a, T> {
    pub(super) fn new(
        sizes: AttentionSizes,
        rules: Rules<'a, T>,
        operands: [&'a [T]; 3],
        result: &'a mut [T],
        logarithms: &'a mut [T],
    ) -> Self {
        Self { sizes, rules, operands, result: Shared::new(result), logarithms: Shared::new(logarithms) }
    }

    /// Elements that a task works with: the scores of its queries, `[keys, queries]`.
    pub(super) fn space(sizes: AttentionSizes) -> usize {
        block(sizes) * sizes.keys
    }

    /// How many tasks there are: some for each head.
    pub(super) fn tasks(&self) -> usize {
        self.sizes.batch * self.sizes.heads * self.sizes.queries.div_ceil(block(self.sizes))
    }

    /// Computes the results of some queries.
    #[allow(unsafe_code, reason = "the rows of a head are not one slice")]
    pub(super) fn task(&self, task: usize, space: &mut [T]) {
        let AttentionSizes { queries, keys, heads, depth, width, .. } = self.sizes;
        let block = block(self.sizes);
        let tasks = queries.div_ceil(block);
        let (number, first) = (task / tasks, task % tasks * block);
        let count = block.min(queries - first);
        let seen = if self.rules.causal { keys.min(first + count) } else { keys };
        let [q, k, v] = self.operands;
        let of = |length, width| Head::new(self.sizes, number, length, width);
        let (rows, out) = (of(keys, depth), of(queries, width));
        let scores = &mut space[..seen * count];
        if seen > 0 {
            let (left, right) = (rows.lines(k, 0), of(queries, depth).lines(q, first));
            multiply([seen, depth, count], left, right, Output::rows(scores, count));
        }
        let mut inverses = [T::ZERO; QUERIES];
        let places = number * queries + first..number * queries + first + count;
        wide(Softmax {
            scores,
            first,
            scale: self.rules.scale,
            causal: self.rules.causal,
            mask: self.rules.mask_of(number / heads, keys),
            inverses: &mut inverses[..count],
            // SAFETY: no other task has these queries of this head.
            logarithms: unsafe { self.logarithms.part(places) },
        });
        if seen > 0 && width > 0 {
            let left = Matrix { values: &*scores, stride: count, lines_are_steps: true };
            // SAFETY: no other task has these queries of this head.
            let output = unsafe { Output::strided(self.result.at(out.row(first)), out.stride) };
            multiply([count, seen, width], left, of(keys, width).steps(v, 0), output);
        }
        for (row, &inverse) in (first..).zip(&inverses[..count]) {
            let place = out.row(row);
            // SAFETY: as above.
            let row = unsafe { self.result.part(place..place + width) };
            row.iter_mut().for_each(|value| *value = if seen > 0 { value.mul(inverse) } else { T::ZERO });
        }
    }
}

/// The exponentials of scores, a column for each query.
struct Softmax<'a, T> {
    scores: &'a mut [T],
    /// The number of the first query.
    first: usize,
    scale: T,
    causal: bool,
    mask: Option<&'a [bool]>,
    /// What the weighted sums are multiplied by.
    inverses: &'a mut [T],
    logarithms: &'a mut [T],
}

impl<T: Float> Work for Softmax<'_, T> {
    #[inline(always)]
    fn run(self) {
        let count = self.inverses.len();
        let mut greatest = [T::LEAST; QUERIES];
        let greatest = &mut greatest[..count];
        for (key, row) in self.scores.chunks_exact_mut(count).enumerate() {
            let is_masked = self.mask.is_some_and(|mask| !mask[key]);
            let hidden = match self.causal {
                _ if is_masked => count,
                true => key.saturating_sub(self.first).min(count),
                false => 0,
            };
            row[..hidden].fill(T::LEAST);
            for (score, greatest) in row.iter_mut().zip(&mut *greatest).skip(hidden) {
                *score = score.mul(self.scale);
                *greatest = greatest.maximum(*score);
            }
        }
        for greatest in &mut *greatest {
            *greatest = if *greatest == T::LEAST { T::ZERO } else { *greatest };
        }
        let sums = self.inverses;
        for row in self.scores.chunks_exact_mut(count) {
            for ((score, &greatest), sum) in row.iter_mut().zip(&*greatest).zip(&mut *sums) {
                *score = score.sub(greatest).exp();
                *sum = sum.add(*score);
            }
        }
        for ((sum, &greatest), logarithm) in sums.iter_mut().zip(&*greatest).zip(self.logarithms) {
            let is_nothing = *sum == T::ZERO;
            *logarithm = if is_nothing { T::GREATEST } else { greatest.add(sum.ln()) };
            *sum = if is_nothing { T::ZERO } else { T::ONE.div(*sum) };
        }
    }
}
