//! The gradient of the filter: tiles of the gradient of the output are the taps, and the filter is the result.
//!
//! Many tiles are transformed, then multiplied and summed up point by point; the sums are transformed back once.

use std::ops::Range;

use super::{
    super::{
        scratch::Scratch,
        tile::{self, Grid, Store},
    },
    Images, POINTS, Tiles,
    transform::{self, Data, Results, SIDE, Square, Taps},
};
use crate::{
    cpu::{
        isa::{self, Registers, Work},
        lanes::Lanes,
        pool::Pool,
        shared::Shared,
    },
    kernel::Geometry,
};

/// Elements of transformed tiles, for the third-level cache.
const BLOCK: usize = 1 << 20;
/// The least and the most tiles of a block.
const TILES: [usize; 2] = [48, 256];
/// Tiles that are transformed by one task.
const TASK: usize = 12;
/// Elements that keep neighbouring tiles apart in the cache.
const APART: usize = 16;
/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 64;

/// The gradient of the filter of a convolution, in the form that multiplies less.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu::conv) struct FastFilterGradient {
    geometry: Geometry,
}

impl FastFilterGradient {
    pub(in crate::cpu::conv) fn new(geometry: Geometry) -> FastFilterGradient {
        FastFilterGradient { geometry }
    }

    /// Elements from one tile to the next, at one point: of the images and of the gradient.
    fn steps(&self) -> [usize; 2] {
        [self.geometry.channels + APART, self.geometry.filters + APART]
    }

    /// Tiles of a block.
    fn tiles(&self) -> usize {
        let of_tile = POINTS * self.steps().iter().sum::<usize>();
        (BLOCK / of_tile).clamp(TILES[0], TILES[1])
    }

    /// Elements of the sums, of the transformed images and of the transformed gradient.
    fn spaces(&self) -> [usize; 3] {
        let [images, gradient] = self.steps().map(|step| POINTS * self.tiles() * step);
        [POINTS * self.geometry.channels * self.geometry.filters, images, gradient]
    }

    /// Elements of a tile that is copied, with what lies beside the image.
    fn tile(&self) -> usize {
        POINTS * self.geometry.channels.max(self.geometry.filters)
    }

    /// Elements that it works with on so many threads.
    pub(in crate::cpu::conv) fn workspace(&self, threads: usize) -> usize {
        self.spaces().iter().sum::<usize>() + threads * self.tile()
    }

    pub(in crate::cpu::conv) fn compute<T: Registers>(
        &self,
        pool: &Pool,
        images: &[T],
        gradient: &[T],
        result: &mut [T],
        workspace: &mut [T],
    ) {
        match self.geometry.filter[0] {
            3 => self.compute_by::<T, 3, 4>(pool, images, gradient, result, workspace),
            _ => self.compute_by::<T, 5, 2>(pool, images, gradient, result, workspace),
        }
    }

    fn compute_by<T: Registers, const TAPS: usize, const RESULTS: usize>(
        &self,
        pool: &Pool,
        images: &[T],
        gradient: &[T],
        result: &mut [T],
        workspace: &mut [T],
    ) {
        let [sums, of_images, of_gradient] = self.spaces();
        let (sums, workspace) = workspace.split_at_mut(sums);
        let (of_images, workspace) = workspace.split_at_mut(of_images);
        let (of_gradient, copies) = workspace.split_at_mut(of_gradient);
        let scratch = Scratch::new(copies, pool.threads());
        let [sums, of_images, of_gradient, result] = [sums, of_images, of_gradient, result].map(Shared::new);
        let tiles = Tiles::new(self.geometry.batch, self.geometry.output, RESULTS);
        let (of, spaces) = (self, [&of_images, &of_gradient]);
        pool.enter(self.geometry.products() / PER_OPERATION, |fork| {
            for first in (0..tiles.count()).step_by(self.tiles()) {
                let count = self.tiles().min(tiles.count() - first);
                fork.blocks(0..count, TASK, &|_, range: Range<usize>| {
                    scratch.with(fork, |copy| {
                        isa::run(Read::<T, RESULTS> { of, images, gradient, tiles, first, range, spaces, copy });
                    });
                });
                fork.blocks(0..POINTS, 1, &|point, _| {
                    isa::run(Multiply { of, spaces, point, tiles: count, sums: &sums, adds: first > 0 });
                });
            }
            fork.blocks(0..self.geometry.channels, 1, &|channel, _| {
                isa::run(Write::<T, TAPS> { of, sums: &sums, channel, result: &result });
            });
        });
    }
}

/// Transforms the images and the gradient of some tiles of a block: point by point, tile by tile.
struct Read<'a, T, const RESULTS: usize> {
    of: &'a FastFilterGradient,
    images: &'a [T],
    gradient: &'a [T],
    tiles: Tiles,
    /// The block's first tile.
    first: usize,
    /// Counted from there.
    range: Range<usize>,
    spaces: [&'a Shared<T>; 2],
    copy: &'a mut [T],
}

