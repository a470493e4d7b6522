//! Convolutions of images, their adjoints, and the geometry that they share.

use crate::shape::elements;

/// How a window slides over the height and width of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// How far it moves down and across, at least 1.
    pub strides: [usize; 2],
    /// The distance of the elements that it touches, down and across, at least 1.
    pub dilations: [usize; 2],
    /// How far its first place reaches over the image, above and to the left; what is there counts as zero.
    pub before: [usize; 2],
}

/// What is computed of a convolution `images, filter -> output`; images and output are `[batch, height, width, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// `(images, filter) -> output`
    Forward,
    /// `(filter, gradient of the output) -> gradient of the images`
    BackpropInput,
    /// `(images, gradient of the output) -> gradient of the filter`
    BackpropFilter,
}

/// The tensors of a convolution, whichever of them is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) batch: usize,
    /// Height and width of the images.
    pub(crate) images: [usize; 2],
    /// Height and width of the filter.
    pub(crate) filter: [usize; 2],
    /// Height and width of the output.
    pub(crate) output: [usize; 2],
    pub(crate) groups: usize,
    /// Channels of the images in each group.
    pub(crate) channels: usize,
    /// Channels of the output in each group.
    pub(crate) filters: usize,
    pub(crate) window: Window,
}

impl Geometry {
    /// What the three shapes agree on; `None` if they make no convolution.
    pub(crate) fn of(
        window: Window,
        depthwise: bool,
        images: &[usize],
        filter: &[usize],
        output: &[usize],
    ) -> Option<Geometry> {
        let (&[batch, height, width, depth], &[rows, columns, taken, last]) = (images, filter) else { return None };
        let &[results, down, across, out] = output else { return None };
        if taken == 0 || rows == 0 || columns == 0 || results != batch {
            return None;
        }
        let groups = if depthwise { depth } else { depth / taken };
        let (channels, filters) = if depthwise { (1, last) } else { (taken, last.checked_div(groups).unwrap_or(0)) };
        let fits = if depthwise { taken == depth } else { taken * groups == depth };
        let geometry = Geometry {
            batch,
            images: [height, width],
            filter: [rows, columns],
            output: [down, across],
            groups,
            channels,
            filters,
            window,
        };
        (fits && filters * groups == out && geometry.is_countable()).then_some(geometry)
    }

    /// Whether strides and dilations are positive, and every place that the window touches can be counted.
    fn is_countable(&self) -> bool {
        let Window { strides, dilations, before } = self.window;
        (0..2).all(|axis| {
            let reach =
                strides[axis].checked_mul(self.output[axis]).zip(dilations[axis].checked_mul(self.filter[axis]));
            let last = reach.and_then(|(moved, spread)| moved.checked_add(spread)?.checked_add(self.images[axis]));
            strides[axis] > 0
                && dilations[axis] > 0
                && last.and_then(|last| last.checked_add(before[axis])).is_some_and(|last| last < isize::MAX as usize)
        })
    }

    /// Channels of the images.
    pub(crate) fn depth(&self) -> usize {
        self.groups * self.channels
    }

    /// Channels of the output.
    pub(crate) fn out(&self) -> usize {
        self.groups * self.filters
    }

    /// Products that the definition adds up.
    pub(crate) fn products(&self) -> usize {
        let [down, across] = self.output;
        let taps = [self.batch, down, across, self.filter[0], self.filter[1], self.channels, self.out()];
        elements(&taps).unwrap_or(usize::MAX)
    }

    /// Where the image is touched by filter element `tap` along `axis` for output `place`; `None` beside the image.
    pub(crate) fn touched(&self, axis: usize, place: usize, tap: usize) -> Option<usize> {
        let Window { strides, dilations, before } = self.window;
        let touched = (place * strides[axis] + tap * dilations[axis]).checked_sub(before[axis])?;
        (touched < self.images[axis]).then_some(touched)
    }
}
