//! The convolution and the gradient of its images: block by block of tiles, every step of which stays in the caches.

use std::ops::Range;

use super::{
    super::{
        correlation::{Correlation, Direction},
        filter::Filter,
        scratch::Scratch,
        tile::{self, Store, Stretches},
    },
    Images, POINTS, Tiles,
    transform::{self, Data, Results, SIDE, Square},
};
use crate::{
    cpu::{
        epilogue::Ending,
        isa::{self, Registers, Work},
        lanes::Lanes,
        pool::Pool,
        shared::Shared,
    },
    kernel::Geometry,
};

/// Tiles of a block, a multiple of the height of every kernel.
const TILES: usize = 48;
/// The most columns of a strip.
const WIDEST: usize = 64;
/// Elements that keep the points of a block apart in the cache.
const APART: usize = 16;
/// Source channels whose part of the filter is transformed at once.
const CHANNELS: usize = 16;
/// The most elements of a vector.
const WIDEST_VECTOR: usize = 16;
/// The most rows of a kernel.
const ROWS: usize = 12;
/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 64;

/// A convolution, or the gradient of its images, in the form that multiplies less.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu::conv) struct FastCorrelation {
    geometry: Geometry,
    direction: Direction,
}

impl FastCorrelation {
    pub(in crate::cpu::conv) fn new(geometry: Geometry, direction: Direction) -> FastCorrelation {
        FastCorrelation { geometry, direction }
    }

    /// Height, width and depth of the source and of the result.
    fn images(&self) -> [([usize; 2], usize); 2] {
        Correlation::new(self.geometry, self.direction).images()
    }

    /// Elements of the transformed filter, and of what a thread works with.
    fn spaces(&self) -> [usize; 2] {
        let [(_, depth), (_, out)] = self.images();
        [(depth + 1) * out * POINTS, POINTS * ((TILES + 1) * (depth + WIDEST) + 2 * APART)]
    }

    /// Elements that it works with on so many threads.
    pub(in crate::cpu::conv) fn workspace(&self, threads: usize) -> usize {
        let [filter, block] = self.spaces();
        filter + threads * block
    }

    pub(in crate::cpu::conv) fn compute<T: Registers>(
        &self,
        pool: &Pool,
        source: &[T],
        filter: &[T],
        ending: Ending<'_, T>,
        result: &mut [T],
        workspace: &mut [T],
    ) {
        match self.geometry.filter[0] {
            3 => self.compute_by::<T, 3, 4>(pool, source, filter, ending, result, workspace),
            _ => self.compute_by::<T, 5, 2>(pool, source, filter, ending, result, workspace),
        }
    }

    fn compute_by<T: Registers, const TAPS: usize, const RESULTS: usize>(
        &self,
        pool: &Pool,
        source: &[T],
        filter: &[T],
        ending: Ending<'_, T>,
        result: &mut [T],
        workspace: &mut [T],
    ) {
        let filter = match self.direction {
            Direction::Forward => Filter::forward(&self.geometry, filter),
            Direction::Backward => Filter::backward(&self.geometry, filter),
        };
        let (transformed, blocks) = workspace.split_at_mut(self.spaces()[0]);
        let [(_, depth), (size, _)] = self.images();
        let tiles = Tiles::new(self.geometry.batch, size, RESULTS);
        let (into, scratch) = (Shared::new(transformed), Scratch::new(blocks, pool.threads()));
        let cost = self.geometry.products() / PER_OPERATION + result.len() * ending.weight();
        let result = Shared::new(result);
        pool.enter(cost, |fork| {
            fork.blocks(0..depth, CHANNELS, &|_, channels| {
                isa::run(Taps::<T, TAPS> { of: self, filter, channels, into: &into });
            });
            fork.blocks(0..tiles.count(), TILES, &|_, range: Range<usize>| {
                scratch.with(fork, |space| {
                    let (filter, result) = (&into, &result);
                    isa::run(Block::<T, TAPS, RESULTS> {
                        of: self,
                        source,
                        filter,
                        ending,
                        tiles,
                        range,
                        result,
                        space,
                    });
                });
            });
        });
    }
}

/// Transforms the filter: strip by strip of columns, point by point, channel by channel of the source.
struct Taps<'a, T, const TAPS: usize> {
    of: &'a FastCorrelation,
    filter: Filter<'a, T>,
    channels: Range<usize>,
    into: &'a Shared<T>,
}

