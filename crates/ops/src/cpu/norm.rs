//! Normalisations: each group is read once from memory, and its statistics are those of two passes.

use super::{
    number::Float,
    pool::{Pool, Rows, Split},
    wide::{Work, wide},
};
use crate::{
    View, ViewMut,
    element::with_float,
    kernel::{Groups, NormKind, NormPass},
};

/// Rows whose shares in the gradients of gamma and beta are added up one after the other.
const ROWS: usize = 64;

/// Elements that one thread normalises at least.
const BLOCK: usize = 1 << 13;

/// Independent sums of a row: enough to fill the vector registers.
const LANES: usize = 16;

pub(super) fn norm(
    pool: &Pool,
    pass: NormPass,
    kind: NormKind,
    epsilon: f64,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
) {
    let x = inputs[usize::from(pass == NormPass::Gradient)];
    let groups = kind.groups(x.shape).expect("the check has looked at the shape");
    with_float!(x.data.dtype(), T => match pass {
        NormPass::Forward => forward::<T>(pool, groups, epsilon, inputs, outputs),
        NormPass::Gradient => gradient::<T>(pool, kind, groups, inputs, outputs),
    });
}

/// Elements of the workspace: a row of partial sums for each block.
pub(super) fn workspace(pass: NormPass, kind: NormKind, inputs: &[&[usize]]) -> usize {
    match (pass, inputs) {
        (NormPass::Gradient, [_, x, ..]) => {
            kind.groups(x).map_or(0, |groups| blocks(groups) * sums(kind) * groups.width())
        }
        _ => 0,
    }
}

/// Examples whose gradients of gamma and beta are added up one after the other.
fn examples_of_block(groups: Groups) -> usize {
    (ROWS / groups.rows.max(1)).max(1)
}

fn blocks(groups: Groups) -> usize {
    groups.examples.div_ceil(examples_of_block(groups))
}

/// How many vectors along the last axis have gradients.
fn sums(kind: NormKind) -> usize {
    1 + usize::from(kind.has_mean())
}

fn forward<T: Float>(pool: &Pool, groups: Groups, epsilon: f64, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let (x, gamma) = (T::slice(inputs[0].data), T::slice(inputs[1].data));
    let beta = inputs.get(2).map(|beta| T::slice(beta.data));
    let (y, scales, mut no_means) = match outputs {
        [y, means, scales] => (y, scales, Some(means)),
        [y, scales] => (y, scales, None),
        _ => unreachable!("the check counts the outputs"),
    };
    let statistics = |values| Rows { values, width: groups.groups };
    let y = Rows { values: T::slice_mut(&mut y.data), width: groups.example() };
    let scales = statistics(T::slice_mut(&mut scales.data));
    let block = (BLOCK / groups.example().max(1)).max(1);
    let (example, epsilon) = (groups.example(), T::from_f64(epsilon));
    let part = |first: usize, rows: usize| &x[first * example..(first + rows) * example];
    match &mut no_means {
        Some(means) => {
            let means = statistics(T::slice_mut(&mut means.data));
            pool.blocks((y, (means, scales)), block, 2 * x.len(), &|first, (y, (means, scales)): Three<'_, T>| {
                let x = part(first, y.rows());
                let (y, scales, means) = (y.values, scales.values, Some(means.values));
                wide(Forward { groups, epsilon, x, gamma, beta, y, means, scales });
            });
        }
        None => pool.blocks((y, scales), block, 2 * x.len(), &|first, (y, scales): (Rows<'_, T>, Rows<'_, T>)| {
            let x = part(first, y.rows());
            wide(Forward { groups, epsilon, x, gamma, beta, y: y.values, means: None, scales: scales.values });
        }),
    }
}

type Three<'a, T> = (Rows<'a, T>, (Rows<'a, T>, Rows<'a, T>));

/// Some examples, normalised.
struct Forward<'a, T> {
    groups: Groups,
    epsilon: T,
    x: &'a [T],
    gamma: &'a [T],
    beta: Option<&'a [T]>,
    y: &'a mut [T],
    means: Option<&'a mut [T]>,
    scales: &'a mut [T],
}

