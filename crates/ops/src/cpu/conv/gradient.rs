//! The gradient of the filter: for each tap and channel of the images the sum over all places of the output.
//!
//! Neighbouring channels of the images are the rows of a tile and are read as they lie in memory; vectors of the output's
//! gradient, packed into strips, are its columns.
//! A fixed number of parts of the batch is summed up by itself, and then together, whatever the number of threads.

use super::{
    border::{Image, Part},
    scratch::Scratch,
    sweep::Sweep,
    tile::{self, Grid, Store},
};
use crate::{
    cpu::{
        isa::{self, Registers, Work},
        lanes::Lanes,
        pool::{Pool, Rows},
    },
    kernel::Geometry,
};

/// Parts that the batch is cut into.
const PARTS: usize = 16;
/// Elements of the images that are read at once, for the second-level cache.
const BAND: usize = 1 << 15;
/// The most elements of a vector.
const WIDEST: usize = 16;
/// How many multiply-adds count as one elementary operation.
const PER_OPERATION: usize = 16;

/// The gradient of the filter of a convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct FilterGradient {
    geometry: Geometry,
}

impl FilterGradient {
    pub(super) fn new(geometry: Geometry) -> FilterGradient {
        FilterGradient { geometry }
    }

    /// Elements of the filter.
    fn elements(&self) -> usize {
        self.geometry.filter.iter().product::<usize>() * self.geometry.channels * self.geometry.out()
    }

    /// Images of a part of the batch.
    fn part(&self) -> usize {
        self.geometry.batch.div_ceil(PARTS).max(1)
    }

    fn parts(&self) -> usize {
        self.geometry.batch.div_ceil(self.part()).max(1)
    }

    /// Lines of the output that are looked at together.
    fn lines(&self) -> usize {
        let [down, across] = self.sweeps();
        let of_line = across.touched() * self.geometry.depth() * down.source_step;
        (BAND / of_line.max(1)).clamp(1, down.results.max(1))
    }

    fn sweeps(&self) -> [Sweep; 2] {
        [0, 1].map(|axis| Sweep::forward(&self.geometry, axis))
    }

    /// Elements of the images with their border under so many lines of the output, and of those, packed.
    fn bands(&self) -> [usize; 2] {
        let [down, across] = self.sweeps();
        let columns = self.geometry.filters.next_multiple_of(WIDEST) * self.geometry.groups;
        let down = down.between(0, self.lines());
        [down.touched() * across.touched() * self.geometry.depth(), down.results * across.results * columns]
    }

    /// Elements that it works with on so many threads.
    pub(super) fn workspace(&self, threads: usize) -> usize {
        self.parts() * self.elements() + threads * self.bands().iter().sum::<usize>()
    }

    pub(super) fn compute<T: Registers>(
        &self,
        pool: &Pool,
        images: &[T],
        gradient: &[T],
        result: &mut [T],
        workspace: &mut [T],
    ) {
        let (sums, bands) = workspace.split_at_mut(self.parts() * self.elements());
        let scratch = Scratch::new(bands, pool.threads());
        let cost = self.geometry.products() / PER_OPERATION;
        pool.enter(cost, |fork| {
            let parts = Rows { values: &mut *sums, width: self.elements() };
            fork.blocks(parts, 1, &|part, sums: Rows<'_, T>| {
                scratch.with(fork, |space| {
                    isa::run(Images { of: self, images, gradient, part, sums: sums.values, space });
                });
            });
            fork.blocks(result, 1 << 12, &|first, block: &mut [T]| {
                let (first_part, others) = sums.split_at(self.elements());
                block.copy_from_slice(&first_part[first..][..block.len()]);
                for part in others.chunks_exact(self.elements()) {
                    for (sum, other) in block.iter_mut().zip(&part[first..]) {
                        *sum = sum.add(*other);
                    }
                }
            });
        });
    }
}

/// A part of the batch.
struct Images<'a, T> {
    of: &'a FilterGradient,
    images: &'a [T],
    gradient: &'a [T],
    part: usize,
    sums: &'a mut [T],
    space: &'a mut [T],
}

