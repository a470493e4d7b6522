//! Poolings: window after window, all channels of a place together.

use std::ops::Range;

use super::{
    isa::{self, Registers, Work},
    lanes::Lanes,
    number::Number,
    pool::{Pool, Rows},
};
use crate::{
    Pooling, View, ViewMut, Windows,
    element::{Element, with_float},
};

/// Tasks that a small batch is cut into.
const TASKS: usize = 16;
/// Channels whose open gradients are held at once.
const CHANNELS: usize = 32;

pub(super) fn pooling(pool: &Pool, kind: Pooling, windows: Windows, inputs: &[View<'_>], output: &mut ViewMut<'_>) {
    let (images, pooled) = match kind {
        Pooling::Max | Pooling::Average => (inputs[0].shape, output.shape),
        Pooling::MaxGrad | Pooling::AverageGrad => (output.shape, inputs[inputs.len() - 1].shape),
    };
    let layout = Layout { windows, images: [images[1], images[2]], pooled: [pooled[1], pooled[2]], depth: images[3] };
    with_float!(inputs[0].data.dtype(), T => {
        let values = T::slice_mut(&mut output.data);
        match (kind, inputs) {
            (Pooling::Max, [images]) => layout.pool(pool, T::slice(images.data), values, Max),
            (Pooling::Average, [images]) => layout.pool(pool, T::slice(images.data), values, Average),
            (Pooling::AverageGrad, [gradient]) => layout.spread(pool, Share(T::slice(gradient.data)), values),
            (_, [images, maxima, gradient]) => {
                let [images, maxima, gradient] = [images, maxima, gradient].map(|input| T::slice(input.data));
                layout.spread(pool, Hand { images, maxima, gradient }, values);
            }
            _ => unreachable!("the check counts inputs"),
        }
    });
}

/// The shapes of a pooling.
#[derive(Clone, Copy, Debug)]
struct Layout {
    windows: Windows,
    /// Height and width.
    images: [usize; 2],
    pooled: [usize; 2],
    depth: usize,
}

/// The places of a window in an image, in order.
#[derive(Clone, Debug)]
struct Places {
    down: Range<usize>,
    across: Range<usize>,
    /// Elements of a line, and of a place.
    line: usize,
    depth: usize,
}

impl Places {
    fn count(&self) -> usize {
        self.down.len() * self.across.len()
    }

    /// Where each begins.
    #[inline(always)]
    fn starts(&self) -> impl Iterator<Item = usize> + use<> {
        let Places { across, line, depth, .. } = self.clone();
        let lines = self.down.clone();
        lines.flat_map(move |down| across.clone().map(move |place| down * line + place * depth))
    }
}

/// How the places of a window become one: the channels of each are a slice of the image.
trait Combine<T>: Copy + Sync {
    fn combine(self, window: &Places, image: &[T], result: &mut [T]);
}

#[derive(Clone, Copy)]
struct Max;

impl<T: Number> Combine<T> for Max {
    #[inline(always)]
    fn combine(self, window: &Places, image: &[T], result: &mut [T]) {
        for (index, start) in window.starts().enumerate() {
            let values = &image[start..][..result.len()];
            for (best, value) in result.iter_mut().zip(values) {
                *best = if index == 0 { *value } else { best.maximum(*value) };
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Average;

impl<T: Registers> Combine<T> for Average {
    #[inline(always)]
    fn combine(self, window: &Places, image: &[T], result: &mut [T]) {
        result.fill(T::ZERO);
        for start in window.starts() {
            result.iter_mut().zip(&image[start..]).for_each(|(sum, value)| *sum = sum.add(*value));
        }
        let count = T::from_f64(window.count() as f64);
        result.iter_mut().for_each(|sum| *sum = sum.div(count));
    }
}

/// How the gradient of a window goes to its places.
trait Spread<T>: Copy + Sync {
    /// `result` is where the window's result begins, `image` where its image does, which `sums` are of.
    fn spread(self, result: usize, image: usize, window: &Places, sums: &mut [T]);
}

/// In equal parts.
#[derive(Clone, Copy)]
struct Share<'a, T>(&'a [T]);

impl<T: Registers> Spread<T> for Share<'_, T> {
    #[inline(always)]
    fn spread(self, result: usize, _image: usize, window: &Places, sums: &mut [T]) {
        let count = T::from_f64(window.count() as f64);
        for start in window.starts() {
            let gradients = &self.0[result..][..window.depth];
            sums[start..].iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum = sum.add(gradient.div(count)));
        }
    }
}

/// To the first place that holds the greatest element.
#[derive(Clone, Copy)]
struct Hand<'a, T> {
    images: &'a [T],
    maxima: &'a [T],
    gradient: &'a [T],
}

impl<T: Registers> Spread<T> for Hand<'_, T> {
    #[inline(always)]
    fn spread(self, result: usize, image: usize, window: &Places, sums: &mut [T]) {
        for channel in (0..window.depth).step_by(CHANNELS) {
            let channels = CHANNELS.min(window.depth - channel);
            let maxima = &self.maxima[result + channel..][..channels];
            // What has found no place yet.
            let mut open = [T::ZERO; CHANNELS];
            open[..channels].copy_from_slice(&self.gradient[result + channel..][..channels]);
            for start in window.starts() {
                let values = &self.images[image + start + channel..][..channels];
                let sums = &mut sums[start + channel..][..channels];
                for (((sum, open), value), greatest) in sums.iter_mut().zip(&mut open).zip(values).zip(maxima) {
                    // Both are looked at, so that the loop has no branch.
                    let found = (*value == *greatest) | value.is_nan();
                    *sum = sum.add(if found { *open } else { T::ZERO });
                    *open = if found { T::ZERO } else { *open };
                }
            }
        }
    }
}

