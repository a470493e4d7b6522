//! The direct form: tiles of results, each the sum over taps and channels of the images as they lie in memory.
//!
//! Nothing is copied but the images with their border, band by band, and the filter, packed into strips.
//! A convolution is one pass over the images; the gradient of the images is a pass over the gradient of the output for
//! each phase of the stride.

use super::{
    border::{Image, Part},
    filter::Filter,
    scratch::Scratch,
    sweep::Sweep,
    tile::{self, Store, Stretches},
};
use crate::{
    cpu::{
        epilogue::Ending,
        isa::{self, Registers, Work},
        lanes::Lanes,
        pool::{Pool, Rows},
    },
    kernel::Geometry,
};

/// Tasks that a small batch is cut into.
const TASKS: usize = 16;
/// The most rows of a tile.
const ROWS: usize = 12;
/// The most elements of a vector.
const WIDEST: usize = 16;
/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 16;

/// Which way the filter is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the images to the output.
    Forward,
    /// From the gradient of the output to that of the images.
    Backward,
}

/// A convolution, or the gradient of its images.
#[derive(Clone, Copy, Debug)]
pub(super) struct Correlation {
    geometry: Geometry,
    direction: Direction,
}

impl Correlation {
    pub(super) fn new(geometry: Geometry, direction: Direction) -> Correlation {
        Correlation { geometry, direction }
    }

    /// Height, width and depth of the source and of the result.
    pub(super) fn images(&self) -> [([usize; 2], usize); 2] {
        let geometry = &self.geometry;
        let (images, output) = ((geometry.images, geometry.depth()), (geometry.output, geometry.out()));
        match self.direction {
            Direction::Forward => [images, output],
            Direction::Backward => [output, images],
        }
    }

    fn passes(&self) -> impl Iterator<Item = [Sweep; 2]> + use<> {
        let Correlation { geometry, direction } = *self;
        let phases = match direction {
            Direction::Forward => [1, 1],
            Direction::Backward => geometry.window.strides,
        };
        let sweep = move |axis: usize, phase: usize| match direction {
            Direction::Forward => Sweep::forward(&geometry, axis),
            Direction::Backward => Sweep::backward(&geometry, axis, phase),
        };
        (0..phases[0]).flat_map(move |down| (0..phases[1]).map(move |across| [sweep(0, down), sweep(1, across)]))
    }

    /// Lines of the result that make a task.
    fn band(&self) -> usize {
        let [_, ([height, _], _)] = self.images();
        height.div_ceil(TASKS.div_ceil(self.geometry.batch.max(1))).max(1)
    }

    /// Elements of the packed filter, and of a band of the source.
    fn spaces(&self) -> [usize; 2] {
        let [(_, depth), (_, out)] = self.images();
        let out = out + self.geometry.groups * WIDEST;
        let packed = self.geometry.filter.iter().product::<usize>() * depth / self.geometry.groups * out;
        let band = self.band();
        let of_pass = |[down, across]: [Sweep; 2]| {
            let most = down.between(0, band + down.result_step).touched();
            most * across.touched() * depth
        };
        [packed, self.passes().map(of_pass).max().unwrap_or(0)]
    }

    /// Elements that it works with on so many threads.
    pub(super) fn workspace(&self, threads: usize) -> usize {
        let [packed, band] = self.spaces();
        packed + threads * band
    }

    pub(super) fn compute<T: Registers>(
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
        let (packed, bands) = workspace.split_at_mut(self.spaces()[0]);
        isa::run(Packing { correlation: self, filter, into: packed });
        let [_, ([height, width], out)] = self.images();
        let scratch = Scratch::new(bands, pool.threads());
        let cost = self.geometry.products() / PER_OPERATION + result.len() * ending.weight();
        let lines = Rows { values: result, width: width * out };
        pool.enter(cost, |fork| {
            fork.blocks(lines, self.band(), &|first, block| {
                scratch.with(fork, |space| {
                    let mut block = block.values;
                    let mut first = first;
                    while !block.is_empty() {
                        // A block may end in another image than it begins in.
                        let lines = (block.len() / (width * out)).min(height - first % height);
                        let part;
                        (part, block) = std::mem::take(&mut block).split_at_mut(lines * width * out);
                        isa::run(Band {
                            correlation: self,
                            filter,
                            source,
                            packed,
                            ending,
                            first,
                            lines,
                            result: part,
                            space,
                        });
                        first += lines;
                    }
                });
            });
        });
    }
}

/// Packs the filter for every pass.
struct Packing<'a, T> {
    correlation: &'a Correlation,
    filter: Filter<'a, T>,
    into: &'a mut [T],
}

impl<T: Registers> Work<T> for Packing<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let mut into = self.into;
        for [down, across] in self.correlation.passes() {
            let elements = self.filter.groups * self.filter.packed_group::<V>(down.taps * across.taps);
            let of_pass;
            (of_pass, into) = std::mem::take(&mut into).split_at_mut(elements);
            self.filter.pack::<V>(down, across, of_pass);
        }
    }
}