impl<T: Registers, const RESULTS: usize> Work<T> for Read<'_, T, RESULTS> {
    #[inline(always)]
    #[allow(unsafe_code, reason = "registers are loaded from pointers and stored at them")]
    fn run<V: Lanes<T>>(self) {
        let geometry = &self.of.geometry;
        let [channels, filters] = [geometry.channels, geometry.filters];
        let images = Images { values: self.images, size: geometry.images, depth: channels };
        let gradient = Images { values: self.gradient, size: geometry.output, depth: filters };
        let before = geometry.window.before.map(|before| before as isize);
        let steps = self.of.steps();
        let points = steps.map(|step| self.of.tiles() * step);
        for row in self.range {
            let [image, line, place] = self.tiles.at(self.first + row);
            let (line, place) = (line as isize, place as isize);
            let from = images.square(image, [line - before[0], place - before[1]], SIDE, self.copy);
            for channel in (0..channels).step_by(V::COUNT) {
                let from = Square { first: from.first.wrapping_add(channel), ..from };
                let first = self.spaces[0].at(row * steps[0] + channel);
                let to = Square { first, line: SIDE * points[0], place: points[0] };
                // SAFETY: a place has all channels, whole vectors of them, and the rows of each point are of this task.
                unsafe { transform::square::<T, V, Data, SIDE, SIDE>(from, to) };
            }
            let from = gradient.square(image, [line, place], RESULTS, self.copy);
            for filter in (0..filters).step_by(V::COUNT) {
                let from = Square { first: from.first.wrapping_add(filter), ..from };
                let first = self.spaces[1].at(row * steps[1] + filter);
                let to = Square { first, line: SIDE * points[1], place: points[1] };
                // SAFETY: as above.
                unsafe { transform::square::<T, V, Taps, RESULTS, SIDE>(from, to) };
            }
        }
    }
}

/// The products of a block at one point, summed up over its tiles.
struct Multiply<'a, T> {
    of: &'a FastFilterGradient,
    spaces: [&'a Shared<T>; 2],
    point: usize,
    tiles: usize,
    sums: &'a Shared<T>,
    adds: bool,
}

impl<T: Registers> Work<T> for Multiply<'_, T> {
    #[inline(always)]
    #[allow(unsafe_code, reason = "registers are loaded from pointers and stored at them")]
    fn run<V: Lanes<T>>(self) {
        let [channels, filters] = [self.of.geometry.channels, self.of.geometry.filters];
        let steps = self.of.steps();
        let [images, gradient] = [0, 1].map(|side| self.spaces[side].at(self.point * self.of.tiles() * steps[side]));
        let sums = self.sums.at(self.point * channels * filters);
        let mut column = 0;
        while column < filters {
            let vectors = tile::width::<T, V>((filters - column).div_ceil(V::COUNT));
            let grid = Grid { down: 1, across: self.tiles, row_steps: [0, steps[0]], vector_step: steps[1] };
            let store = Store { columns: vectors * V::COUNT, adds: self.adds };
            let mut channel = 0;
            while channel < channels {
                let rows = tile::height(channels - channel, V::ROWS[vectors]);
                let to = sums.wrapping_add(channel * filters + column);
                let (images, gradient) = (images.wrapping_add(channel), gradient.wrapping_add(column));
                // SAFETY: the block has so many tiles of all channels, and the sums of a point are of this task.
                unsafe { tile::rows_over::<T, V>(rows, vectors, images, gradient, grid, to, filters, store) };
                channel += rows;
            }
            column += vectors * V::COUNT;
        }
    }
}

/// Transforms the sums of one channel of the images back to the filter.
struct Write<'a, T, const TAPS: usize> {
    of: &'a FastFilterGradient,
    sums: &'a Shared<T>,
    channel: usize,
    result: &'a Shared<T>,
}

impl<T: Registers, const TAPS: usize> Work<T> for Write<'_, T, TAPS> {
    #[inline(always)]
    #[allow(unsafe_code, reason = "registers are loaded from pointers and stored at them")]
    fn run<V: Lanes<T>>(self) {
        let [channels, filters] = [self.of.geometry.channels, self.of.geometry.filters];
        for filter in (0..filters).step_by(V::COUNT) {
            let first = self.channel * filters + filter;
            let pairs = channels * filters;
            let from = Square { first: self.sums.at(first).cast_const(), line: SIDE * pairs, place: pairs };
            let to = Square { first: self.result.at(first), line: TAPS * pairs, place: pairs };
            // SAFETY: there are sums of all points and taps for each pair of channels, whole vectors of them, and those of
            // this channel are of this task.
            unsafe { transform::square::<T, V, Results, SIDE, TAPS>(from, to) };
        }
    }
}
