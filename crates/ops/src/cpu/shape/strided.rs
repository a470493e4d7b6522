//! Elements read at regular distances: transposes, slices, reversals, broadcasts.

use super::{
    super::{
        elementwise::BLOCK,
        pool::{Pool, Rows},
    },
    odometer::{Axis, Odometer},
};
use crate::{element::Element, shape::MAX_RANK};

/// Rows and columns of a square that is turned at once: its lines of both sides stay in the first-level cache.
const TILE: usize = 32;

/// Rows and columns of a square that is turned in registers.
const SQUARE: usize = 8;

pub(super) fn strided<T: Element>(
    pool: &Pool,
    offset: usize,
    strides: &[isize],
    input: &[T],
    shape: &[usize],
    output: &mut [T],
) {
    if output.is_empty() {
        return;
    }
    let layout = Layout::new(shape, strides);
    let (axes, last) = layout.split();
    let turned = axes.iter().rposition(|axis| axis.stride == 1 && axis.extent >= SQUARE);
    match turned {
        Some(axis) if last.stride > 1 && last.extent >= SQUARE => {
            turn(pool, &Turned::new(axes, axis, last, offset), input, output);
        }
        _ => rows(pool, axes, last, offset, input, output),
    }
}

/// The axes of the output, those of one element left out, and neighbours that are read as one being one.
#[derive(Clone, Copy, Debug)]
struct Layout {
    axes: [Axis; MAX_RANK],
    rank: usize,
}

impl Layout {
    fn new(shape: &[usize], strides: &[isize]) -> Layout {
        let mut layout = Layout { axes: [Axis { extent: 1, stride: 1 }; MAX_RANK], rank: 0 };
        for (&extent, &stride) in shape.iter().zip(strides).filter(|(extent, _)| **extent != 1) {
            let outer = layout.rank.checked_sub(1).map(|outer| &mut layout.axes[outer]);
            match outer {
                Some(outer) if outer.stride == stride * extent as isize => {
                    *outer = Axis { extent: outer.extent * extent, stride };
                }
                _ => {
                    layout.axes[layout.rank] = Axis { extent, stride };
                    layout.rank += 1;
                }
            }
        }
        layout.rank = layout.rank.max(1);
        layout
    }

    /// The outer axes, and the last one.
    fn split(&self) -> (&[Axis], Axis) {
        (&self.axes[..self.rank - 1], self.axes[self.rank - 1])
    }
}

/// Row by row, in the order of the output.
fn rows<T: Element>(pool: &Pool, axes: &[Axis], last: Axis, offset: usize, input: &[T], output: &mut [T]) {
    let cost = if last.stride == 1 { output.len() / 2 } else { output.len() };
    pool.blocks(output, BLOCK, cost, &|first, block: &mut [T]| {
        let mut odometer = Odometer::new(axes, offset, first / last.extent);
        let (mut column, mut rest) = (first % last.extent, block);
        while !rest.is_empty() {
            let (part, after) = rest.split_at_mut((last.extent - column).min(rest.len()));
            run(input, odometer.place() + column as isize * last.stride, last.stride, part);
            (column, rest) = (0, after);
            odometer.advance();
        }
    });
}

fn run<T: Element>(input: &[T], start: isize, stride: isize, output: &mut [T]) {
    match stride {
        1 => output.copy_from_slice(&input[start as usize..start as usize + output.len()]),
        0 => output.fill(input[start as usize]),
        _ => {
            let mut place = start;
            for element in output {
                *element = input[place as usize];
                place += stride;
            }
        }
    }
}

/// An output whose neighbours along one axis are neighbours in the input, but not those along its last axis.
#[derive(Debug)]
struct Turned<'a> {
    offset: usize,
    /// The axes before the one along which the input runs.
    outer: &'a [Axis],
    /// The extent of that one.
    across: usize,
    /// The axes between it and the last one.
    middle: &'a [Axis],
    last: Axis,
    /// Elements of the output from one index of `across` to the next.
    width: usize,
}

impl<'a> Turned<'a> {
    fn new(axes: &'a [Axis], axis: usize, last: Axis, offset: usize) -> Turned<'a> {
        let middle = &axes[axis + 1..];
        let width = middle.iter().map(|axis| axis.extent).product::<usize>() * last.extent;
        Turned { offset, outer: &axes[..axis], across: axes[axis].extent, middle, last, width }
    }
}

fn turn<T: Element>(pool: &Pool, turned: &Turned<'_>, input: &[T], output: &mut [T]) {
    let cost = output.len();
    let outputs = Rows { values: output, width: turned.width };
    pool.blocks(outputs, TILE, cost, &|first, block: Rows<'_, T>| {
        let (mut row, mut rest) = (first, block.values);
        while !rest.is_empty() {
            let across = row % turned.across;
            let count = (turned.across - across).min(rest.len() / turned.width);
            let (strip, after) = rest.split_at_mut(count * turned.width);
            let start = Odometer::new(turned.outer, turned.offset + across, row / turned.across).place();
            turn_strip(turned, input, start as usize, count, strip);
            (row, rest) = (row + count, after);
        }
    });
}

/// `count` indices of `across`, beginning in the input at `start`.
fn turn_strip<T: Element>(turned: &Turned<'_>, input: &[T], start: usize, count: usize, strip: &mut [T]) {
    let (extent, stride) = (turned.last.extent, turned.last.stride as usize);
    let mut odometer = Odometer::new(turned.middle, start, 0);
    for middle in (0..turned.width).step_by(extent) {
        let start = odometer.place() as usize;
        for tile in (0..count).step_by(TILE) {
            let rows = tile..count.min(tile + TILE);
            for column in (0..extent).step_by(SQUARE) {
                let columns = SQUARE.min(extent - column);
                let from = &input[start + column * stride..];
                for row in rows.clone().step_by(SQUARE) {
                    let height = SQUARE.min(rows.end - row);
                    let to = &mut strip[row * turned.width + middle + column..];
                    if height == SQUARE && columns == SQUARE {
                        square(&from[row..], stride, to, turned.width);
                    } else {
                        part([height, columns], &from[row..], stride, to, turned.width);
                    }
                }
            }
        }
        odometer.advance();
    }
}

/// Turns a square; the constant extent lets it stay in registers.
#[inline(always)]
fn square<T: Element>(input: &[T], stride: usize, output: &mut [T], width: usize) {
    let lines: [[T; SQUARE]; SQUARE] =
        std::array::from_fn(|line| std::array::from_fn(|place| input[line * stride..line * stride + SQUARE][place]));
    for row in 0..SQUARE {
        let turned: [T; SQUARE] = std::array::from_fn(|line| lines[line][row]);
        output[row * width..row * width + SQUARE].copy_from_slice(&turned);
    }
}

/// Turns what is left at the edges.
fn part<T: Element>([rows, columns]: [usize; 2], input: &[T], stride: usize, output: &mut [T], width: usize) {
    for row in 0..rows {
        for column in 0..columns {
            output[row * width + column] = input[column * stride + row];
        }
    }
}
