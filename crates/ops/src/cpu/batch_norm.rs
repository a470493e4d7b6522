//! Batch normalisation: statistics in one pass over the elements, block by block.

use super::{
    norm::add_up,
    number::Float,
    pool::{Pool, Rows},
    wide::{Work, wide},
};
use crate::{
    View, ViewMut,
    element::{Element, with_float},
    kernel::BatchNormPass,
};

/// Rows of a block, whose statistics are taken one after the other.
const ROWS: usize = 64;

pub(super) fn batch_norm(
    pool: &Pool,
    pass: BatchNormPass,
    training: bool,
    epsilon: f64,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
) {
    let needed = workspace(inputs[0].shape);
    let (outputs, workspace) = outputs.split_at_mut(3);
    with_float!(inputs[0].data.dtype(), T => {
        let mut compute = |space: &mut [T]| match pass {
            BatchNormPass::Forward => forward::<T>(pool, training, epsilon, inputs, outputs, space),
            BatchNormPass::Gradient => gradient::<T>(pool, training, epsilon, inputs, outputs, space),
        };
        match workspace.first_mut().map(|workspace| T::slice_mut(&mut workspace.data)) {
            Some(given) if given.len() >= needed => compute(&mut given[..needed]),
            _ => compute(&mut vec![0.0; needed]),
        }
    });
}

/// Elements that the kernel works with: two sums a channel for each block.
pub(super) fn workspace(x: &[usize]) -> usize {
    let Some((channels, rows)) = x.split_last() else { return 0 };
    rows.iter().product::<usize>().div_ceil(ROWS) * 2 * channels
}

fn forward<T: Float>(
    pool: &Pool,
    training: bool,
    epsilon: f64,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    partial: &mut [T],
) {
    let [x, scale, offset, given_mean, given_variance] = [0, 1, 2, 3, 4].map(|index| T::slice(inputs[index].data));
    let [y, mean, variance] = outputs else { unreachable!("the check counts the outputs") };
    let [y, mean, variance] = [y, mean, variance].map(|output| T::slice_mut(&mut output.data));
    let channels = scale.len();
    if training {
        statistics(pool, x, partial, [&mut *mean, &mut *variance]);
    } else {
        mean.copy_from_slice(given_mean);
        variance.copy_from_slice(given_variance);
    }
    if x.is_empty() {
        return;
    }
    let biased = biased::<T>(training, x.len() / channels);
    let factors = &mut partial[..channels];
    for ((factor, &variance), &scale) in factors.iter_mut().zip(&*variance).zip(scale) {
        *factor = scale.div(variance.mul(biased).add(T::from_f64(epsilon)).sqrt());
    }
    let (factors, mean) = (&*factors, &*mean);
    let rows = Rows { values: y, width: channels };
    pool.blocks(rows, ROWS, 2 * x.len(), &|first, y: Rows<'_, T>| {
        let x = &x[first * channels..first * channels + y.values.len()];
        wide(Normalise { x, y: y.values, mean, factors, offset });
    });
}

/// What the variance that is put out is multiplied by to be that of all elements.
fn biased<T: Float>(training: bool, rows: usize) -> T {
    T::from_f64(if training { rows.saturating_sub(1).max(1) as f64 / rows.max(1) as f64 } else { 1.0 })
}

struct Normalise<'a, T> {
    x: &'a [T],
    y: &'a mut [T],
    mean: &'a [T],
    factors: &'a [T],
    offset: &'a [T],
}

impl<T: Float> Work for Normalise<'_, T> {
    #[inline(always)]
    fn run(self) {
        let channels = self.mean.len();
        for (x, y) in self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels)) {
            for ((((y, &x), &mean), &factor), &offset) in
                y.iter_mut().zip(x).zip(self.mean).zip(self.factors).zip(self.offset)
            {
                *y = x.sub(mean).mul(factor).add(offset);
            }
        }
    }
}