impl<T: Float> Work for Forward<'_, T> {
    #[inline(always)]
    fn run(mut self) {
        let Groups { rows, groups, channels, .. } = self.groups;
        let (width, count) = (self.groups.width(), T::from_f64((rows * channels) as f64));
        for number in 0..self.scales.len() {
            let (example, group) = (number / groups, number % groups);
            let first = example * rows * width + group * channels;
            let row = |row: usize| first + row * width..first + row * width + channels;
            let mut mean = T::ZERO;
            if let Some(means) = &mut self.means {
                for index in 0..rows {
                    mean = mean.add(sum(&self.x[row(index)], |x| x));
                }
                mean = mean.div(count);
                means[number] = mean;
            }
            let mut variance = T::ZERO;
            for index in 0..rows {
                variance = variance.add(sum(&self.x[row(index)], |x| x.sub(mean).mul(x.sub(mean))));
            }
            let scale = T::ONE.div(variance.div(count).add(self.epsilon).sqrt());
            self.scales[number] = scale;
            let channels = group * channels..(group + 1) * channels;
            let gamma = &self.gamma[channels.clone()];
            for index in 0..rows {
                let (x, y) = (&self.x[row(index)], &mut self.y[row(index)]);
                match self.beta.map(|beta| &beta[channels.clone()]) {
                    Some(beta) => {
                        for (((y, &x), &gamma), &beta) in y.iter_mut().zip(x).zip(gamma).zip(beta) {
                            *y = x.sub(mean).mul(scale).mul(gamma).add(beta);
                        }
                    }
                    None => {
                        for ((y, &x), &gamma) in y.iter_mut().zip(x).zip(gamma) {
                            *y = x.sub(mean).mul(scale).mul(gamma);
                        }
                    }
                }
            }
        }
    }
}

fn gradient<T: Float>(pool: &Pool, kind: NormKind, groups: Groups, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let needed = blocks(groups) * sums(kind) * groups.width();
    let (gradients, workspace) = outputs.split_at_mut(1 + sums(kind));
    match workspace.first_mut().map(|workspace| T::slice_mut(&mut workspace.data)) {
        Some(given) if given.len() >= needed => {
            gradient_with(pool, kind, groups, inputs, gradients, &mut given[..needed]);
        }
        _ => gradient_with(pool, kind, groups, inputs, gradients, &mut vec![T::ZERO; needed]),
    }
}

fn gradient_with<T: Float>(
    pool: &Pool,
    kind: NormKind,
    groups: Groups,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    partial: &mut [T],
) {
    let [dy, x, gamma] = [0, 1, 2].map(|index| T::slice(inputs[index].data));
    let scales = T::slice(inputs[inputs.len() - 1].data);
    let means = kind.has_mean().then(|| T::slice(inputs[3].data));
    let (example, sums) = (groups.example(), sums(kind) * groups.width());
    let block = examples_of_block(groups);
    let (dx, weights) = outputs.split_first_mut().expect("the check counts the outputs");
    let dx = Rows { values: T::slice_mut(&mut dx.data), width: example };
    if groups.examples > 0 && example > 0 {
        let parts = Parts { dx, partial: &mut *partial, block, sums };
        pool.blocks(parts, block, 4 * x.len(), &|first, parts: Parts<'_, T>| {
            let (examples, count) = (first..first + parts.dx.rows(), groups.groups);
            let elements = examples.start * example..examples.end * example;
            let statistics = examples.start * count..examples.end * count;
            wide(Gradient {
                groups,
                dy: &dy[elements.clone()],
                x: &x[elements],
                gamma,
                means: means.map(|means| &means[statistics.clone()]),
                scales: &scales[statistics],
                dx: parts.dx.values,
                partial: parts.partial,
            });
        });
    } else {
        partial.fill(T::ZERO);
    }
    add_up(partial, sums);
    for (index, output) in weights.iter_mut().enumerate() {
        let output = T::slice_mut(&mut output.data);
        let places = index * groups.width()..(index + 1) * groups.width();
        match partial.get(places) {
            Some(sum) => output.copy_from_slice(sum),
            None => output.fill(T::ZERO),
        }
    }
}

/// Examples, and a row of partial sums for each block of them.
struct Parts<'a, T> {
    dx: Rows<'a, T>,
    partial: &'a mut [T],
    block: usize,
    sums: usize,
}

impl<T: Send> Split for Parts<'_, T> {
    fn rows(&self) -> usize {
        self.dx.rows()
    }

    fn split(self, row: usize) -> (Self, Self) {
        let Parts { dx, partial, block, sums } = self;
        let (left, right) = dx.split(row);
        let (partial, other) = partial.split_at_mut(row / block * sums);
        (Parts { dx: left, partial, block, sums }, Parts { dx: right, partial: other, block, sums })
    }
}

/// Adds rows of partial sums up to the first one, in a tree that depends on their number alone.
pub(super) fn add_up<T: Float>(partial: &mut [T], width: usize) {
    let rows = partial.len() / width.max(1);
    let mut step = 1;
    while step < rows {
        for row in (0..rows - step).step_by(2 * step) {
            let (left, right) = partial.split_at_mut((row + step) * width);
            for (sum, &other) in left[row * width..][..width].iter_mut().zip(&right[..width]) {
                *sum = sum.add(other);
            }
        }
        step *= 2;
    }
}

/// The gradients of some examples.
struct Gradient<'a, T> {
    groups: Groups,
    dy: &'a [T],
    x: &'a [T],
    gamma: &'a [T],
    means: Option<&'a [T]>,
    scales: &'a [T],
    dx: &'a mut [T],
    /// Of gamma, and of beta if there is a mean.
    partial: &'a mut [T],
}

