//! The gradients of queries, keys and values, for some keys of a head at a time: their scores are computed again.

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

/// The most keys whose scores are computed at once.
const KEYS: usize = 64;

/// Scores that are to stay in the caches.
const SCORES: usize = 1 << 13;

/// Gradients to be computed.
pub(super) struct Gradient<'a, T> {
    sizes: AttentionSizes,
    rules: Rules<'a, T>,
    /// The gradient of the result, queries, keys, values, the result, logarithms.
    inputs: [&'a [T]; 6],
    dq: Shared<T>,
    dk: Shared<T>,
    dv: Shared<T>,
}

fn block(sizes: AttentionSizes) -> usize {
    (SCORES / sizes.queries.max(1)).clamp(8, KEYS).min(sizes.keys.max(1))
}

impl<'a, T: Registers> Gradient<'a, T> {
    pub(super) fn new(
        sizes: AttentionSizes,
        rules: Rules<'a, T>,
        inputs: [&'a [T]; 6],
        outputs: [&'a mut [T]; 3],
    ) -> Self {
        let [dq, dk, dv] = outputs.map(Shared::new);
        Self { sizes, rules, inputs, dq, dk, dv }
    }

    /// Elements that a head works with: shares and slopes `[keys, queries]`, a number for each query, and `[queries, depth]`.
    pub(super) fn space(sizes: AttentionSizes) -> usize {
        sizes.queries * (2 * block(sizes) + 1 + sizes.depth)
    }

    /// Computes the gradients of one head.
    #[allow(unsafe_code, reason = "the rows of a head are not one slice")]
    pub(super) fn head(&self, number: usize, space: &mut [T]) {
        let AttentionSizes { queries, keys, depth, width, .. } = self.sizes;
        let block = block(self.sizes);
        let (along, space) = space.split_at_mut(queries);
        self.along(number, along);
        let (shares, space) = space.split_at_mut(block * queries);
        let (slopes, moved) = space.split_at_mut(block * queries);
        let q = Head::new(self.sizes, number, queries, depth);
        if keys == 0 {
            // SAFETY: no other task has this head.
            return unsafe { fill(&self.dq, q, 0..queries, depth) };
        }
        for first in (0..keys).step_by(block) {
            let count = block.min(keys - first);
            let start = if self.rules.causal { first } else { 0 };
            let Some(seen) = queries.checked_sub(start).filter(|seen| *seen > 0) else {
                let of = |width| Head::new(self.sizes, number, keys, width);
                // SAFETY: no other task has this head.
                unsafe {
                    fill(&self.dk, of(depth), first..keys, depth);
                    fill(&self.dv, of(width), first..keys, width);
                }
                break;
            };
            let (shares, slopes) = (&mut shares[..count * seen], &mut slopes[..count * seen]);
            self.scores(number, first, start, [shares, slopes], along);
            self.of_keys(number, first, start, [shares, slopes]);
            let slopes = Matrix { values: &*slopes, stride: seen, lines_are_steps: true };
            let k = Head::new(self.sizes, number, keys, depth).steps(self.inputs[2], first);
            if first == 0 {
                // SAFETY: no other task has this head.
                let output = unsafe { Output::strided(self.dq.at(q.first), q.stride) };
                multiply([seen, count, depth], slopes, k, output);
            } else {
                let moved = &mut moved[..seen * depth];
                multiply([seen, count, depth], slopes, k, Output::rows(moved, depth));
                for (row, moved) in (start..queries).zip(moved.chunks_exact(depth)) {
                    let place = q.row(row);
                    // SAFETY: no other task has this head.
                    let row = unsafe { self.dq.part(place..place + depth) };
                    row.iter_mut().zip(moved).for_each(|(sum, moved)| *sum = sum.add(*moved));
                }
            }
        }
    }

    /// The product of each query's result and its gradient: the mean of its slopes.
    fn along(&self, number: usize, along: &mut [T]) {
        let AttentionSizes { queries, width, .. } = self.sizes;
        let (dy, y) = (self.inputs[0], self.inputs[4]);
        let rows = Head::new(self.sizes, number, queries, width);
        for (row, along) in along.iter_mut().enumerate() {
            let places = rows.row(row)..rows.row(row) + width;
            let products = dy[places.clone()].iter().zip(&y[places]).map(|(dy, y)| dy.mul(*y));
            *along = products.fold(T::ZERO, |sum, product| sum.add(product));
        }
    }

    /// The shares that the queries from `start` on give to some keys, and the gradients of their scores.
    fn scores(&self, number: usize, first: usize, start: usize, [shares, slopes]: [&mut [T]; 2], along: &[T]) {
        let AttentionSizes { queries, keys, heads, depth, width, .. } = self.sizes;
        let [dy, q, k, v, _, logarithms] = self.inputs;
        let seen = queries - start;
        let count = shares.len() / seen;
        let of = |length, width| Head::new(self.sizes, number, length, width);
        let (left, right) = (of(keys, depth).lines(k, first), of(queries, depth).lines(q, start));
        multiply([count, depth, seen], left, right, Output::rows(shares, seen));
        if width > 0 {
            let (left, right) = (of(keys, width).lines(v, first), of(queries, width).lines(dy, start));
            multiply([count, width, seen], left, right, Output::rows(slopes, seen));
        } else {
            slopes.fill(T::ZERO);
        }
        wide(Shares {
            shares,
            slopes,
            first,
            start,
            scale: self.rules.scale,
            causal: self.rules.causal,
            mask: self.rules.mask_of(number / heads, keys).map(|mask| &mask[first..]),
            logarithms: &logarithms[number * queries + start..(number + 1) * queries],
            along: &along[start..],
        });
    }

    /// The gradients of keys and values.
    #[allow(unsafe_code, reason = "the rows of a head are not one slice")]
    fn of_keys(&self, number: usize, first: usize, start: usize, [shares, slopes]: [&[T]; 2]) {
        let AttentionSizes { queries, keys, depth, width, .. } = self.sizes;
        let seen = queries - start;
        let count = shares.len() / seen;
        let of = |length, width| Head::new(self.sizes, number, length, width);
        let scores = |values| Matrix { values, stride: seen, lines_are_steps: false };
        let (to_k, to_v) = (of(keys, depth), of(keys, width));
        // SAFETY: no other task has this head.
        let output = unsafe { Output::strided(self.dk.at(to_k.row(first)), to_k.stride) };
        multiply([count, seen, depth], scores(slopes), of(queries, depth).steps(self.inputs[1], start), output);
        if width > 0 {
            // SAFETY: no other task has this head.
            let output = unsafe { Output::strided(self.dv.at(to_v.row(first)), to_v.stride) };
            multiply([count, seen, width], scores(shares), of(queries, width).steps(self.inputs[0], start), output);
        }
    }
}

/// Fills rows of a head with zeros.
///
/// # Safety
/// Nobody else uses these rows meanwhile.
#[allow(unsafe_code, reason = "the rows of a head are not one slice")]
unsafe fn fill<T: Float>(values: &Shared<T>, head: Head, rows: std::ops::Range<usize>, width: usize) {
    for row in rows {
        // SAFETY: the caller's promise.
        unsafe { values.part(head.row(row)..head.row(row) + width) }.fill(T::ZERO);
    }
}

/// Shares out of scores, and gradients of scores out of those of shares; a row for each key, a column for each query.
struct Shares<'a, T> {
    shares: &'a mut [T],
    slopes: &'a mut [T],
    /// The number of the first key.
    first: usize,
    /// The number of the first query.
    start: usize,
    scale: T,
    causal: bool,
    mask: Option<&'a [bool]>,
    logarithms: &'a [T],
    along: &'a [T],
}

impl<T: Float> Work for Shares<'_, T> {
    #[inline(always)]
    fn run(self) {
        let seen = self.logarithms.len();
        let rows = self.shares.chunks_exact_mut(seen).zip(self.slopes.chunks_exact_mut(seen));
        for (key, (shares, slopes)) in rows.enumerate() {
            let is_masked = self.mask.is_some_and(|mask| !mask[key]);
            let hidden = match self.causal {
                _ if is_masked => seen,
                true => (self.first + key).saturating_sub(self.start).min(seen),
                false => 0,
            };
            let queries = shares.iter_mut().zip(slopes.iter_mut()).zip(self.logarithms).zip(self.along);
            for (((share, slope), &logarithm), &along) in queries {
                *share = share.mul(self.scale).sub(logarithm).exp();
                *slope = slope.sub(along).mul(*share).mul(self.scale);
            }
            shares[..hidden].fill(T::ZERO);
            slopes[..hidden].fill(T::ZERO);
        }
    }
}
