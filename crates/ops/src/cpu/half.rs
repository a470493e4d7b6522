//! Numbers of two bytes: conversions to and from them.

use super::{
    elementwise::{Cast, map, map_plain},
    pool::Pool,
};
use crate::{
    View, ViewMut,
    element::with_plain,
    half::{Half, with_half},
    view::DType,
};

/// From such a number, to any type.
pub(super) fn widen(pool: &Pool, input: View<'_>, output: &mut ViewMut<'_>) {
    with_half!(input.data.dtype(), H => match output.data.as_data().dtype() {
        DType::F32 => map(pool, input, output, 1, |bits: u16| H::widen(bits)),
        to if to.is_half() => with_half!(to, To => {
            map_plain(pool, input, output, |bits: u16| <To as Half>::round(H::widen(bits)));
        }),
        to => with_plain!(to, To => map_plain(pool, input, output, |bits: u16| -> To { H::widen(bits).cast() })),
    });
}

/// From any other type to such a number, by way of f32.
pub(super) fn round(pool: &Pool, input: View<'_>, output: &mut ViewMut<'_>) {
    with_half!(output.data.as_data().dtype(), H => match input.data.dtype() {
        DType::F32 => map(pool, input, output, 1, |number: f32| H::round(number)),
        from => with_plain!(from, From => {
            map_plain(pool, input, output, |number: From| H::round(number.cast()));
        }),
    });
}
