//! Softmax along the last axis, its logarithm and gradient, and the cross-entropy of one class a row.

use super::{
    elementwise::{BLOCK, TRANSCENDENTAL},
    fold::{Max, Sum, fold},
    number::Float,
    pool::{Fork, Pool, Rows},
    wide::{Work, wide},
};
use crate::{
    Data, View, ViewMut,
    element::{Element, unchecked_dtype, with_float},
};

pub(super) fn softmax(pool: &Pool, logits: View<'_>, output: &mut ViewMut<'_>) {
    with_float!(logits.data.dtype(), T => {
        let logits_values = T::slice(logits.data);
        each_row(pool, logits.shape, T::slice_mut(&mut output.data), |start, row| {
            probabilities(&logits_values[start..start + row.len()], row);
        });
    });
}

pub(super) fn log_softmax(pool: &Pool, logits: View<'_>, output: &mut ViewMut<'_>) {
    with_float!(logits.data.dtype(), T => {
        let logits_values = T::slice(logits.data);
        each_row(pool, logits.shape, T::slice_mut(&mut output.data), |start, row| {
            let logits = &logits_values[start..start + row.len()];
            let (greatest, sum) = exponentials(logits, row);
            let logarithm = sum.ln();
            for (value, &logit) in row.iter_mut().zip(logits) {
                *value = logit - greatest - logarithm;
            }
        });
    });
}

pub(super) fn softmax_grad(pool: &Pool, gradient: View<'_>, softmax: View<'_>, output: &mut ViewMut<'_>) {
    with_float!(gradient.data.dtype(), T => {
        let (gradients, probabilities) = (T::slice(gradient.data), T::slice(softmax.data));
        each_row(pool, gradient.shape, T::slice_mut(&mut output.data), |start, row| {
            let places = start..start + row.len();
            let (gradients, probabilities) = (&gradients[places.clone()], &probabilities[places]);
            for ((value, &g), &y) in row.iter_mut().zip(gradients).zip(probabilities) {
                *value = g * y;
            }
            let sum = fold::<T, Sum>(row, Fork::Caller);
            for ((value, &g), &y) in row.iter_mut().zip(gradients).zip(probabilities) {
                *value = (g - sum) * y;
            }
        });
    });
}

pub(super) fn cross_entropy(
    pool: &Pool,
    logits: View<'_>,
    labels: View<'_>,
    loss: &mut ViewMut<'_>,
    backprop: &mut ViewMut<'_>,
) {
    match labels.data {
        Data::I32(labels) => with_float!(logits.data.dtype(), T => {
            cross_entropy_of::<T>(pool, logits, &|row| labels[row] as usize, loss, backprop);
        }),
        Data::I64(labels) => with_float!(logits.data.dtype(), T => {
            cross_entropy_of::<T>(pool, logits, &|row| labels[row] as usize, loss, backprop);
        }),
        _ => unchecked_dtype(),
    }
}

fn cross_entropy_of<T: Float>(
    pool: &Pool,
    logits: View<'_>,
    label: &(dyn Fn(usize) -> usize + Sync),
    loss: &mut ViewMut<'_>,
    backprop: &mut ViewMut<'_>,
) {
    let (width, logits) = (logits.shape[1], T::slice(logits.data));
    let outputs = (T::slice_mut(&mut loss.data), Rows { values: T::slice_mut(&mut backprop.data), width });
    pool.blocks(outputs, rows_of_block(width), logits.len() * TRANSCENDENTAL, &|first, (loss, backprop)| {
        let rows = loss.iter_mut().zip(backprop.values.chunks_mut(width.max(1)));
        for (index, (loss, row)) in rows.enumerate() {
            let (place, label) = ((first + index) * width, label(first + index));
            let logits = &logits[place..place + width];
            let (greatest, sum) = probabilities(logits, row);
            *loss = sum.ln().sub(logits[label].sub(greatest));
            row[label] = row[label].sub(T::ONE);
        }
    });
}

pub(super) fn dense_cross_entropy(
    pool: &Pool,
    logits: View<'_>,
    labels: View<'_>,
    loss: &mut ViewMut<'_>,
    backprop: &mut ViewMut<'_>,
) {
    with_float!(logits.data.dtype(), T => {
        let (width, logits, labels) = (logits.shape[1], T::slice(logits.data), T::slice(labels.data));
        let backprop = Rows { values: T::slice_mut(&mut backprop.data), width };
        let (outputs, cost) = ((T::slice_mut(&mut loss.data), backprop), logits.len() * TRANSCENDENTAL);
        pool.blocks(outputs, rows_of_block(width), cost, &|first, (loss, backprop): (&mut [T], Rows<'_, T>)| {
            for (index, loss) in loss.iter_mut().enumerate() {
                let places = (first + index) * width..(first + index + 1) * width;
                let row = &mut backprop.values[index * width..(index + 1) * width];
                *loss = row_loss(&logits[places.clone()], &labels[places], row);
            }
        });
    });
}

/// Writes the gradient of a row of logits; returns its loss.
fn row_loss<T: Float>(logits: &[T], labels: &[T], row: &mut [T]) -> T {
    let (greatest, sum) = exponentials(logits, row);
    let (mut loss, logarithm) = (T::ZERO, sum.ln());
    for ((value, &logit), &label) in row.iter_mut().zip(logits).zip(labels) {
        *value = value.div(sum).sub(label);
        loss = loss.add(label.mul(logarithm.sub(logit.sub(greatest))));
    }
    loss
}

/// Runs `body` on each row of `output`, told where the row begins.
fn each_row<T: Float>(pool: &Pool, shape: &[usize], output: &mut [T], body: impl Fn(usize, &mut [T]) + Sync) {
    let width = shape.last().copied().unwrap_or(1);
    let cost = output.len() * TRANSCENDENTAL;
    pool.blocks(Rows { values: output, width }, rows_of_block(width), cost, &|first, block: Rows<'_, T>| {
        for (index, row) in block.values.chunks_mut(width.max(1)).enumerate() {
            body((first + index) * width, row);
        }
    });
}

fn rows_of_block(width: usize) -> usize {
    (BLOCK / TRANSCENDENTAL / width.max(1)).max(1)
}

/// Writes the softmax of a row; returns the greatest logit and the sum of the exponentials of the differences from it.
fn probabilities<T: Float>(logits: &[T], row: &mut [T]) -> (T, T) {
    let (greatest, sum) = exponentials(logits, row);
    for value in row {
        *value = value.div(sum);
    }
    (greatest, sum)
}

/// Writes `exp(logit - greatest)` of a row; returns the greatest logit and the sum of what was written.
fn exponentials<T: Float>(logits: &[T], row: &mut [T]) -> (T, T) {
    let greatest = fold::<T, Max>(logits, Fork::Caller);
    wide(Exponentials { logits, greatest, row });
    (greatest, fold::<T, Sum>(row, Fork::Caller))
}

struct Exponentials<'a, T> {
    logits: &'a [T],
    greatest: T,
    row: &'a mut [T],
}

impl<T: Float> Work for Exponentials<'_, T> {
    #[inline(always)]
    fn run(self) {
        for (value, &logit) in self.row.iter_mut().zip(self.logits) {
            *value = logit.sub(self.greatest).exp();
        }
    }
}
