//! Filters, packed into strips: for each tap and source channel the vectors of neighbouring result channels.

use super::{sweep::Sweep, tile};
use crate::{
    cpu::{lanes::Lanes, number::Float},
    kernel::Geometry,
};

/// A filter, read from the side of the images or from that of the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter<'a, T> {
    pub(super) values: &'a [T],
    /// Places across.
    pub(super) across: usize,
    pub(super) groups: usize,
    /// Channels of the source, and of the result, in each group.
    pub(super) channels: [usize; 2],
    /// How far apart neighbouring channels of the source, and of the result, are.
    pub(super) steps: [usize; 2],
    /// From one group to the next.
    pub(super) group_step: usize,
}

impl<'a, T: Float> Filter<'a, T> {
    /// From the images to the output.
    pub(super) fn forward(geometry: &Geometry, values: &'a [T]) -> Self {
        Filter {
            values,
            across: geometry.filter[1],
            groups: geometry.groups,
            channels: [geometry.channels, geometry.filters],
            steps: [geometry.out(), 1],
            group_step: geometry.filters,
        }
    }

    /// From the output to the images.
    pub(super) fn backward(geometry: &Geometry, values: &'a [T]) -> Self {
        let forward = Filter::forward(geometry, values);
        let ([channels, filters], [step, one]) = (forward.channels, forward.steps);
        Filter { channels: [filters, channels], steps: [one, step], ..forward }
    }

    /// Elements from one place of the filter to the next.
    fn tap_step(&self) -> usize {
        self.groups * self.channels[0] * self.channels[1]
    }

    /// Copies neighbouring channels of the result from `column` on, at one tap and channel of the source of the first group.
    #[inline(always)]
    pub(super) fn copy(&self, [line, place]: [usize; 2], channel: usize, column: usize, into: &mut [T]) {
        let [source_step, result_step] = self.steps;
        let start = (line * self.across + place) * self.tap_step() + channel * source_step + column * result_step;
        let values = self.values[start..].iter().step_by(result_step);
        into.iter_mut().zip(values).for_each(|(into, value)| *into = *value);
    }

    /// Elements of one group, packed for so many taps.
    pub(super) fn packed_group<V: Lanes<T>>(&self, taps: usize) -> usize {
        taps * self.channels[0] * self.channels[1].next_multiple_of(V::COUNT)
    }

    /// Packs the taps of a pass: group by group, strip by strip, tap by tap.
    #[inline(always)]
    pub(super) fn pack<V: Lanes<T>>(&self, down: Sweep, across: Sweep, mut into: &mut [T]) {
        for group in 0..self.groups {
            let mut column = 0;
            while column < self.channels[1] {
                let vectors = tile::width::<T, V>((self.channels[1] - column).div_ceil(V::COUNT));
                let width = vectors * V::COUNT;
                for (row, place) in down.elements().flat_map(|row| across.elements().map(move |place| (row, place))) {
                    let start = (row * self.across + place) * self.tap_step() + group * self.group_step;
                    let strip;
                    (strip, into) = std::mem::take(&mut into).split_at_mut(self.channels[0] * width);
                    self.pack_tap(start, column, width, strip);
                }
                column += width;
            }
        }
    }

    #[inline(always)]
    fn pack_tap(&self, start: usize, column: usize, width: usize, into: &mut [T]) {
        let columns = width.min(self.channels[1] - column);
        let [source_step, result_step] = self.steps;
        for (channel, into) in into.chunks_exact_mut(width).enumerate() {
            let start = start + channel * source_step + column * result_step;
            if result_step == 1 {
                into[..columns].copy_from_slice(&self.values[start..start + columns]);
            } else {
                for (column, into) in into[..columns].iter_mut().enumerate() {
                    *into = self.values[start + column * result_step];
                }
            }
            into[columns..].fill(T::ZERO);
        }
    }
}