impl<T: Registers, const TAPS: usize> Work<T> for Taps<'_, T, TAPS> {
    #[inline(always)]
    #[allow(unsafe_code, reason = "registers are stored at pointers")]
    fn run<V: Lanes<T>>(self) {
        let [(_, depth), (_, out)] = self.of.images();
        let flips = self.of.direction == Direction::Backward;
        let turned = |tap: usize| if flips { TAPS - 1 - tap } else { tap };
        let mut column = 0;
        while column < out {
            let width = tile::width::<T, V>((out - column).div_ceil(V::COUNT)) * V::COUNT;
            for (channel, vector) in self
                .channels
                .clone()
                .flat_map(|channel| (0..width).step_by(V::COUNT).map(move |vector| (channel, vector)))
            {
                let mut buffer = [[[T::ZERO; WIDEST_VECTOR]; TAPS]; TAPS];
                for (line, places) in buffer.iter_mut().enumerate() {
                    for (place, vector_of_tap) in places.iter_mut().enumerate() {
                        let tap = [turned(line), turned(place)];
                        self.filter.copy(tap, channel, column + vector, &mut vector_of_tap[..V::COUNT]);
                    }
                }
                let from = Square { first: buffer.as_ptr().cast(), line: TAPS * WIDEST_VECTOR, place: WIDEST_VECTOR };
                let first = column * (depth + 1) * POINTS + channel * width + vector;
                let point = (depth + 1) * width;
                let to = Square { first: self.into.at(first), line: SIDE * point, place: point };
                // SAFETY: a strip has a vector for each point and channel, and the channels are of this task.
                unsafe { transform::square::<T, V, transform::Taps, TAPS, SIDE>(from, to) };
            }
            column += width;
        }
    }
}

/// Some tiles of the result.
struct Block<'a, T, const TAPS: usize, const RESULTS: usize> {
    of: &'a FastCorrelation,
    source: &'a [T],
    filter: &'a Shared<T>,
    ending: Ending<'a, T>,
    tiles: Tiles,
    range: Range<usize>,
    result: &'a Shared<T>,
    space: &'a mut [T],
}

impl<T: Registers, const TAPS: usize, const RESULTS: usize> Work<T> for Block<'_, T, TAPS, RESULTS> {
    #[inline(always)]
    fn run<V: Lanes<T>>(mut self) {
        let [(_, depth), (_, out)] = self.of.images();
        let space = std::mem::take(&mut self.space);
        let (tile, space) = space.split_at_mut(POINTS * depth.max(WIDEST));
        let (data, sums) = space.split_at_mut(POINTS * (TILES * depth + APART));
        self.read::<V>(tile, data);
        let mut column = 0;
        while column < out {
            let vectors = tile::width::<T, V>((out - column).div_ceil(V::COUNT));
            self.multiply::<V>(data, column, vectors, sums);
            self.write::<V>(sums, column, vectors, tile);
            column += vectors * V::COUNT;
        }
        self.end();
    }
}