/// Some lines of one result image.
struct Band<'a, T> {
    correlation: &'a Correlation,
    filter: Filter<'a, T>,
    source: &'a [T],
    packed: &'a [T],
    ending: Ending<'a, T>,
    /// Counted over all images.
    first: usize,
    lines: usize,
    result: &'a mut [T],
    space: &'a mut [T],
}

impl<T: Registers> Work<T> for Band<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(mut self) {
        let [([from_height, from_width], depth), ([height, _], out)] = self.correlation.images();
        let of_image = from_height * from_width * depth;
        let values = &self.source[self.first / height * of_image..][..of_image];
        let image = Image { values, height: from_height, width: from_width, depth };
        let top = self.first % height;
        let mut packed = self.packed;
        for [down, across] in self.correlation.passes() {
            let of_group = self.filter.packed_group::<V>(down.taps * across.taps);
            let of_pass;
            (of_pass, packed) = packed.split_at(of_group * self.filter.groups);
            let down = down.between(top, top + self.lines);
            self.pass::<V>(image, top, [down, across], of_pass);
        }
        self.ending.rows(self.result, out);
    }
}

impl<T: Registers> Band<'_, T> {
    #[inline(always)]
    fn pass<V: Lanes<T>>(&mut self, image: Image<'_, T>, top: usize, [down, across]: [Sweep; 2], packed: &[T]) {
        let [_, ([_, width], out)] = self.correlation.images();
        let lines = [down.touched(), across.touched()];
        let part = Part { line: down.source, lines: lines[0], place: across.source, width: lines[1] };
        image.copy(part, &mut self.space[..lines[0] * lines[1] * image.depth]);
        let source = Lines {
            source: self.space.as_ptr(),
            line: lines[1] * image.depth,
            depth: image.depth,
            result: self.result.as_mut_ptr(),
            result_line: width * out,
            out,
            top,
        };
        let [channels, filters] = self.filter.channels;
        let of_group = self.filter.packed_group::<V>(down.taps * across.taps);
        for group in 0..self.filter.groups {
            let packed = &packed[group * of_group..][..of_group];
            let stretches = source.stretches(down, across, channels, self.filter.groups);
            let mut column = 0;
            while column < filters {
                let vectors = tile::width::<T, V>((filters - column).div_ceil(V::COUNT));
                let width = vectors * V::COUNT;
                let columns = width.min(filters - column);
                let strip = &packed[column * down.taps * across.taps * channels..];
                let offsets = [group * channels, group * filters + column];
                source.strip::<V>(down, across, stretches, strip, vectors, columns, offsets);
                column += width;
            }
        }
    }
}

/// Where a band of the source lies, with its border, and the lines of the result.
#[derive(Clone, Copy, Debug)]
struct Lines<T> {
    source: *const T,
    line: usize,
    depth: usize,
    result: *mut T,
    result_line: usize,
    out: usize,
    /// The first line of the result.
    top: usize,
}

impl<T: Registers> Lines<T> {
    /// Neighbouring taps of all channels are one stretch.
    fn stretches(&self, down: Sweep, across: Sweep, channels: usize, groups: usize) -> Stretches {
        let outer_step = down.source_tap_step * self.line;
        if across.source_tap_step == 1 && groups == 1 {
            let length = across.taps * channels;
            return Stretches { outer: down.taps, outer_step, inner: 1, inner_step: 0, length };
        }
        let inner_step = across.source_tap_step * self.depth;
        Stretches { outer: down.taps, outer_step, inner: across.taps, inner_step, length: channels }
    }

    /// Every result of the band in one strip of columns.
    #[inline(always)]
    #[allow(unsafe_code, reason = "tiles take pointers")]
    #[allow(clippy::too_many_arguments, reason = "an inner loop")]
    fn strip<V: Lanes<T>>(
        &self,
        down: Sweep,
        across: Sweep,
        stretches: Stretches,
        strip: &[T],
        vectors: usize,
        columns: usize,
        [from, to]: [usize; 2],
    ) {
        let results = down.results * across.results;
        let most = V::ROWS[vectors];
        let (mut line, mut place, mut done) = (0, 0, 0);
        while done < results {
            let rows = tile::height(results - done, most);
            let mut starts = [self.source; ROWS];
            let mut places = [self.result; ROWS];
            for (start, to_place) in starts.iter_mut().zip(&mut places).take(rows) {
                let source = line * down.source_step * self.line + place * across.source_step * self.depth;
                let to_line = down.result + line * down.result_step - self.top;
                let result = to_line * self.result_line + (across.result + place * across.result_step) * self.out;
                *start = start.wrapping_add(source + from);
                *to_place = to_place.wrapping_add(result + to);
                place += 1;
                if place == across.results {
                    (line, place) = (line + 1, 0);
                }
            }
            let store = Store { columns, adds: false };
            // SAFETY: the copied part of the source holds every place that the sweeps touch, the strip was packed for as
            // many taps, channels and columns, and the results are lines of this band.
            unsafe {
                tile::rows_across::<T, V>(rows, vectors, &starts, stretches, strip.as_ptr(), &places, store);
            }
            done += rows;
        }
    }
}
