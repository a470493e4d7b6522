//! Updates of variables: one pass over a variable and its slots.

mod half;
mod lamb;
mod rows;

pub(super) use self::rows::update_rows;

use super::{
    number::{Float, Number},
    pool::{Pool, Split},
    wide::{Work, wide},
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
    match update {
        _ if *update != Update::Assign && targets[update.variable()].next.data.as_data().dtype().is_half() => {
            half::update_half(pool, update, targets, inputs);
        }
        Update::Assign => with_element!(dtype, T => assign::<T>(pool, &mut targets[0], inputs[0])),
        Update::AssignAdd if dtype == DType::U8 => add(pool, &mut targets[0], inputs[0], u8::wrapping_add),
        Update::AssignAdd => {
            with_number!(dtype, T => add(pool, &mut targets[0], inputs[0], <T as Number>::add));
        }
        Update::AssignSub if dtype == DType::U8 => add(pool, &mut targets[0], inputs[0], u8::wrapping_sub),
        Update::AssignSub => {
            with_number!(dtype, T => add(pool, &mut targets[0], inputs[0], <T as Number>::sub));
        }
        Update::GradientDescent => with_float!(dtype, T => {
            let rate = scalar::<T>(inputs[0]);
            each(pool, counted(targets), inputs[1], 1, move |[value], gradient: T| [value.sub(rate.mul(gradient))]);
        }),
        Update::Momentum { nesterov } => {
            with_float!(dtype, T => momentum::<T>(pool, *nesterov, counted(targets), inputs));
        }
        Update::Adam | Update::AdamW => with_float!(dtype, T => adam::<T>(pool, counted(targets), inputs)),
        Update::Adagrad => with_float!(dtype, T => {
            let rate = scalar::<T>(inputs[0]);
            each(pool, counted(targets), inputs[1], 4, move |[value, accumulator], gradient: T| {
                let accumulator = accumulator.add(gradient.mul(gradient));
                [value.sub(rate.mul(gradient).div(accumulator.sqrt())), accumulator]
            });
        }),
        Update::RmsProp { centered } => with_float!(dtype, T => rms_prop::<T>(pool, *centered, targets, inputs)),
        Update::Lion => with_float!(dtype, T => {
            let [rate, beta1, beta2, decay] = scalars::<T, 4>(inputs);
            let (toward_step, toward_mean) = (T::ONE.sub(beta1), T::ONE.sub(beta2));
            each(pool, counted(targets), inputs[4], 2, move |[value, mean], gradient: T| {
                let way = gradient.sub(mean);
                let step = mean.add(way.mul(toward_step)).sign().add(decay.mul(value));
                [value.sub(rate.mul(step)), mean.add(way.mul(toward_mean))]
            });
        }),
        Update::Lamb => with_float!(dtype, T => lamb::lamb::<T>(pool, counted(targets), inputs)),
        Update::MovingAverage => with_float!(dtype, T => {
            let rest = T::ONE.sub(scalar(inputs[0]));
            let [average, variable] = counted::<2>(targets);
            if let Some(old) = variable.from {
                assign::<T>(pool, variable, old);
            }
            each(pool, std::array::from_mut(average), variable.next.as_view(), 1, move |[average], value: T| {
                [average.sub(average.sub(value).mul(rest))]
            });
        }),
    }
}

fn counted<'a, 'b, const N: usize>(targets: &'a mut [Target<'b>]) -> &'a mut [Target<'b>; N] {
    targets.try_into().expect("the check has counted the targets")
}

fn assign<T: Element>(pool: &Pool, variable: &mut Target<'_>, value: View<'_>) {
    let value = T::slice(value.data);
    pool.blocks(T::slice_mut(&mut variable.next.data), BLOCK * 8, value.len() / 2, &|first, block: &mut [T]| {
        block.copy_from_slice(&value[first..first + block.len()]);
    });
}