#[allow(unsafe_code, reason = "registers are loaded from pointers and stored at them")]
impl<T: Registers, const TAPS: usize, const RESULTS: usize> Block<'_, T, TAPS, RESULTS> {
    /// Transforms the source of each tile: point by point, tile by tile.
    #[inline(always)]
    fn read<V: Lanes<T>>(&self, space: &mut [T], data: &mut [T]) {
        let [(size, depth), _] = self.of.images();
        let images = Images { values: self.source, size, depth };
        let before = self.of.before();
        let point = TILES * depth + APART;
        for (row, tile) in self.range.clone().enumerate() {
            let [image, line, place] = self.tiles.at(tile);
            let from = images.square(image, [line as isize - before[0], place as isize - before[1]], SIDE, space);
            for channel in (0..depth).step_by(V::COUNT) {
                let from = Square { first: from.first.wrapping_add(channel), ..from };
                let first = data[row * depth + channel..].as_mut_ptr();
                // SAFETY: a place has all channels, whole vectors of them, and a block has room for all points of its tiles.
                unsafe {
                    let to = Square { first, line: SIDE * point, place: point };
                    transform::square::<T, V, Data, SIDE, SIDE>(from, to);
                }
            }
        }
    }

    /// At each point the tiles times a strip of the filter; of tiles that a block has not, whatever lies there.
    #[inline(always)]
    fn multiply<V: Lanes<T>>(&self, data: &[T], column: usize, vectors: usize, sums: &mut [T]) {
        let [(_, depth), _] = self.of.images();
        let (width, rows) = (vectors * V::COUNT, V::ROWS[vectors]);
        let stretches = Stretches { outer: 1, outer_step: 0, inner: 1, inner_step: 0, length: depth };
        for point in 0..POINTS {
            let strip = self.filter.at((column * POINTS + point * width) * (depth + 1));
            let from = data[point * (TILES * depth + APART)..].as_ptr();
            let to = sums[point * (TILES * width + APART)..].as_mut_ptr();
            for first in (0..self.range.len()).step_by(rows) {
                let starts: [_; ROWS] = std::array::from_fn(|row| from.wrapping_add((first + row) * depth));
                let places: [_; ROWS] = std::array::from_fn(|row| to.wrapping_add((first + row) * width));
                let store = Store { columns: width, adds: false };
                // SAFETY: a block has room for a multiple of every kernel's rows, and the strip is as deep as the source.
                unsafe { tile::rows_across::<T, V>(rows, vectors, &starts, stretches, strip, &places, store) };
            }
        }
    }

    /// Transforms the sums of a strip back, and writes what lies within the images.
    #[inline(always)]
    fn write<V: Lanes<T>>(&self, sums: &[T], column: usize, vectors: usize, space: &mut [T]) {
        let [_, ([height, width], out)] = self.of.images();
        let strip = vectors * V::COUNT;
        let point = TILES * strip + APART;
        for (row, tile) in self.range.clone().enumerate() {
            let [image, line, place] = self.tiles.at(tile);
            let first = self.result.at(((image * height + line) * width + place) * out + column);
            let [lines, places] = self.within([line, place]);
            let is_whole = lines == RESULTS && places == RESULTS;
            let to = match is_whole {
                true => Square { first, line: width * out, place: out },
                false => Square { first: space.as_mut_ptr(), line: RESULTS * strip, place: strip },
            };
            // SAFETY: there are sums of all points of the tiles; the tile lies within the result and is this block's, or
            // it is put into the space, and what of it lies within the result is copied there.
            unsafe {
                for vector in (0..strip).step_by(V::COUNT) {
                    let first = sums[row * strip + vector..].as_ptr();
                    let from = Square { first, line: SIDE * point, place: point };
                    let to = Square { first: to.first.add(vector), ..to };
                    transform::square::<T, V, Results, SIDE, RESULTS>(from, to);
                }
                for (line, place) in (0..lines).flat_map(|line| (0..places).map(move |place| (line, place))) {
                    if !is_whole {
                        let from = to.first.add(line * to.line + place * to.place);
                        first.add((line * width + place) * out).copy_from_nonoverlapping(from, strip);
                    }
                }
            }
        }
    }

    /// Ends the results, all channels of their places at once.
    #[inline(always)]
    fn end(&self) {
        let [_, ([height, width], out)] = self.of.images();
        for [image, line, place] in self.range.clone().map(|tile| self.tiles.at(tile)) {
            let [lines, places] = self.within([line, place]);
            for line in line..line + lines {
                let first = ((image * height + line) * width + place) * out;
                // SAFETY: the places are written, and this block's.
                let sums = unsafe { self.result.part(first..first + places * out) };
                self.ending.rows(sums, out);
            }
        }
    }

    /// How many lines and places of the tile that begins there lie within the image.
    #[inline(always)]
    fn within(&self, [line, place]: [usize; 2]) -> [usize; 2] {
        let [_, ([height, width], _)] = self.of.images();
        [RESULTS.min(height - line), RESULTS.min(width - place)]
    }
}

impl FastCorrelation {
    /// How far the first tile reaches over the source, above and to the left.
    fn before(&self) -> [isize; 2] {
        [0, 1].map(|axis| {
            let before = self.geometry.window.before[axis] as isize;
            match self.direction {
                Direction::Forward => before,
                Direction::Backward => self.geometry.filter[axis] as isize - 1 - before,
            }
        })
    }
}
