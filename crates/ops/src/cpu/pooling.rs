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

/// How the places of a window become one: they come in order, the channels of each as a slice.
trait Combine<T>: Copy + Sync {
    fn combine<'a>(self, places: impl Iterator<Item = &'a [T]>, result: &mut [T])
    where
        T: 'a;
}

#[derive(Clone, Copy)]
struct Max;

impl<T: Number> Combine<T> for Max {
    #[inline(always)]
    fn combine<'a>(self, places: impl Iterator<Item = &'a [T]>, result: &mut [T])
    where
        T: 'a,
    {
        for (index, place) in places.enumerate() {
            match index {
                0 => result.copy_from_slice(place),
                _ => result.iter_mut().zip(place).for_each(|(best, value)| *best = best.maximum(*value)),
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Average;

impl<T: Registers> Combine<T> for Average {
    #[inline(always)]
    fn combine<'a>(self, places: impl Iterator<Item = &'a [T]>, result: &mut [T])
    where
        T: 'a,
    {
        let mut count = 0;
        result.fill(T::ZERO);
        for place in places {
            result.iter_mut().zip(place).for_each(|(sum, value)| *sum = sum.add(*value));
            count += 1;
        }
        let count = T::from_f64(f64::from(count));
        result.iter_mut().for_each(|sum| *sum = sum.div(count));
    }
}

/// How the gradient of a window goes to its places.
trait Spread<T>: Copy + Sync {
    /// `result` is where the window's result begins, `image` where its image does, and `window` its places in the image.
    fn spread(self, result: usize, image: usize, window: impl Places, sums: &mut [T]);
}

/// The places of a window in an image: the channels of each.
trait Places: ExactSizeIterator<Item = Range<usize>> + Clone {}

impl<I: ExactSizeIterator<Item = Range<usize>> + Clone> Places for I {}

/// In equal parts.
#[derive(Clone, Copy)]
struct Share<'a, T>(&'a [T]);

impl<T: Registers> Spread<T> for Share<'_, T> {
    #[inline(always)]
    fn spread(self, result: usize, _image: usize, window: impl Places, sums: &mut [T]) {
        let count = T::from_f64(window.len() as f64);
        for place in window {
            let gradients = &self.0[result..][..place.len()];
            sums[place].iter_mut().zip(gradients).for_each(|(sum, gradient)| *sum = sum.add(gradient.div(count)));
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
    fn spread(self, result: usize, image: usize, window: impl Places, sums: &mut [T]) {
        let depth = window.clone().next().map_or(0, |place| place.len());
        for channel in (0..depth).step_by(CHANNELS) {
            let channels = CHANNELS.min(depth - channel);
            let maxima = &self.maxima[result + channel..][..channels];
            // What has found no place yet.
            let mut open = [T::ZERO; CHANNELS];
            open[..channels].copy_from_slice(&self.gradient[result + channel..][..channels]);
            for place in window.clone() {
                let values = &self.images[image + place.start + channel..][..channels];
                let sums = &mut sums[place.start + channel..][..channels];
                for (((sum, open), value), greatest) in sums.iter_mut().zip(&mut open).zip(values).zip(maxima) {
                    let found = *value == *greatest || value.is_nan();
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

    /// The places of a window in its image, in order.
    #[inline(always)]
    fn places(&self, line: usize, place: usize) -> impl Places + use<> {
        let (width, depth) = (self.images[1], self.depth);
        let down = self.windows.touched(0, line, self.images[0]);
        let across = self.windows.touched(1, place, width);
        (0..down.len() * across.len()).map(move |index| {
            let start = ((down.start + index / across.len()) * width + across.start + index % across.len()) * depth;
            start..start + depth
        })
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
            let places = self.layout.places(line % height, index % width);
            self.combine.combine(places.map(|place| &image[place]), result);
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
            self.spread.spread(result, self.image * self.layout.of_image(), window, self.sums);
        }
    }
}
