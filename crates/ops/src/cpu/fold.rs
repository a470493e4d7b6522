//! Folding many elements into one, in a tree that depends on their number alone.

use super::{number::Number, pool::Fork};
use crate::element::Element;

/// How two elements become one.
pub(super) trait Combine<T> {
    /// What an element is combined with to stay as it is.
    const IDENTITY: T;
    fn combine(left: T, right: T) -> T;
}

#[derive(Debug)]
pub(super) struct Sum;

impl<T: Number> Combine<T> for Sum {
    const IDENTITY: T = T::ZERO;

    #[inline(always)]
    fn combine(left: T, right: T) -> T {
        left.add(right)
    }
}

#[derive(Debug)]
pub(super) struct Max;

impl<T: Number> Combine<T> for Max {
    const IDENTITY: T = T::LEAST;

    #[inline(always)]
    fn combine(left: T, right: T) -> T {
        left.maximum(right)
    }
}

#[derive(Debug)]
pub(super) struct Min;

impl<T: Number> Combine<T> for Min {
    const IDENTITY: T = T::GREATEST;

    #[inline(always)]
    fn combine(left: T, right: T) -> T {
        left.minimum(right)
    }
}

#[derive(Debug)]
pub(super) struct Prod;

impl<T: Number> Combine<T> for Prod {
    const IDENTITY: T = T::ONE;

    #[inline(always)]
    fn combine(left: T, right: T) -> T {
        left.mul(right)
    }
}

#[derive(Debug)]
pub(super) struct All;

impl Combine<bool> for All {
    const IDENTITY: bool = true;

    #[inline(always)]
    fn combine(left: bool, right: bool) -> bool {
        left & right
    }
}

#[derive(Debug)]
pub(super) struct Any;

impl Combine<bool> for Any {
    const IDENTITY: bool = false;

    #[inline(always)]
    fn combine(left: bool, right: bool) -> bool {
        left | right
    }
}

/// Elements that one leaf of the tree folds; each of its lanes takes 64 of them, so a sum stays accurate.
const LEAF: usize = 64 * LANES;

/// Independent accumulators of a leaf: enough to fill the vector registers and hide the latency of an addition.
const LANES: usize = 16;

/// Below this many elements a subtree is folded by one thread.
pub(super) const GRAIN: usize = 1 << 15;

/// Folds consecutive elements.
pub(super) fn fold<T: Element, C: Combine<T>>(values: &[T], fork: Fork) -> T {
    if values.len() <= LEAF {
        return leaf::<T, C>(values);
    }
    let (left, right) = values.split_at(values.len().div_ceil(LEAF) / 2 * LEAF);
    let fork = if values.len() > GRAIN { fork } else { Fork::Caller };
    let (left, right) = fork.join(|| fold::<T, C>(left, fork), || fold::<T, C>(right, fork));
    C::combine(left, right)
}

fn leaf<T: Element, C: Combine<T>>(values: &[T]) -> T {
    if values.len() < LANES {
        return values.iter().fold(C::IDENTITY, |folded, &value| C::combine(folded, value));
    }
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [C::IDENTITY; LANES];
    for chunk in chunks {
        for (lane, &value) in lanes.iter_mut().zip(chunk) {
            *lane = C::combine(*lane, value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = C::combine(*lane, value);
    }
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = C::combine(lanes[lane], lanes[lane + width]);
        }
    }
    lanes[0]
}
