//! Kernels that compute each element of the output from the same place of the inputs.

use super::{
    function::Function,
    half,
    number::{Float, Number},
    pool::Pool,
    walk::{Place, Walk},
    wide::{Work, wide},
};
use crate::{
    Binary, Compare, View, ViewMut,
    element::{Element, unchecked_dtype, with_element, with_float, with_number, with_plain},
};

/// Elements a block: a few pages, so that a block of all operands stays in the second-level cache.
pub(super) const BLOCK: usize = 1 << 14;

/// How many elementary operations an exponential counts as.
pub(super) const TRANSCENDENTAL: usize = 8;

pub(super) fn binary(pool: &Pool, binary: Binary, a: View<'_>, b: View<'_>, output: &mut ViewMut<'_>) {
    match binary {
        Binary::Pow => with_float!(a.data.dtype(), T => zip(pool, a, b, output, 32, <T as Function>::pow)),
        Binary::DivNoNan => with_float!(a.data.dtype(), T => zip(pool, a, b, output, 1, |x: T, y: T| {
            if y == T::ZERO { T::ZERO } else { x / y }
        })),
        _ => with_number!(a.data.dtype(), T => of_numbers::<T>(pool, binary, a, b, output)),
    }
}

fn of_numbers<T: Number>(pool: &Pool, binary: Binary, a: View<'_>, b: View<'_>, output: &mut ViewMut<'_>) {
    match binary {
        Binary::Add => zip(pool, a, b, output, 1, <T as Number>::add),
        Binary::Sub => zip(pool, a, b, output, 1, <T as Number>::sub),
        Binary::Mul => zip(pool, a, b, output, 1, <T as Number>::mul),
        Binary::Div => zip(pool, a, b, output, 1, <T as Number>::div),
        Binary::Maximum => zip(pool, a, b, output, 1, <T as Number>::maximum),
        Binary::Minimum => zip(pool, a, b, output, 1, <T as Number>::minimum),
        Binary::FloorDiv => zip(pool, a, b, output, 4, <T as Number>::floor_div),
        Binary::FloorMod => zip(pool, a, b, output, 16, <T as Number>::floor_mod),
        Binary::SquaredDifference => zip(pool, a, b, output, 1, |x: T, y: T| x.sub(y).mul(x.sub(y))),
        Binary::Pow | Binary::DivNoNan => unchecked_dtype(),
    }
}

pub(super) fn compare(pool: &Pool, compare: Compare, a: View<'_>, b: View<'_>, output: &mut ViewMut<'_>) {
    with_plain!(a.data.dtype(), T => match compare {
        Compare::Equal => zip_plain(pool, a, b, output, |x: T, y: T| x == y),
        Compare::NotEqual => zip_plain(pool, a, b, output, |x: T, y: T| x != y),
        Compare::Less => zip_plain(pool, a, b, output, |x: T, y: T| x.lt(&y)),
        Compare::LessEqual => zip_plain(pool, a, b, output, |x: T, y: T| x.le(&y)),
        Compare::Greater => zip_plain(pool, a, b, output, |x: T, y: T| x.gt(&y)),
        Compare::GreaterEqual => zip_plain(pool, a, b, output, |x: T, y: T| x.ge(&y)),
    });
}

pub(super) fn cast(pool: &Pool, input: View<'_>, output: &mut ViewMut<'_>) {
    let to = output.data.as_data().dtype();
    match input.data.dtype() {
        from if from == to => copy(pool, input, output),
        from if from.is_half() => half::widen(pool, input, output),
        _ if to.is_half() => half::round(pool, input, output),
        from => with_plain!(from, From => with_plain!(to, To => {
            map_plain(pool, input, output, <From as Cast<To>>::cast);
        })),
    }
}

pub(super) fn copy(pool: &Pool, input: View<'_>, output: &mut ViewMut<'_>) {
    with_element!(input.data.dtype(), T => {
        let (input, output) = (T::slice(input.data), T::slice_mut(&mut output.data));
        pool.blocks(output, BLOCK, input.len() / 2, &|first, block: &mut [T]| {
            block.copy_from_slice(&input[first..first + block.len()]);
        });
    });
}

/// Spreads `input`, which broadcasts from `shape` to the output, times `scale`.
pub(super) fn spread(pool: &Pool, scale: f64, input: View<'_>, shape: &[usize], output: &mut ViewMut<'_>) {
    with_float!(input.data.dtype(), T => {
        let walk = Walk::new(output.shape, [shape]);
        let (input, output) = (T::slice(input.data), T::slice_mut(&mut output.data));
        let (cost, scale) = (output.len(), T::from_f64(scale));
        pool.blocks(output, BLOCK, cost, &|first, block: &mut [T]| {
            walk.segments(first, block.len(), |start, length, [place]| {
                let output = &mut block[start..start + length];
                match place {
                    Place::At(at) => output.fill(scale * input[at]),
                    Place::From(from) => map_slice(&input[from..from + length], output, |x| scale * x),
                }
            });
        });
    });
}

/// A function of each element; `weight` is its cost.
pub(super) fn map<T: Element, U: Element>(
    pool: &Pool,
    input: View<'_>,
    output: &mut ViewMut<'_>,
    weight: usize,
    function: impl Fn(T) -> U + Copy + Sync,
) {
    let (input, output) = (T::slice(input.data), U::slice_mut(&mut output.data));
    pool.blocks(output, BLOCK / weight, input.len() * weight, &|first, block: &mut [U]| {
        wide(Map { input: &input[first..first + block.len()], output: block, function });
    });
}

