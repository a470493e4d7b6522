//! The form that multiplies less: small tiles of results by Winograd's minimal filtering.
//!
//! A tile of `m` by `m` results of a filter of `r` by `r` taps, `m + r = 7`, takes 36 products for each pair of channels
//! where the definition takes `m * m * r * r`: 4 times fewer for filters of 3 by 3, and 2.8 times for 5 by 5.
//! Tiles and filter are transformed, all channels of a place together; at each of the 36 points the products and their sums
//! over the channels are a product of matrices; its results are transformed back.
//! Shmuel Winograd, "Arithmetic Complexity of Computations" (1980); Lavin and Gray (2016), as in `transform`.

mod correlation;
mod gradient;
mod transform;

use self::transform::{SIDE, Square};
pub(super) use self::{correlation::FastCorrelation, gradient::FastFilterGradient};
use super::border::{Image, Part};
use crate::{
    Pass,
    cpu::number::Number,
    kernel::{Geometry, Window},
};

/// Products of a tile for each pair of channels.
const POINTS: usize = SIDE * SIDE;
/// Channels come in so many, so that vectors of any length are whole.
const CHANNELS: usize = 16;

/// Fewer channels on either side make the transforms of the gradient of the filter dearer than what they save.
const CHANNELS_OF_GRADIENT: usize = 32;

/// Whether a pass of a convolution is computed this way: it has the form, and multiplies at least twice less.
pub(super) fn serves(pass: Pass, geometry: &Geometry) -> bool {
    if pass == Pass::BackpropFilter && geometry.channels.min(geometry.filters) < CHANNELS_OF_GRADIENT {
        return false;
    }
    let Window { strides, dilations, .. } = geometry.window;
    let [taps, across] = geometry.filter;
    let has_form = (taps, across) == (3, 3) || (taps, across) == (5, 5);
    if !has_form || strides != [1, 1] || dilations != [1, 1] || geometry.groups != 1 {
        return false;
    }
    let saves = |[height, width]: [usize; 2]| {
        let tiles = Tiles::new(geometry.batch, [height, width], SIDE + 1 - taps);
        2 * tiles.count() * POINTS <= geometry.batch * height * width * taps * taps
    };
    let whole = geometry.channels.is_multiple_of(CHANNELS) && geometry.filters.is_multiple_of(CHANNELS);
    whole && saves(geometry.output) && saves(geometry.images)
}

/// The tiles that a batch of images is cut into.
#[derive(Clone, Copy, Debug)]
struct Tiles {
    batch: usize,
    /// Tiles down and across.
    size: [usize; 2],
    /// Lines and places of a tile.
    side: usize,
}

impl Tiles {
    fn new(batch: usize, image: [usize; 2], side: usize) -> Tiles {
        Tiles { batch, size: image.map(|extent| extent.div_ceil(side)), side }
    }

    fn count(&self) -> usize {
        self.batch * self.size[0] * self.size[1]
    }

    /// The image of a tile, and its first line and place there.
    fn at(&self, tile: usize) -> [usize; 3] {
        let [down, across] = self.size;
        [tile / across / down, tile / across % down * self.side, tile % across * self.side]
    }
}

/// A batch of images, read where they lie.
#[derive(Clone, Copy, Debug)]
struct Images<'a, T> {
    values: &'a [T],
    size: [usize; 2],
    depth: usize,
}

impl<T: Number> Images<'_, T> {
    /// Where the channels of a square of `side` lie: in the image, or in `space`, where it is copied with zeros around.
    fn square(&self, image: usize, [line, place]: [isize; 2], side: usize, space: &mut [T]) -> Square<*const T> {
        let [height, width] = self.size;
        let values = &self.values[image * height * width * self.depth..][..height * width * self.depth];
        let is_inside = |first: isize, extent: usize| first >= 0 && first as usize + side <= extent;
        if is_inside(line, height) && is_inside(place, width) {
            let first = (line as usize * width + place as usize) * self.depth;
            return Square { first: values[first..].as_ptr(), line: width * self.depth, place: self.depth };
        }
        let space = &mut space[..side * side * self.depth];
        let part = Part { line, lines: side, place, width: side };
        Image { values, height, width, depth: self.depth }.copy(part, space);
        Square { first: space.as_ptr(), line: side * self.depth, place: self.depth }
    }
}