/// Mean and sample variance of each channel; NaN of no elements.
///
/// Each block has the mean and the squares around it of its own, and two of them make one as Chan, Golub and LeVeque,
/// "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979), do.
fn statistics<T: Float>(pool: &Pool, x: &[T], partial: &mut [T], [mean, variance]: [&mut [T]; 2]) {
    let channels = mean.len();
    if x.is_empty() {
        mean.fill(T::ZERO.div(T::ZERO));
        return variance.fill(T::ZERO.div(T::ZERO));
    }
    let rows = x.len() / channels;
    let blocks = Rows { values: &mut *partial, width: 2 * channels };
    pool.blocks(blocks, 1, 3 * x.len(), &|first, block: Rows<'_, T>| {
        for (index, sums) in block.values.chunks_exact_mut(2 * channels).enumerate() {
            let (start, end) = ((first + index) * ROWS, rows.min((first + index + 1) * ROWS));
            wide(Moments { x: &x[start * channels..end * channels], sums });
        }
    });
    let count = rows.div_ceil(ROWS);
    let mut step = 1;
    while step < count {
        for block in (0..count - step).step_by(2 * step) {
            let (left, right) = partial.split_at_mut((block + step) * 2 * channels);
            let of_right = rows.min((block + 2 * step) * ROWS) - (block + step) * ROWS;
            let counts = [step * ROWS, of_right].map(|count| T::from_f64(count as f64));
            merge(&mut left[block * 2 * channels..][..2 * channels], &right[..2 * channels], counts);
        }
        step *= 2;
    }
    let divisor = T::from_f64(rows.saturating_sub(1).max(1) as f64);
    mean.copy_from_slice(&partial[..channels]);
    for (variance, &squares) in variance.iter_mut().zip(&partial[channels..2 * channels]) {
        *variance = squares.div(divisor);
    }
}

/// Adds means and squares of the right to those of the left.
fn merge<T: Float>(left: &mut [T], right: &[T], [of_left, of_right]: [T; 2]) {
    let channels = left.len() / 2;
    let (means, squares) = left.split_at_mut(channels);
    let share = of_right.div(of_left.add(of_right));
    let weight = of_left.mul(share);
    for ((mean, square), (&other_mean, &other_square)) in
        means.iter_mut().zip(squares).zip(right[..channels].iter().zip(&right[channels..]))
    {
        let difference = other_mean.sub(*mean);
        *mean = mean.add(difference.mul(share));
        *square = square.add(other_square).add(difference.mul(difference).mul(weight));
    }
}

/// The means of a block, and the sums of the squares around them.
struct Moments<'a, T> {
    x: &'a [T],
    sums: &'a mut [T],
}

impl<T: Float> Work for Moments<'_, T> {
    #[inline(always)]
    fn run(self) {
        let channels = self.sums.len() / 2;
        self.sums.fill(T::ZERO);
        let (means, squares) = self.sums.split_at_mut(channels);
        for row in self.x.chunks_exact(channels) {
            for (mean, &x) in means.iter_mut().zip(row) {
                *mean = mean.add(x);
            }
        }
        let rows = T::from_f64((self.x.len() / channels) as f64);
        means.iter_mut().for_each(|mean| *mean = mean.div(rows));
        for row in self.x.chunks_exact(channels) {
            for ((square, &mean), &x) in squares.iter_mut().zip(&*means).zip(row) {
                *square = square.add(x.sub(mean).mul(x.sub(mean)));
            }
        }
    }
}