impl<T: Registers> Work<T> for Images<'_, T> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let geometry = &self.of.geometry;
        let [height, width] = geometry.images;
        let of_image = height * width * geometry.depth();
        let of_line = geometry.output[1] * geometry.out();
        let [down, across] = self.of.sweeps();
        let lines = self.of.lines();
        self.sums.fill(T::ZERO);
        let (source, strips) = self.space.split_at_mut(self.of.bands()[0]);
        let first = self.part * self.of.part();
        for image in first..geometry.batch.min(first + self.of.part()) {
            let values = &self.images[image * of_image..][..of_image];
            let image_values = Image { values, height, width, depth: geometry.depth() };
            for line in (0..geometry.output[0]).step_by(lines) {
                let down = down.between(line, line + lines);
                let part =
                    Part { line: down.source, lines: down.touched(), place: across.source, width: across.touched() };
                image_values.copy(part, &mut source[..part.lines * part.width * geometry.depth()]);
                let gradient =
                    &self.gradient[(image * geometry.output[0] + line) * of_line..][..down.results * of_line];
                pack::<T, V>(geometry, gradient, strips);
                let band = Band { geometry, source, width: part.width, strips, sweeps: [down, across] };
                band.add::<V>(self.sums);
            }
        }
    }
}

/// Packs the channels of each group into strips, place after place.
#[inline(always)]
fn pack<T: Registers, V: Lanes<T>>(geometry: &Geometry, gradient: &[T], mut into: &mut [T]) {
    let (out, filters) = (geometry.out(), geometry.filters);
    for group in 0..geometry.groups {
        let mut column = 0;
        while column < filters {
            let width = tile::width::<T, V>((filters - column).div_ceil(V::COUNT)) * V::COUNT;
            let columns = width.min(filters - column);
            let strip;
            (strip, into) = std::mem::take(&mut into).split_at_mut(gradient.len() / out * width);
            for (into, place) in strip.chunks_exact_mut(width).zip(gradient.chunks_exact(out)) {
                into[..columns].copy_from_slice(&place[group * filters + column..][..columns]);
                into[columns..].fill(T::ZERO);
            }
            column += width;
        }
    }
}

/// Some lines of the output of one image, packed, and the images under them with their border.
struct Band<'a, T> {
    geometry: &'a Geometry,
    source: &'a [T],
    width: usize,
    strips: &'a [T],
    sweeps: [Sweep; 2],
}

impl<T: Registers> Band<'_, T> {
    #[inline(always)]
    fn add<V: Lanes<T>>(&self, sums: &mut [T]) {
        let geometry = self.geometry;
        let [down, across] = self.sweeps;
        // Neighbouring taps of all channels lie side by side, in the images as in the filter.
        let joined = across.source_tap_step == 1 && geometry.groups == 1;
        let (stretches, length) =
            if joined { (1, across.taps * geometry.channels) } else { (across.taps, geometry.channels) };
        let mut strips = self.strips;
        for group in 0..geometry.groups {
            let mut column = 0;
            while column < geometry.filters {
                let vectors = tile::width::<T, V>((geometry.filters - column).div_ceil(V::COUNT));
                let strip;
                (strip, strips) = strips.split_at(down.results * across.results * vectors * V::COUNT);
                let columns = (vectors * V::COUNT).min(geometry.filters - column);
                for (row, place) in (0..down.taps).flat_map(|row| (0..stretches).map(move |place| (row, place))) {
                    let source = (row * down.source_tap_step * self.width + place * across.source_tap_step)
                        * geometry.depth()
                        + group * geometry.channels;
                    let to = (row * across.taps + place) * geometry.channels * geometry.out();
                    let of_group = group * geometry.filters + column;
                    self.stretch::<V>(
                        length,
                        vectors,
                        columns,
                        &self.source[source..],
                        strip,
                        &mut sums[to + of_group..],
                    );
                }
                column += vectors * V::COUNT;
            }
        }
    }

    /// Adds the products of a stretch of the images and some columns.
    #[inline(always)]
    #[allow(unsafe_code, reason = "tiles take pointers")]
    #[allow(clippy::too_many_arguments, reason = "an inner loop")]
    fn stretch<V: Lanes<T>>(
        &self,
        length: usize,
        vectors: usize,
        columns: usize,
        source: &[T],
        strip: &[T],
        sums: &mut [T],
    ) {
        let [down, across] = self.sweeps;
        let (depth, out) = (self.geometry.depth(), self.geometry.out());
        let steps = [down.source_step * self.width * depth, across.source_step * depth];
        let grid =
            Grid { down: down.results, across: across.results, row_steps: steps, vector_step: vectors * V::COUNT };
        let mut done = 0;
        while done < length {
            let rows = tile::height(length - done, V::ROWS[vectors]);
            let store = Store { columns, adds: true };
            // SAFETY: the copied part of the images holds every place that the sweeps touch, the strip a vector for each
            // place of the output, and the sums are those of whole filter places.
            unsafe {
                tile::rows_over::<T, V>(
                    rows,
                    vectors,
                    source.as_ptr().add(done),
                    strip.as_ptr(),
                    grid,
                    sums.as_mut_ptr().add(done * out),
                    out,
                    store,
                );
            }
            done += rows;
        }
    }
}