impl<T: Float> Work for Gradient<'_, T> {
    #[inline(always)]
    fn run(self) {
        let Groups { rows, groups, channels, .. } = self.groups;
        let (width, count) = (self.groups.width(), T::from_f64((rows * channels) as f64));
        self.partial.fill(T::ZERO);
        let (dgamma, dbeta) = self.partial.split_at_mut(width);
        for (number, &scale) in self.scales.iter().enumerate() {
            let (example, group) = (number / groups, number % groups);
            let first = example * rows * width + group * channels;
            let row = |row: usize| first + row * width..first + row * width + channels;
            let mean = self.means.map_or(T::ZERO, |means| means[number]);
            let channels = group * channels..(group + 1) * channels;
            let gamma = &self.gamma[channels.clone()];
            let (mut slopes, mut along) = (T::ZERO, T::ZERO);
            for index in 0..rows {
                let (dy, x, dgamma) = (&self.dy[row(index)], &self.x[row(index)], &mut dgamma[channels.clone()]);
                along = along.add(sums_along(dy, x, gamma, dgamma, mean, scale));
                if self.means.is_some() {
                    slopes = slopes.add(sums_of_slopes(dy, gamma, &mut dbeta[channels.clone()]));
                }
            }
            let (slope, along) = (slopes.div(count), along.div(count));
            for index in 0..rows {
                let (dy, x, dx) = (&self.dy[row(index)], &self.x[row(index)], &mut self.dx[row(index)]);
                for (((dx, &dy), &x), &gamma) in dx.iter_mut().zip(dy).zip(x).zip(gamma) {
                    let normal = x.sub(mean).mul(scale);
                    *dx = dy.mul(gamma).sub(slope).sub(normal.mul(along)).mul(scale);
                }
            }
        }
    }
}

/// Adds each `dy * normal` to `dgamma`; returns the sum of `dy * gamma * normal`.
#[inline(always)]
fn sums_along<T: Float>(dy: &[T], x: &[T], gamma: &[T], dgamma: &mut [T], mean: T, scale: T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let step = |lanes: &mut [T; LANES], dy: &[T], x: &[T], gamma: &[T], dgamma: &mut [T]| {
        for ((((lane, &dy), &x), &gamma), dgamma) in lanes.iter_mut().zip(dy).zip(x).zip(gamma).zip(dgamma) {
            let share = dy.mul(x.sub(mean).mul(scale));
            *dgamma = dgamma.add(share);
            *lane = lane.add(share.mul(gamma));
        }
    };
    let [(dy, dy_rest), (x, x_rest), (gamma, gamma_rest)] = [dy, x, gamma].map(|row| row.as_chunks::<LANES>());
    let (dgamma, dgamma_rest) = dgamma.as_chunks_mut::<LANES>();
    for (((dy, x), gamma), dgamma) in dy.iter().zip(x).zip(gamma).zip(dgamma) {
        step(&mut lanes, dy, x, gamma, dgamma);
    }
    step(&mut lanes, dy_rest, x_rest, gamma_rest, dgamma_rest);
    together(lanes)
}

/// Adds each `dy` to `dbeta`; returns the sum of `dy * gamma`.
#[inline(always)]
fn sums_of_slopes<T: Float>(dy: &[T], gamma: &[T], dbeta: &mut [T]) -> T {
    let mut lanes = [T::ZERO; LANES];
    let step = |lanes: &mut [T; LANES], dy: &[T], gamma: &[T], dbeta: &mut [T]| {
        for (((lane, &dy), &gamma), dbeta) in lanes.iter_mut().zip(dy).zip(gamma).zip(dbeta) {
            *dbeta = dbeta.add(dy);
            *lane = lane.add(dy.mul(gamma));
        }
    };
    let [(dy, dy_rest), (gamma, gamma_rest)] = [dy, gamma].map(|row| row.as_chunks::<LANES>());
    let (dbeta, dbeta_rest) = dbeta.as_chunks_mut::<LANES>();
    for ((dy, gamma), dbeta) in dy.iter().zip(gamma).zip(dbeta) {
        step(&mut lanes, dy, gamma, dbeta);
    }
    step(&mut lanes, dy_rest, gamma_rest, dbeta_rest);
    together(lanes)
}

/// The sum of a function of each element of a row.
#[inline(always)]
fn sum<T: Float>(row: &[T], term: impl Fn(T) -> T) -> T {
    let mut lanes = [T::ZERO; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = lane.add(term(x));
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = lane.add(term(x));
    }
    together(lanes)
}

#[inline(always)]
fn together<T: Float>(mut lanes: [T; LANES]) -> T {
    let mut width = LANES;
    while width > 1 {
        width /= 2;
        for lane in 0..width {
            lanes[lane] = lanes[lane].add(lanes[lane + width]);
        }
    }
    lanes[0]
}