fn gradient<T: Float>(
    pool: &Pool,
    training: bool,
    epsilon: f64,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    partial: &mut [T],
) {
    let [dy, x, scale, mean, variance] = [0, 1, 2, 3, 4].map(|index| T::slice(inputs[index].data));
    let [dx, dscale, doffset] = outputs else { unreachable!("the check counts the outputs") };
    let [dx, dscale, doffset] = [dx, dscale, doffset].map(|output| T::slice_mut(&mut output.data));
    let channels = scale.len();
    if x.is_empty() {
        dscale.fill(T::ZERO);
        return doffset.fill(T::ZERO);
    }
    let rows = x.len() / channels;
    let blocks = Rows { values: &mut *partial, width: 2 * channels };
    pool.blocks(blocks, 1, 2 * x.len(), &|first, block: Rows<'_, T>| {
        for (index, sums) in block.values.chunks_exact_mut(2 * channels).enumerate() {
            let (start, end) = ((first + index) * ROWS, rows.min((first + index + 1) * ROWS));
            let places = start * channels..end * channels;
            wide(Sums { dy: &dy[places.clone()], x: &x[places], mean, sums });
        }
    });
    add_up(partial, 2 * channels);
    let (biased, epsilon) = (biased::<T>(training, rows), T::from_f64(epsilon));
    let share = if training { T::ONE.div(T::from_f64(rows as f64)) } else { T::ZERO };
    let (shifts, tilts) = partial.split_at_mut(channels);
    let tilts = &mut tilts[..channels];
    let sums = shifts.iter_mut().zip(&mut *tilts).zip(variance);
    for ((dscale, doffset), ((shift, tilt), &variance)) in dscale.iter_mut().zip(doffset).zip(sums) {
        let inverse = T::ONE.div(variance.mul(biased).add(epsilon).sqrt());
        (*doffset, *dscale) = (*shift, tilt.mul(inverse));
        *shift = shift.mul(share);
        *tilt = dscale.mul(inverse).mul(share);
    }
    let (shifts, tilts) = (&*shifts, &*tilts);
    let rows = Rows { values: dx, width: channels };
    pool.blocks(rows, ROWS, 3 * x.len(), &|first, dx: Rows<'_, T>| {
        let places = first * channels..first * channels + dx.values.len();
        let (dy, x) = (&dy[places.clone()], &x[places]);
        wide(Slopes { dy, x, dx: dx.values, mean, variance, scale, shifts, tilts, biased, epsilon });
    });
}

/// The sums of the gradients of a block, and of their products with the deviations from the mean.
struct Sums<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    mean: &'a [T],
    sums: &'a mut [T],
}

impl<T: Float> Work for Sums<'_, T> {
    #[inline(always)]
    fn run(self) {
        let channels = self.mean.len();
        self.sums.fill(T::ZERO);
        let (sums, along) = self.sums.split_at_mut(channels);
        for (dy, x) in self.dy.chunks_exact(channels).zip(self.x.chunks_exact(channels)) {
            for ((((sum, along), &mean), &dy), &x) in sums.iter_mut().zip(&mut *along).zip(self.mean).zip(dy).zip(x) {
                *sum = sum.add(dy);
                *along = along.add(dy.mul(x.sub(mean)));
            }
        }
    }
}

/// The gradients of some rows.
struct Slopes<'a, T> {
    dy: &'a [T],
    x: &'a [T],
    dx: &'a mut [T],
    mean: &'a [T],
    variance: &'a [T],
    scale: &'a [T],
    /// What each element of a channel loses.
    shifts: &'a [T],
    /// What it loses for its deviation from the mean.
    tilts: &'a [T],
    biased: T,
    epsilon: T,
}

impl<T: Float> Work for Slopes<'_, T> {
    #[inline(always)]
    fn run(self) {
        /// Channels whose factors are held at once.
        const STRIP: usize = 64;
        let channels = self.mean.len();
        for first in (0..channels).step_by(STRIP) {
            let strip = first..channels.min(first + STRIP);
            let mut factors = [T::ZERO; STRIP];
            for ((factor, &variance), &scale) in
                factors.iter_mut().zip(&self.variance[strip.clone()]).zip(&self.scale[strip.clone()])
            {
                *factor = scale.div(variance.mul(self.biased).add(self.epsilon).sqrt());
            }
            let [mean, shifts, tilts] = [self.mean, self.shifts, self.tilts].map(|vector| &vector[strip.clone()]);
            let rows = self.dy.chunks_exact(channels).zip(self.x.chunks_exact(channels));
            for ((dy, x), dx) in rows.zip(self.dx.chunks_exact_mut(channels)) {
                let elements = dx[strip.clone()].iter_mut().zip(&dy[strip.clone()]).zip(&x[strip.clone()]);
                let vectors = factors.iter().zip(mean).zip(shifts).zip(tilts);
                for (((dx, &dy), &x), (((&factor, &mean), &shift), &tilt)) in elements.zip(vectors) {
                    *dx = dy.sub(shift).sub(x.sub(mean).mul(tilt)).mul(factor);
                }
            }
        }
    }
}
