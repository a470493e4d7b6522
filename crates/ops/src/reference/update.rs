//! Each update by its formula.

use ndarray::Zip;

use super::values::{Floats, Values, copy, floats};
use crate::{Target, Update, View};

pub(super) fn update(update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) {
    match (update, targets) {
        (Update::Assign, [variable]) => copy(inputs[0], &mut variable.next),
        (Update::AssignAdd, [variable]) => {
            let sum = match (Values::read(old(variable)), Values::read(inputs[0])) {
                (Values::Floats(value), other) => Values::Floats(value + other.floats()),
                (Values::Integers(value), other) => {
                    let mut sum = value;
                    Zip::from(&mut sum).and(&other.integers()).for_each(|sum, &other| *sum = sum.wrapping_add(other));
                    Values::Integers(sum)
                }
            };
            sum.write(&mut variable.next);
        }
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
        (Update::Adam, [variable, mean, variance]) => {
            let [beta1_power, beta2_power, rate, beta1, beta2, epsilon]: [f64; 6] =
                std::array::from_fn(|index| scalar(inputs[index]));
            let gradient = floats(inputs[6]);
            let alpha = rate * (1.0 - beta2_power).sqrt() / (1.0 - beta1_power);
            let first = toward(floats(old(mean)), &gradient, 1.0 - beta1);
            let second = toward(floats(old(variance)), &(&gradient * &gradient), 1.0 - beta2);
            let step = alpha * &first / (second.mapv(f64::sqrt) + epsilon);
            Values::Floats(floats(old(variable)) - step).write(&mut variable.next);
            Values::Floats(first).write(&mut mean.next);
            Values::Floats(second).write(&mut variance.next);
        }
        _ => unreachable!("the check counts the targets"),
    }
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