/// An update of a variable that needs one other tensor and no slot.
fn add<T: Element>(pool: &Pool, target: &mut Target<'_>, other: View<'_>, next: impl Fn(T, T) -> T + Sync) {
    let (other, old) = (T::slice(other.data), target.from.map(|old| T::slice(old.data)));
    pool.blocks(T::slice_mut(&mut target.next.data), BLOCK, other.len(), &|first, block: &mut [T]| {
        let others = &other[first..];
        match old {
            Some(old) => {
                let old = old[first..].iter().zip(others);
                block.iter_mut().zip(old).for_each(|(value, (&old, &other))| *value = next(old, other));
            }
            None => block.iter_mut().zip(others).for_each(|(value, &other)| *value = next(*value, other)),
        }
    });
}

fn momentum<T: Float>(pool: &Pool, nesterov: bool, targets: &mut [Target<'_>; 2], inputs: &[View<'_>]) {
    let (rate, gradient, momentum) = (scalar::<T>(inputs[0]), inputs[1], scalar::<T>(inputs[2]));
    let accumulate = move |accumulator: T, gradient: T| accumulator.mul(momentum).add(gradient);
    match nesterov {
        true => each(pool, targets, gradient, 2, move |[value, accumulator], gradient: T| {
            let accumulator = accumulate(accumulator, gradient);
            let look_ahead = rate.mul(momentum).mul(accumulator);
            [value.sub(rate.mul(gradient).add(look_ahead)), accumulator]
        }),
        false => each(pool, targets, gradient, 2, move |[value, accumulator], gradient: T| {
            let accumulator = accumulate(accumulator, gradient);
            [value.sub(rate.mul(accumulator)), accumulator]
        }),
    }
}

fn adam<T: Float>(pool: &Pool, targets: &mut [Target<'_>; 3], inputs: &[View<'_>]) {
    let [beta1_power, beta2_power, rate, beta1, beta2, epsilon] = scalars::<T, 6>(inputs);
    let alpha = rate.mul(T::ONE.sub(beta2_power).sqrt()).div(T::ONE.sub(beta1_power));
    let (toward_mean, toward_variance) = (T::ONE.sub(beta1), T::ONE.sub(beta2));
    let step = move |[value, mean, variance]: [T; 3], gradient: T| {
        let mean = mean.add(gradient.sub(mean).mul(toward_mean));
        let variance = variance.add(gradient.mul(gradient).sub(variance).mul(toward_variance));
        [value.sub(alpha.mul(mean).div(variance.sqrt().add(epsilon))), mean, variance]
    };
    match *inputs {
        [.., decay, gradient] if inputs.len() == 8 => {
            let decay = rate.mul(scalar(decay));
            each(pool, targets, gradient, 4, move |[value, mean, variance]: [T; 3], gradient| {
                step([value.sub(value.mul(decay)), mean, variance], gradient)
            });
        }
        _ => each(pool, targets, inputs[6], 4, step),
    }
}

fn rms_prop<T: Float>(pool: &Pool, centered: bool, targets: &mut [Target<'_>], inputs: &[View<'_>]) {
    let [rate, rho, momentum, epsilon] = scalars::<T, 4>(inputs);
    let (rest, gradient) = (T::ONE.sub(rho), inputs[4]);
    let square_of = move |square: T, gradient: T| square.add(gradient.mul(gradient).sub(square).mul(rest));
    let moment_of = move |moment: T, gradient: T, spread: T| {
        moment.mul(momentum).add(rate.mul(gradient).div(spread.add(epsilon).sqrt()))
    };
    match centered {
        true => each(pool, counted(targets), gradient, 4, move |[value, mean, square, moment], gradient: T| {
            let (mean, square) = (mean.add(gradient.sub(mean).mul(rest)), square_of(square, gradient));
            let moment = moment_of(moment, gradient, square.sub(mean.mul(mean)));
            [value.sub(moment), mean, square, moment]
        }),
        false => each(pool, counted(targets), gradient, 4, move |[value, square, moment], gradient: T| {
            let square = square_of(square, gradient);
            let moment = moment_of(moment, gradient, square);
            [value.sub(moment), square, moment]
        }),
    }
}

