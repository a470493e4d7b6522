//! Repetition along axes, and its adjoint.

use std::ops::Range;

use super::super::{elementwise::BLOCK, number::Float, pool::Pool};
use crate::element::Element;

/// Neighbouring outputs that are summed together.
const STRIP: usize = 64;

/// Repetitions that are added one after the other, before halves are combined.
const IN_ORDER: usize = 64;

pub(super) fn tile<T: Element>(pool: &Pool, once: &[usize], tiled: &[usize], input: &[T], output: &mut [T]) {
    let (width, run) = (tiled.last().copied().unwrap_or(1), once.last().copied().unwrap_or(1));
    let cost = output.len() / 2;
    pool.blocks(output, BLOCK, cost, &|first, block: &mut [T]| {
        let (mut row, mut column, mut rest) = (first / width.max(1), first % width.max(1), block);
        while !rest.is_empty() {
            let (mut part, after) = rest.split_at_mut((width - column).min(rest.len()));
            let source = &input[original(once, tiled, row) * run..][..run];
            while !part.is_empty() {
                let from = &source[column % run..];
                let (copy, behind) = part.split_at_mut(from.len().min(part.len()));
                copy.copy_from_slice(&from[..copy.len()]);
                (column, part) = (column + copy.len(), behind);
            }
            (row, column, rest) = (row + 1, 0, after);
        }
    });
}

/// The row of the original that stands at a row of the repetition.
fn original(once: &[usize], tiled: &[usize], mut row: usize) -> usize {
    let (mut source, mut rows) = (0, 1);
    for axis in (0..once.len().saturating_sub(1)).rev() {
        source += row % tiled[axis] % once[axis] * rows;
        row /= tiled[axis];
        rows *= once[axis];
    }
    source
}

pub(super) fn tile_grad<T: Float>(pool: &Pool, once: &[usize], tiled: &[usize], input: &[T], output: &mut [T]) {
    let run = once.last().copied().unwrap_or(1);
    let copies = once.iter().zip(tiled).map(|(once, tiled)| tiled / (*once).max(1)).product::<usize>();
    let cost = input.len();
    pool.blocks(output, BLOCK / copies.clamp(1, BLOCK), cost, &|first, block: &mut [T]| {
        let (mut place, mut rest) = (first, block);
        while !rest.is_empty() {
            // A strip lies in one row, so that its repetitions are neighbours too.
            let length = (run - place % run).min(STRIP).min(rest.len());
            let (strip, after) = rest.split_at_mut(length);
            let sums = sum(0..copies, length, &|copy| &input[repetition(once, tiled, place, copy)..][..length]);
            strip.copy_from_slice(&sums[..length]);
            (place, rest) = (place + length, after);
        }
    });
}

/// Where the element at `place` stands in repetition number `copy`.
fn repetition(once: &[usize], tiled: &[usize], mut place: usize, mut copy: usize) -> usize {
    let (mut found, mut stride) = (0, 1);
    for (&once, &tiled) in once.iter().zip(tiled).rev() {
        let copies = tiled / once;
        found += (copy % copies * once + place % once) * stride;
        (place, copy, stride) = (place / once, copy / copies, stride * tiled);
    }
    found
}

/// Adds strips up, in a tree that depends on their number alone.
fn sum<'a, T: Float>(copies: Range<usize>, length: usize, strip: &dyn Fn(usize) -> &'a [T]) -> [T; STRIP] {
    if copies.len() <= IN_ORDER {
        let mut sums = [T::ZERO; STRIP];
        for copy in copies {
            sums[..length].iter_mut().zip(strip(copy)).for_each(|(sum, value)| *sum = sum.add(*value));
        }
        return sums;
    }
    let half = copies.start + copies.len() / 2;
    let (mut left, right) = (sum(copies.start..half, length, strip), sum(half..copies.end, length, strip));
    left.iter_mut().zip(right).for_each(|(left, right)| *left = left.add(right));
    left
}
