//! Updates of variables: one pass over a variable and its slots.

mod rows;

pub(super) use self::rows::update_rows;

use super::{
    number::{Float, Number},
    pool::Pool,
};
use crate::{
    Target, Update, View,
    element::{Element, with_element, with_float, with_number},
    view::DType,
};

/// Elements a block: those of a variable, its slots and the gradient stay in the first-level cache.
const BLOCK: usize = 1 << 11;

pub(super) fn update(pool: &Pool, update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) {
    let dtype = inputs[0].data.dtype();
    match (update, targets) {
        (Update::Assign, [variable]) => with_element!(dtype, T => assign::<T>(pool, variable, inputs[0])),
        (Update::AssignAdd, [variable]) if dtype == DType::U8 => add(pool, variable, inputs[0], u8::wrapping_add),
        (Update::AssignAdd, [variable]) => {
            with_number!(dtype, T => add(pool, variable, inputs[0], <T as Number>::add));
        }
        (Update::AssignSub, [variable]) if dtype == DType::U8 => add(pool, variable, inputs[0], u8::wrapping_sub),
        (Update::AssignSub, [variable]) => {
            with_number!(dtype, T => add(pool, variable, inputs[0], <T as Number>::sub));
        }
        (Update::GradientDescent, [variable]) => with_float!(dtype, T => {
            let rate = scalar::<T>(inputs[0]);
            add(pool, variable, inputs[1], |variable: T, gradient| variable - rate * gradient);
        }),
        (Update::Momentum { nesterov }, [variable, accumulator]) => {
            with_float!(dtype, T => momentum::<T>(pool, *nesterov, variable, accumulator, inputs));
        }
        (Update::Adam, [variable, mean, variance]) => {
            with_float!(dtype, T => adam::<T>(pool, [variable, mean, variance], inputs));
        }
        _ => unreachable!("the check counts the targets"),
    }
}

fn assign<T: Element>(pool: &Pool, variable: &mut Target<'_>, value: View<'_>) {
    let value = T::slice(value.data);
    pool.blocks(T::slice_mut(&mut variable.next.data), BLOCK * 8, value.len() / 2, &|first, block: &mut [T]| {
        block.copy_from_slice(&value[first..first + block.len()]);
    });
}

/// An update of a variable that needs one other tensor and no slot.
fn add<T: Element>(pool: &Pool, target: &mut Target<'_>, other: View<'_>, next: impl Fn(T, T) -> T + Sync) {
    let other = T::slice(other.data);
    let slot = Slot::<T>::of(target);
    pool.blocks(slot.next, BLOCK, other.len(), &|first, block: &mut [T]| {
        begin(block, slot.old, first);
        for (value, &other) in block.iter_mut().zip(&other[first..]) {
            *value = next(*value, other);
        }
    });
}

fn momentum<T: Float>(
    pool: &Pool,
    nesterov: bool,
    variable: &mut Target<'_>,
    accumulator: &mut Target<'_>,
    inputs: &[View<'_>],
) {
    let (rate, gradient, momentum) = (scalar::<T>(inputs[0]), T::slice(inputs[1].data), scalar::<T>(inputs[2]));
    let (variable, accumulator) = (Slot::<T>::of(variable), Slot::<T>::of(accumulator));
    let outputs = (variable.next, accumulator.next);
    pool.blocks(outputs, BLOCK, gradient.len() * 2, &|first, (values, accumulators): (&mut [T], &mut [T])| {
        begin(values, variable.old, first);
        begin(accumulators, accumulator.old, first);
        let places = values.iter_mut().zip(accumulators).zip(&gradient[first..]);
        if nesterov {
            for ((value, accumulated), &gradient) in places {
                *accumulated = accumulated.mul(momentum).add(gradient);
                let look_ahead = rate.mul(momentum).mul(*accumulated);
                *value = value.sub(rate.mul(gradient).add(look_ahead));
            }
        } else {
            for ((value, accumulated), &gradient) in places {
                *accumulated = accumulated.mul(momentum).add(gradient);
                *value = value.sub(rate.mul(*accumulated));
            }
        }
    });
}

fn adam<T: Float>(pool: &Pool, [variable, mean, variance]: [&mut Target<'_>; 3], inputs: &[View<'_>]) {
    let [beta1_power, beta2_power, rate, beta1, beta2, epsilon]: [T; 6] =
        std::array::from_fn(|index| scalar(inputs[index]));
    let gradient = T::slice(inputs[6].data);
    let alpha = rate.mul(T::ONE.sub(beta2_power).sqrt()).div(T::ONE.sub(beta1_power));
    let (toward_mean, toward_variance) = (T::ONE.sub(beta1), T::ONE.sub(beta2));
    let (variable, mean, variance) = (Slot::<T>::of(variable), Slot::<T>::of(mean), Slot::<T>::of(variance));
    let outputs = (variable.next, (mean.next, variance.next));
    pool.blocks(outputs, BLOCK, gradient.len() * 4, &|first, (values, (means, variances)): Three<'_, T>| {
        begin(values, variable.old, first);
        begin(means, mean.old, first);
        begin(variances, variance.old, first);
        let places = values.iter_mut().zip(means).zip(variances).zip(&gradient[first..]);
        for (((value, mean), variance), &gradient) in places {
            *mean = mean.add(gradient.sub(*mean).mul(toward_mean));
            *variance = variance.add(gradient.mul(gradient).sub(*variance).mul(toward_variance));
            *value = value.sub(alpha.mul(*mean).div(variance.sqrt().add(epsilon)));
        }
    });
}

type Three<'a, T> = (&'a mut [T], (&'a mut [T], &'a mut [T]));

/// A target whose type is known.
#[derive(Debug)]
struct Slot<'a, T> {
    next: &'a mut [T],
    old: Option<&'a [T]>,
}

impl<'a, T: Element> Slot<'a, T> {
    fn of(target: &'a mut Target<'_>) -> Slot<'a, T> {
        Slot { next: T::slice_mut(&mut target.next.data), old: target.from.map(|old| T::slice(old.data)) }
    }
}

/// A block begins as the old values, wherever they are; from there every update is in place.
fn begin<T: Element>(block: &mut [T], old: Option<&[T]>, first: usize) {
    if let Some(old) = old {
        block.copy_from_slice(&old[first..first + block.len()]);
    }
}

fn scalar<T: Element>(input: View<'_>) -> T {
    T::slice(input.data)[0]
}