/// An update of each element of `N` targets, given that of the gradient, of `cost` elementary operations.
fn each<T: Float, const N: usize>(
    pool: &Pool,
    targets: &mut [Target<'_>; N],
    gradient: View<'_>,
    cost: usize,
    rule: impl Fn([T; N], T) -> [T; N] + Copy + Send + Sync,
) {
    let old = old::<T, N>(targets);
    blocks(pool, Slots::of(targets), old, T::slice(gradient.data), cost, rule);
}

/// The same, of targets that begin as the old values, or hold them already.
fn blocks<T: Float, const N: usize>(
    pool: &Pool,
    next: Slots<'_, T, N>,
    old: [Option<&[T]>; N],
    gradient: &[T],
    cost: usize,
    rule: impl Fn([T; N], T) -> [T; N] + Copy + Send + Sync,
) {
    pool.blocks(next, BLOCK, gradient.len() * cost, &|first, Slots(mut next): Slots<'_, T, N>| {
        let gradient = &gradient[first..];
        // Values that are read where they are held need not be copied first.
        if old.iter().all(Option::is_some) {
            let old = old.map(|old| &old.unwrap_or_default()[first..]);
            return wide(Beside { gradient, old, next, rule });
        }
        next.iter_mut().zip(old).for_each(|(block, old)| begin(block, old, first));
        wide(Block { gradient, next, rule });
    });
}

/// The old values of targets that do not hold them.
fn old<'a, T: Element, const N: usize>(targets: &[Target<'a>; N]) -> [Option<&'a [T]>; N] {
    targets.each_ref().map(|target| target.from.map(|old| T::slice(old.data)))
}

/// The elements of one block, with the old values in place.
struct Block<'a, T, R, const N: usize> {
    gradient: &'a [T],
    next: [&'a mut [T]; N],
    rule: R,
}

impl<T: Float, R: Fn([T; N], T) -> [T; N], const N: usize> Work for Block<'_, T, R, N> {
    #[inline(always)]
    fn run(self) {
        let length = self.next[0].len();
        let mut next = self.next.map(|slot| &mut slot[..length]);
        for (index, &gradient) in self.gradient[..length].iter().enumerate() {
            let values = (self.rule)(std::array::from_fn(|slot| next[slot][index]), gradient);
            for (slot, value) in next.iter_mut().zip(values) {
                slot[index] = value;
            }
        }
    }
}

/// The elements of one block, whose old values are all elsewhere.
struct Beside<'a, T, R, const N: usize> {
    gradient: &'a [T],
    old: [&'a [T]; N],
    next: [&'a mut [T]; N],
    rule: R,
}

impl<T: Float, R: Fn([T; N], T) -> [T; N], const N: usize> Work for Beside<'_, T, R, N> {
    #[inline(always)]
    fn run(self) {
        let length = self.next[0].len();
        let (old, mut next) = (self.old.map(|slot| &slot[..length]), self.next.map(|slot| &mut slot[..length]));
        for (index, &gradient) in self.gradient[..length].iter().enumerate() {
            let values = (self.rule)(std::array::from_fn(|slot| old[slot][index]), gradient);
            for (slot, value) in next.iter_mut().zip(values) {
                slot[index] = value;
            }
        }
    }
}

/// Targets of as many elements each.
struct Slots<'a, T, const N: usize>([&'a mut [T]; N]);

impl<'a, T: Element, const N: usize> Slots<'a, T, N> {
    fn of(targets: &'a mut [Target<'_>; N]) -> Self {
        Self(targets.each_mut().map(|target| T::slice_mut(&mut target.next.data)))
    }
}

impl<T: Send, const N: usize> Split for Slots<'_, T, N> {
    fn rows(&self) -> usize {
        self.0[0].len()
    }

    fn split(self, row: usize) -> (Self, Self) {
        let mut rights = [const { None }; N];
        let mut places = rights.iter_mut();
        let lefts = self.0.map(|slot| {
            let (left, right) = slot.split_at_mut(row);
            *places.next().expect("there are as many places as targets") = Some(right);
            left
        });
        (Self(lefts), Self(rights.map(Option::unwrap_or_default)))
    }
}

/// A block begins as the old values, wherever they are; from there the update is in place.
fn begin<T: Element>(block: &mut [T], old: Option<&[T]>, first: usize) {
    if let Some(old) = old {
        block.copy_from_slice(&old[first..first + block.len()]);
    }
}

fn scalars<T: Element, const N: usize>(inputs: &[View<'_>]) -> [T; N] {
    std::array::from_fn(|index| scalar(inputs[index]))
}

fn scalar<T: Element>(input: View<'_>) -> T {
    T::slice(input.data)[0]
}