impl Layout {
    fn of_image(&self) -> usize {
        self.images[0] * self.images[1] * self.depth
    }

    fn of_pooled(&self) -> usize {
        self.pooled[0] * self.pooled[1] * self.depth
    }

    #[inline(always)]
    fn places(&self, line: usize, place: usize) -> Places {
        let (width, depth) = (self.images[1], self.depth);
        let down = self.windows.touched(0, line, self.images[0]);
        Places { down, across: self.windows.touched(1, place, width), line: width * depth, depth }
    }

    /// Elementary operations for all windows of so many results.
    fn cost(&self, results: usize) -> usize {
        results.saturating_mul(self.windows.size[0].min(self.images[0]) * self.windows.size[1].min(self.images[1]))
    }

    fn pool<T: Registers>(&self, pool: &Pool, images: &[T], pooled: &mut [T], combine: impl Combine<T>) {
        if pooled.is_empty() {
            return;
        }
        let of_line = self.pooled[1] * self.depth;
        let block = (pooled.len() / of_line).div_ceil(TASKS).min(self.pooled[0]);
        let cost = self.cost(pooled.len());
        pool.blocks(Rows { values: pooled, width: of_line }, block, cost, &|first, lines: Rows<'_, T>| {
            isa::run(PoolLines { layout: *self, images, first, lines: lines.values, combine });
        });
    }

    fn spread<T: Registers>(&self, pool: &Pool, spread: impl Spread<T>, sums: &mut [T]) {
        if sums.is_empty() {
            return;
        }
        let cost = self.cost(sums.len());
        let images = Rows { values: sums, width: self.of_image() };
        pool.blocks(images, 1, cost, &|image, sums: Rows<'_, T>| {
            isa::run(SpreadImage { layout: *self, image, sums: sums.values, spread });
        });
    }
}

/// Some lines of pooled images, the first one counted over all images.
struct PoolLines<'a, T, C> {
    layout: Layout,
    images: &'a [T],
    first: usize,
    lines: &'a mut [T],
    combine: C,
}

impl<T: Registers, C: Combine<T>> Work<T> for PoolLines<'_, T, C> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Layout { pooled: [height, width], depth, .. } = self.layout;
        for (index, result) in self.lines.chunks_exact_mut(depth).enumerate() {
            let line = self.first + index / width;
            let image = &self.images[line / height * self.layout.of_image()..];
            self.combine.combine(&self.layout.places(line % height, index % width), image, result);
        }
    }
}

/// The gradient of one image.
struct SpreadImage<'a, T, S> {
    layout: Layout,
    image: usize,
    sums: &'a mut [T],
    spread: S,
}

impl<T: Registers, S: Spread<T>> Work<T> for SpreadImage<'_, T, S> {
    #[inline(always)]
    fn run<V: Lanes<T>>(self) {
        let Layout { pooled: [height, width], depth, .. } = self.layout;
        self.sums.fill(T::ZERO);
        for place in 0..height * width {
            let result = self.image * self.layout.of_pooled() + place * depth;
            let window = self.layout.places(place / width, place % width);
            self.spread.spread(result, self.image * self.layout.of_image(), &window, self.sums);
        }
    }
}
