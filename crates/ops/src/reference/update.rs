//! Each update by its formula.

use ndarray::Zip;

use super::{
    index,
    values::{Floats, Values, copy, floats},
};
use crate::{
    Target, Update, View, ViewMut,
    element::{Element, Typed, with_number},
};

pub(super) fn update(update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) {
    match (update, targets) {
        (Update::Assign, [variable]) => copy(inputs[0], &mut variable.next),
        (Update::AssignAdd, [variable]) => add(variable, inputs[0], 1),
        (Update::AssignSub, [variable]) => add(variable, inputs[0], -1),
        (Update::GradientDescent, [variable]) => {
            let value = floats(old(variable)) - scalar(inputs[0]) * floats(inputs[1]);
            Values::Floats(value).write(&mut variable.next);
        }
        (Update::Momentum { nesterov }, [variable, accumulator]) => {
            let (rate, gradient, momentum) = (scalar(inputs[0]), floats(inputs[1]), scalar(inputs[2]));
            let accumulated = floats(old(accumulator)) * momentum + &gradient;
            let step = match nesterov {
                true => rate * &gradient + rate * momentum * &accumulated,
                false => rate * &accumulated,
            };
            Values::Floats(floats(old(variable)) - step).write(&mut variable.next);
            Values::Floats(accumulated).write(&mut accumulator.next);
        }
        (Update::Adam | Update::AdamW, [variable, mean, variance]) => {
            let [beta1_power, beta2_power, rate, beta1, beta2, epsilon] = scalars(inputs);
            let (decay, gradient) = match inputs[6..] {
                [decay, gradient] => (rate * scalar(decay), floats(gradient)),
                _ => (0.0, floats(inputs[6])),
            };
            let alpha = rate * (1.0 - beta2_power).sqrt() / (1.0 - beta1_power);
            let first = toward(floats(old(mean)), &gradient, 1.0 - beta1);
            let second = toward(floats(old(variance)), &(&gradient * &gradient), 1.0 - beta2);
            let step = alpha * &first / (second.mapv(f64::sqrt) + epsilon);
            let value = floats(old(variable));
            let decayed = &value - decay * &value;
            Values::Floats(decayed - step).write(&mut variable.next);
            Values::Floats(first).write(&mut mean.next);
            Values::Floats(second).write(&mut variance.next);
        }
        (Update::Adagrad, [variable, accumulator]) => {
            let (rate, gradient) = (scalar(inputs[0]), floats(inputs[1]));
            let accumulated = floats(old(accumulator)) + &gradient * &gradient;
            let step = rate * &gradient / accumulated.mapv(f64::sqrt);
            Values::Floats(floats(old(variable)) - step).write(&mut variable.next);
            Values::Floats(accumulated).write(&mut accumulator.next);
        }
        (Update::RmsProp { .. }, [variable, others @ .., square, moment]) => {
            let [rate, rho, momentum, epsilon] = scalars(inputs);
            let gradient = floats(inputs[4]);
            let squares = toward(floats(old(square)), &(&gradient * &gradient), 1.0 - rho);
            let mut spread = squares.clone();
            for mean in others {
                let means = toward(floats(old(mean)), &gradient, 1.0 - rho);
                spread = spread - &means * &means;
                Values::Floats(means).write(&mut mean.next);
            }
            let step = rate * gradient / (spread + epsilon).mapv(f64::sqrt);
            let moments = floats(old(moment)) * momentum + step;
            Values::Floats(floats(old(variable)) - &moments).write(&mut variable.next);
            Values::Floats(squares).write(&mut square.next);
            Values::Floats(moments).write(&mut moment.next);
        }
        (Update::Lion, [variable, mean]) => {
            let [rate, beta1, beta2, decay] = scalars(inputs);
            let (gradient, value, mean_before) = (floats(inputs[4]), floats(old(variable)), floats(old(mean)));
            let direction = toward(mean_before.clone(), &gradient, 1.0 - beta1).mapv(|x| match x {
                0.0 => 0.0,
                x => x / x.abs(),
            });
            let step = rate * (direction + decay * &value);
            Values::Floats(value - step).write(&mut variable.next);
            Values::Floats(toward(mean_before, &gradient, 1.0 - beta2)).write(&mut mean.next);
        }
        (Update::Lamb, [variable, mean, variance]) => {
            let [beta1_power, beta2_power, rate, beta1, beta2, epsilon, decay] = scalars(inputs);
            let (gradient, value) = (floats(inputs[7]), floats(old(variable)));
            let first = toward(floats(old(mean)), &gradient, 1.0 - beta1);
            let second = toward(floats(old(variance)), &(&gradient * &gradient), 1.0 - beta2);
            let deviation = (&second / (1.0 - beta2_power)).mapv(f64::sqrt) + epsilon;
            let step = &first / (1.0 - beta1_power) / deviation + decay * &value;
            let norm = |values: &Floats| values.mapv(|x| x * x).sum().sqrt();
            let ratio = match (norm(&value), norm(&step)) {
                (0.0, _) | (_, 0.0) => 1.0,
                (weight, step) => weight / step,
            };
            Values::Floats(value - rate * ratio * step).write(&mut variable.next);
            Values::Floats(first).write(&mut mean.next);
            Values::Floats(second).write(&mut variance.next);
        }
        (Update::MovingAverage, [average, variable]) => {
            let value = floats(old(variable));
            let average_now = toward(floats(old(average)), &value, 1.0 - scalar(inputs[0]));
            Values::Floats(average_now).write(&mut average.next);
            if let Some(old) = variable.from {
                copy(old, &mut variable.next);
            }
        }
        _ => unreachable!("the check counts the targets"),
    }
}

