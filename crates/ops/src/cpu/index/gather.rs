//! Slices by index: out of a tensor, and added into one.

use super::{
    super::{
        elementwise::BLOCK,
        number::{Float, Number},
        pool::{Pool, Rows},
    },
    Indices,
};
use crate::element::Element;

/// Blocks that the rows of a scattered output are cut into; each looks through all indices.
const BLOCKS: usize = 16;

/// Slices of `inner` elements, `outer` times `extent` of them in the whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slices<'a> {
    extent: usize,
    inner: usize,
    indices: Indices<'a>,
}

impl<'a> Slices<'a> {
    pub(super) fn new(whole: &[usize], axis: usize, indices: Indices<'a>) -> Slices<'a> {
        Slices { extent: whole[axis], inner: whole[axis + 1..].iter().product(), indices }
    }
}

pub(super) fn gather<T: Element>(pool: &Pool, slices: Slices<'_>, input: &[T], output: &mut [T]) {
    let Slices { extent, inner, indices } = slices;
    if output.is_empty() {
        return;
    }
    let (cost, count) = (output.len() / 2, indices.len());
    pool.blocks(Rows { values: output, width: inner }, (BLOCK / inner).max(1), cost, &|first, block: Rows<'_, T>| {
        for (row, to) in block.values.chunks_exact_mut(inner).enumerate() {
            let (outer, place) = ((first + row) / count, (first + row) % count);
            let from = (outer * extent + indices.at(place)) * inner;
            to.copy_from_slice(&input[from..from + inner]);
        }
    });
}

/// Adds each slice to where its index says, in order, to `start` or to zeros.
pub(super) fn scatter<T: Number>(pool: &Pool, slices: Slices<'_>, start: Option<&[T]>, added: &[T], output: &mut [T]) {
    let Slices { extent, inner, indices } = slices;
    if output.is_empty() {
        return;
    }
    let (rows, count) = (output.len() / inner, indices.len());
    let cost = output.len() / 2 + added.len();
    let outputs = Rows { values: output, width: inner };
    pool.blocks(outputs, rows.div_ceil(BLOCKS), cost, &|first, block: Rows<'_, T>| {
        match start {
            Some(start) => block.values.copy_from_slice(&start[first * inner..][..block.values.len()]),
            None => block.values.fill(T::ZERO),
        }
        let end = first + block.values.len() / inner;
        for outer in first / extent..end.div_ceil(extent) {
            for place in 0..count {
                let row = outer * extent + indices.at(place);
                if (first..end).contains(&row) {
                    let from = &added[(outer * count + place) * inner..][..inner];
                    let to = &mut block.values[(row - first) * inner..][..inner];
                    to.iter_mut().zip(from).for_each(|(to, from)| *to = to.add(*from));
                }
            }
        }
    });
}

/// The first of the slices with one index becomes their sum, added in their order, and the others 0.
pub(super) fn sum_duplicates<T: Number>(
    pool: &Pool,
    indices: Indices<'_>,
    order: &[i64],
    slices: &[T],
    output: &mut [T],
) {
    if output.is_empty() {
        return;
    }
    let (rows, width) = (indices.len(), output.len() / indices.len());
    let outputs = Rows { values: output, width };
    pool.blocks(outputs, rows.div_ceil(BLOCKS), slices.len() * 2, &|first, block: Rows<'_, T>| {
        block.values.fill(T::ZERO);
        let places = first..first + block.values.len() / width;
        let same = |one: &i64, other: &i64| indices.at(*one as usize) == indices.at(*other as usize);
        for group in order.chunk_by(same).filter(|group| places.contains(&(group[0] as usize))) {
            let sum = &mut block.values[(group[0] as usize - first) * width..][..width];
            for place in group {
                let from = &slices[*place as usize * width..][..width];
                sum.iter_mut().zip(from).for_each(|(sum, from)| *sum = sum.add(*from));
            }
        }
    });
}

/// Adds each element of a row to the place in the row of the output that its index says.
pub(super) fn scatter_along<T: Float>(
    pool: &Pool,
    [count, width]: [usize; 2],
    indices: Indices<'_>,
    added: &[T],
    output: &mut [T],
) {
    let cost = output.len() / 2 + added.len();
    let outputs = Rows { values: output, width };
    pool.blocks(outputs, (BLOCK / width.max(1)).max(1), cost, &|first, block: Rows<'_, T>| {
        block.values.fill(T::ZERO);
        for (row, to) in block.values.chunks_exact_mut(width.max(1)).enumerate() {
            for place in (first + row) * count..(first + row + 1) * count {
                let to = &mut to[indices.at(place)];
                *to = to.add(added[place]);
            }
        }
    });
}

/// `on` at the index along the axis of `depth`, which `inner` elements follow, else `off`.
pub(super) fn one_hot<T: Element>(
    pool: &Pool,
    [depth, inner]: [usize; 2],
    indices: Indices<'_>,
    on: T,
    off: T,
    output: &mut [T],
) {
    let (width, cost) = (depth * inner, output.len() / 2);
    pool.blocks(Rows { values: output, width }, (BLOCK / width.max(1)).max(1), cost, &|first, block: Rows<'_, T>| {
        block.values.fill(off);
        for (row, to) in block.values.chunks_exact_mut(width.max(1)).enumerate() {
            for column in 0..inner {
                let index = indices.at((first + row) * inner + column);
                if index < depth {
                    to[index * inner + column] = on;
                }
            }
        }
    });
}
