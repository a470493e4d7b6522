//! How a filter passes over images along one axis; the adjoint of a convolution is made of such passes too.

use crate::kernel::Geometry;

/// A pass along one axis: result `t` stands at `result + t * result_step` and is the sum over taps `k` of filter element
/// `tap + k * tap_step` times the source at `source + t * source_step + k * source_tap_step`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sweep {
    pub(super) results: usize,
    pub(super) result: usize,
    pub(super) result_step: usize,
    pub(super) taps: usize,
    pub(super) tap: usize,
    pub(super) tap_step: isize,
    /// May lie beside the source, where zeros are.
    pub(super) source: isize,
    pub(super) source_step: usize,
    pub(super) source_tap_step: usize,
}

impl Sweep {
    /// The convolution itself.
    pub(super) fn forward(geometry: &Geometry, axis: usize) -> Sweep {
        let window = geometry.window;
        Sweep {
            results: geometry.output[axis],
            result: 0,
            result_step: 1,
            taps: geometry.filter[axis],
            tap: 0,
            tap_step: 1,
            source: -(window.before[axis] as isize),
            source_step: window.strides[axis],
            source_tap_step: window.dilations[axis],
        }
    }

    /// The gradient of the images: pass `phase` of as many as the stride gives every so-many-th element.
    ///
    /// Image place `i` was touched by filter element `k` for output `o` if `i + before = o * stride + k * dilation`; so
    /// places of one phase share their filter elements, the last of which goes with the first output.
    pub(super) fn backward(geometry: &Geometry, axis: usize, phase: usize) -> Sweep {
        let window = geometry.window;
        let (stride, dilation, before) = (window.strides[axis], window.dilations[axis], window.before[axis]);
        let place = (phase + before) % stride;
        let every = stride / greatest_common_divisor(stride, dilation);
        let first = (0..every.min(geometry.filter[axis])).find(|tap| tap * dilation % stride == place);
        let taps = first.map_or(0, |first| (geometry.filter[axis] - first).div_ceil(every));
        let last = first.unwrap_or(0) + taps.saturating_sub(1) * every;
        Sweep {
            results: geometry.images[axis].saturating_sub(phase).div_ceil(stride),
            result: phase,
            result_step: stride,
            taps,
            tap: last,
            tap_step: -(every as isize),
            source: ((phase + before) as isize - (last * dilation) as isize).div_euclid(stride as isize),
            source_step: 1,
            source_tap_step: every * dilation / stride,
        }
    }

    /// The part of it whose results stand in `from..to`.
    pub(super) fn between(self, from: usize, to: usize) -> Sweep {
        let first = from.saturating_sub(self.result).div_ceil(self.result_step);
        let end = to.saturating_sub(self.result).div_ceil(self.result_step).min(self.results);
        Sweep {
            results: end.saturating_sub(first),
            result: self.result + first * self.result_step,
            source: self.source + (first * self.source_step) as isize,
            ..self
        }
    }

    /// How many places of the source it touches, from the first to the last one.
    pub(super) fn touched(&self) -> usize {
        match (self.results, self.taps) {
            (0, _) | (_, 0) => 0,
            (results, taps) => (results - 1) * self.source_step + (taps - 1) * self.source_tap_step + 1,
        }
    }

    /// The filter elements, in order.
    pub(super) fn elements(self) -> impl Iterator<Item = usize> + Clone {
        (0..self.taps).map(move |tap| self.tap.wrapping_add_signed(tap as isize * self.tap_step))
    }
}

fn greatest_common_divisor(one: usize, other: usize) -> usize {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}
