//! Elements by their order.

use std::cmp::Ordering;

use super::{
    super::{
        elementwise::BLOCK,
        number::{Float, Number},
        pool::{Pool, Rows},
    },
    Indices,
};
use crate::{
    View, ViewMut,
    element::{Element, with_number},
};

pub(super) fn top_k(
    pool: &Pool,
    ascending: bool,
    input: View<'_>,
    values: &mut ViewMut<'_>,
    indices: &mut ViewMut<'_>,
) {
    let (width, count) = (input.shape.last().copied().unwrap_or(1), values.shape.last().copied().unwrap_or(1));
    if count == 0 || input.data.len() == 0 {
        return;
    }
    let cost = input.data.len() * 8;
    let rows_a_block = (BLOCK / 8 / width).max(1);
    with_number!(input.data.dtype(), T => {
        let input = T::slice(input.data);
        let values = Rows { values: T::slice_mut(&mut values.data), width: count };
        let indices = Rows { values: i32::slice_mut(&mut indices.data), width: count };
        pool.blocks((values, indices), rows_a_block, cost, &|first, (values, indices)| {
            let rows = values.values.chunks_exact_mut(count).zip(indices.values.chunks_exact_mut(count));
            for (row, (values, indices)) in rows.enumerate() {
                let input = &input[(first + row) * width..][..width];
                choose(&|one, other| compare(input, ascending, one, other), width, indices);
                for (value, index) in values.iter_mut().zip(indices) {
                    *value = input[*index as usize];
                }
            }
        });
    });
}

/// Which of two places of a row comes first: by value, NaN being the greatest, then by place.
fn compare<T: Number>(row: &[T], ascending: bool, one: i32, other: i32) -> Ordering {
    let (x, y) = (row[one as usize], row[other as usize]);
    let order = x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()));
    if ascending { order } else { order.reverse() }.then(one.cmp(&other))
}

/// The first of `width` places, in order; those found so far are a heap whose root comes last.
fn choose(compare: &dyn Fn(i32, i32) -> Ordering, width: usize, chosen: &mut [i32]) {
    chosen.iter_mut().zip(0..).for_each(|(place, index)| *place = index);
    if chosen.len() < width {
        (0..chosen.len() / 2).rev().for_each(|root| sift(compare, chosen, root));
        for place in chosen.len()..width {
            if compare(place as i32, chosen[0]) == Ordering::Less {
                chosen[0] = place as i32;
                sift(compare, chosen, 0);
            }
        }
    }
    chosen.sort_unstable_by(|one, other| compare(*one, *other));
}

/// Lets what stands at `root` sink until nothing below it comes later.
fn sift(compare: &dyn Fn(i32, i32) -> Ordering, heap: &mut [i32], mut root: usize) {
    loop {
        let children = 2 * root + 1..(2 * root + 3).min(heap.len());
        let Some(last) = children.max_by(|one, other| compare(heap[*one], heap[*other])) else { return };
        if compare(heap[last], heap[root]) != Ordering::Greater {
            return;
        }
        heap.swap(root, last);
        root = last;
    }
}

pub(super) fn in_top_k<T: Float>(
    pool: &Pool,
    count: usize,
    classes: usize,
    predictions: &[T],
    targets: Indices<'_>,
    output: &mut [bool],
) {
    let cost = predictions.len();
    pool.blocks(output, (BLOCK / classes.max(1)).max(1), cost, &|first, block: &mut [bool]| {
        for (row, is_top) in block.iter_mut().enumerate() {
            let predictions = &predictions[(first + row) * classes..][..classes];
            // The difference of an infinity or a NaN from itself is NaN.
            let target = predictions.get(targets.at(first + row)).filter(|value| !value.sub(**value).is_nan());
            let exceed = |target: &T| predictions.iter().filter(|value| *value > target).count();
            *is_top = target.is_some_and(|target| exceed(target) < count);
        }
    });
}

/// The places of the indices in ascending order, equal ones in their order.
pub(super) fn order(indices: Indices<'_>, output: &mut [i64]) {
    output.iter_mut().zip(0..).for_each(|(place, number)| *place = number);
    output.sort_unstable_by_key(|place| (indices.at(*place as usize), *place));
}