/// A cheap function of each element, compiled for the baseline alone: there are many of them, and memory is their limit.
pub(super) fn map_plain<T: Element, U: Element>(
    pool: &Pool,
    input: View<'_>,
    output: &mut ViewMut<'_>,
    function: impl Fn(T) -> U + Copy + Sync,
) {
    let (input, output) = (T::slice(input.data), U::slice_mut(&mut output.data));
    pool.blocks(output, BLOCK, input.len(), &|first, block: &mut [U]| {
        Map { input: &input[first..first + block.len()], output: block, function }.run();
    });
}

struct Map<'a, T, U, F> {
    input: &'a [T],
    output: &'a mut [U],
    function: F,
}

impl<T: Copy, U, F: Fn(T) -> U> Work for Map<'_, T, U, F> {
    #[inline(always)]
    fn run(self) {
        map_slice(self.input, self.output, self.function);
    }
}

#[inline(always)]
fn map_slice<T: Copy, U>(input: &[T], output: &mut [U], function: impl Fn(T) -> U) {
    for (output, &input) in output.iter_mut().zip(input) {
        *output = function(input);
    }
}

/// A function of each pair of elements, broadcast; `weight` is its cost.
pub(super) fn zip<T: Element, U: Element>(
    pool: &Pool,
    a: View<'_>,
    b: View<'_>,
    output: &mut ViewMut<'_>,
    weight: usize,
    function: impl Fn(T, T) -> U + Copy + Sync,
) {
    let walk = Walk::new(output.shape, [a.shape, b.shape]);
    let (a, b, output) = (T::slice(a.data), T::slice(b.data), U::slice_mut(&mut output.data));
    let cost = output.len() * weight;
    pool.blocks(output, BLOCK / weight, cost, &|first, block: &mut [U]| {
        wide(Zip { a, b, walk: &walk, first, output: block, function });
    });
}

/// A cheap function of each pair of elements, compiled for the baseline alone as [`map_plain`].
pub(super) fn zip_plain<T: Element, U: Element>(
    pool: &Pool,
    a: View<'_>,
    b: View<'_>,
    output: &mut ViewMut<'_>,
    function: impl Fn(T, T) -> U + Copy + Sync,
) {
    let walk = Walk::new(output.shape, [a.shape, b.shape]);
    let (a, b, output) = (T::slice(a.data), T::slice(b.data), U::slice_mut(&mut output.data));
    let cost = output.len();
    pool.blocks(output, BLOCK, cost, &|first, block: &mut [U]| {
        Zip { a, b, walk: &walk, first, output: block, function }.run();
    });
}

struct Zip<'a, T, U, F> {
    a: &'a [T],
    b: &'a [T],
    walk: &'a Walk<2>,
    first: usize,
    output: &'a mut [U],
    function: F,
}

impl<T: Copy, U: Copy, F: Fn(T, T) -> U + Copy> Work for Zip<'_, T, U, F> {
    #[inline(always)]
    fn run(self) {
        let Zip { a, b, walk, first, output, function } = self;
        walk.segments(first, output.len(), |start, length, places| {
            zip_slice(a, b, places, &mut output[start..start + length], function);
        });
    }
}

#[inline(always)]
fn zip_slice<T: Copy, U: Copy>(a: &[T], b: &[T], places: [Place; 2], output: &mut [U], function: impl Fn(T, T) -> U) {
    let length = output.len();
    match places {
        [Place::From(left), Place::From(right)] => {
            let (a, b) = (&a[left..left + length], &b[right..right + length]);
            for ((output, &x), &y) in output.iter_mut().zip(a).zip(b) {
                *output = function(x, y);
            }
        }
        [Place::From(left), Place::At(right)] => map_slice(&a[left..left + length], output, |x| function(x, b[right])),
        [Place::At(left), Place::From(right)] => map_slice(&b[right..right + length], output, |y| function(a[left], y)),
        [Place::At(left), Place::At(right)] => output.fill(function(a[left], b[right])),
    }
}

/// Conversion of one element.
pub(super) trait Cast<To> {
    fn cast(self) -> To;
}

macro_rules! cast_number {
    ($from:ty => $($to:ty),+) => {
        $(impl Cast<$to> for $from {
            #[inline(always)]
            fn cast(self) -> $to {
                self as $to
            }
        })+
        impl Cast<bool> for $from {
            #[inline(always)]
            fn cast(self) -> bool {
                self != 0 as $from
            }
        }
        impl Cast<$from> for bool {
            #[inline(always)]
            fn cast(self) -> $from {
                u8::from(self) as $from
            }
        }
    };
}

cast_number!(u8 => u8, i32, i64, f32, f64);
cast_number!(i32 => u8, i32, i64, f32, f64);
cast_number!(i64 => u8, i32, i64, f32, f64);
cast_number!(f32 => u8, i32, i64, f32, f64);
cast_number!(f64 => u8, i32, i64, f32, f64);

impl Cast<bool> for bool {
    #[inline(always)]
    fn cast(self) -> bool {
        self
    }
}
