//! Truth values: made, combined, and chosen by.

use super::{
    elementwise::{BLOCK, map_plain, zip_plain},
    pool::Pool,
    walk::{Place, Walk},
};
use crate::{
    LogicKernel, View, ViewMut,
    element::{Element, with_element, with_float},
};

pub(super) fn logic(pool: &Pool, kernel: LogicKernel, inputs: &[View<'_>], output: &mut ViewMut<'_>) {
    match (kernel, inputs) {
        (LogicKernel::And, &[a, b]) => zip_plain(pool, a, b, output, |x: bool, y: bool| x & y),
        (LogicKernel::Or, &[a, b]) => zip_plain(pool, a, b, output, |x: bool, y: bool| x | y),
        (LogicKernel::Not, &[input]) => map_plain(pool, input, output, |x: bool| !x),
        (LogicKernel::IsNan, &[input]) => {
            with_float!(input.data.dtype(), T => map_plain(pool, input, output, T::is_nan))
        }
        (LogicKernel::IsInf, &[input]) => {
            with_float!(input.data.dtype(), T => map_plain(pool, input, output, T::is_infinite));
        }
        (LogicKernel::IsFinite, &[input]) => {
            with_float!(input.data.dtype(), T => map_plain(pool, input, output, T::is_finite));
        }
        (LogicKernel::Select, &[condition, yes, no]) => {
            with_element!(yes.data.dtype(), T => select::<T>(pool, condition, yes, no, output));
        }
        _ => unreachable!("the check counts the inputs"),
    }
}

fn select<T: Element>(pool: &Pool, condition: View<'_>, yes: View<'_>, no: View<'_>, output: &mut ViewMut<'_>) {
    let walk = Walk::new(output.shape, [condition.shape, yes.shape, no.shape]);
    let (condition, yes, no) = (bool::slice(condition.data), T::slice(yes.data), T::slice(no.data));
    let output = T::slice_mut(&mut output.data);
    let cost = output.len();
    pool.blocks(output, BLOCK, cost, &|first, block: &mut [T]| {
        walk.segments(first, block.len(), |start, length, [of_condition, of_yes, of_no]| {
            let block = &mut block[start..start + length];
            match of_condition {
                Place::At(at) if condition[at] => copy(yes, of_yes, block),
                Place::At(_) => copy(no, of_no, block),
                Place::From(from) => {
                    copy(no, of_no, block);
                    overwrite(&condition[from..from + length], yes, of_yes, block);
                }
            }
        });
    });
}

fn copy<T: Copy>(values: &[T], place: Place, output: &mut [T]) {
    match place {
        Place::At(at) => output.fill(values[at]),
        Place::From(from) => output.copy_from_slice(&values[from..from + output.len()]),
    }
}

/// Puts the values where the condition is true.
fn overwrite<T: Copy>(condition: &[bool], values: &[T], place: Place, output: &mut [T]) {
    let chosen = output.iter_mut().zip(condition);
    match place {
        Place::At(at) => chosen.for_each(|(output, &holds)| *output = if holds { values[at] } else { *output }),
        Place::From(from) => chosen
            .zip(&values[from..])
            .for_each(|((output, &holds), &value)| *output = if holds { value } else { *output }),
    }
}