/// Each used row as if it were a variable by itself, with the sum of its slices.
pub(super) fn update_rows(kind: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>], indices: View<'_>) {
    for target in targets.iter_mut() {
        if let Some(old) = target.from.take() {
            copy(old, &mut target.next);
        }
    }
    let place = kind.dense_input().expect("the check lets no other update be of rows");
    let (slices, shape) = (inputs[place], targets[0].next.shape);
    let mut used = index::read(indices);
    with_number!(slices.data.dtype(), T => {
        let mut sums = vec![T::default(); shape.iter().product()];
        let mut sum = ViewMut { shape, data: T::data_mut(&mut sums) };
        index::scatter(0, None, &used, 1, slices, &mut sum);
        used.sort_unstable();
        used.dedup();
        let row: usize = shape[1..].iter().product();
        for start in used.into_iter().map(|index| index as usize * row) {
            let gradient = View { shape: &shape[1..], data: T::data(&sums[start..start + row]) };
            let mut inputs = inputs.to_vec();
            inputs[place] = gradient;
            let row_of = |target: &'_ mut Target<'_>| T::slice_mut(&mut target.next.data)[start..start + row].to_vec();
            let mut rows: Vec<Vec<T>> = targets.iter_mut().map(row_of).collect();
            let target = |row| Target { next: ViewMut { shape: &shape[1..], data: T::data_mut(row) }, from: None };
            let mut of_row: Vec<Target<'_>> = rows.iter_mut().map(|row| target(row)).collect();
            update(kind, &mut of_row, &inputs);
            for (target, row) in targets.iter_mut().zip(&rows) {
                T::slice_mut(&mut target.next.data)[start..start + row.len()].copy_from_slice(row);
            }
        }
    });
}

/// Adds so many times the other values.
fn add(variable: &mut Target<'_>, other: View<'_>, times: i8) {
    let sum = match (Values::read(old(variable)), Values::read(other)) {
        (Values::Floats(value), other) => Values::Floats(value + other.floats() * f64::from(times)),
        (Values::Integers(value), other) => {
            let (mut sum, times) = (value, i64::from(times));
            let add = |sum: &mut i64, other: &i64| *sum = sum.wrapping_add(other.wrapping_mul(times));
            Zip::from(&mut sum).and(&other.integers()).for_each(add);
            Values::Integers(sum)
        }
    };
    sum.write(&mut variable.next);
}

fn scalars<const N: usize>(inputs: &[View<'_>]) -> [f64; N] {
    std::array::from_fn(|index| scalar(inputs[index]))
}

/// The values before the update.
fn old<'a>(target: &'a Target<'_>) -> View<'a> {
    target.from.unwrap_or(target.next.as_view())
}

/// Moves an average by a fraction of the way to a new value.
fn toward(average: Floats, value: &Floats, fraction: f64) -> Floats {
    let way = value - &average;
    average + way * fraction
}

fn scalar(input: View<'_>) -> f64 {
    floats(input).iter().next().copied().expect("the check has counted one element")
}
