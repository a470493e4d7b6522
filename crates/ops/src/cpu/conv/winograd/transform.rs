//! The transforms along one axis, by the points 0, 1, -1, 2, -2 and infinity.
//!
//! They are those of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016), for any filters and results
//! that make up six places; each factor is a small whole number but for those of the taps.

use crate::cpu::{lanes::Lanes, number::Float};

/// Places of the data along an axis, and products.
pub(super) const SIDE: usize = 6;

#[inline(always)]
fn all<T: Float, V: Lanes<T>>(factor: f64) -> V {
    V::splat(T::from_f64(factor))
}

#[inline(always)]
fn difference<T: Float, V: Lanes<T>>(one: V, other: V) -> V {
    one.multiply_add(all(-1.0), other)
}

#[inline(always)]
fn times<T: Float, V: Lanes<T>>(factor: f64, value: V) -> V {
    V::splat(T::ZERO).multiply_add(all(factor), value)
}

/// A transform along one axis.
///
/// It is a type rather than a function, for a call through `Fn` is not inlined into code for other instructions.
pub(super) trait Transform<const FROM: usize, const TO: usize> {
    fn apply<T: Float, V: Lanes<T>>(from: [V; FROM]) -> [V; TO];
}

/// Of the data.
pub(super) struct Data;

impl Transform<SIDE, SIDE> for Data {
    #[inline(always)]
    fn apply<T: Float, V: Lanes<T>>(d: [V; SIDE]) -> [V; SIDE] {
        let (near_even, near_odd) = (d[4].multiply_add(all(-4.0), d[2]), d[3].multiply_add(all(-4.0), d[1]));
        let (far_even, far_odd) = (difference(d[4], d[2]), difference(d[3], d[1]));
        [
            d[4].multiply_add(all(-5.0), d[2]).multiply_add(all(4.0), d[0]),
            near_even.add(near_odd),
            difference(near_even, near_odd),
            far_even.multiply_add(all(2.0), far_odd),
            far_even.multiply_add(all(-2.0), far_odd),
            d[5].multiply_add(all(-5.0), d[3]).multiply_add(all(4.0), d[1]),
        ]
    }
}

/// Of two to five taps: their polynomial at each point, over the product of the point's distances from the others.
pub(super) struct Taps;

impl<const TAPS: usize> Transform<TAPS, SIDE> for Taps {
    #[inline(always)]
    fn apply<T: Float, V: Lanes<T>>(g: [V; TAPS]) -> [V; SIDE] {
        const { assert!(TAPS >= 2 && TAPS < SIDE) };
        let (mut near_even, mut far_even) = (g[0], g[0]);
        let (mut near_odd, mut far_odd) = (g[1], g[1].add(g[1]));
        if TAPS > 2 {
            (near_even, far_even) = (near_even.add(g[2]), far_even.multiply_add(all(4.0), g[2]));
        }
        if TAPS > 3 {
            (near_odd, far_odd) = (near_odd.add(g[3]), far_odd.multiply_add(all(8.0), g[3]));
        }
        if TAPS > 4 {
            (near_even, far_even) = (near_even.add(g[4]), far_even.multiply_add(all(16.0), g[4]));
        }
        [
            times(1.0 / 4.0, g[0]),
            times(-1.0 / 6.0, near_even.add(near_odd)),
            times(-1.0 / 6.0, difference(near_even, near_odd)),
            times(1.0 / 24.0, far_even.add(far_odd)),
            times(1.0 / 24.0, difference(far_even, far_odd)),
            g[TAPS - 1],
        ]
    }
}

/// From the products to two to five results.
pub(super) struct Results;

impl<const RESULTS: usize> Transform<SIDE, RESULTS> for Results {
    #[inline(always)]
    fn apply<T: Float, V: Lanes<T>>(m: [V; SIDE]) -> [V; RESULTS] {
        let (near_even, near_odd) = (m[1].add(m[2]), difference(m[1], m[2]));
        let (far_even, far_odd) = (m[3].add(m[4]), difference(m[3], m[4]));
        let mut results = [near_even; RESULTS];
        for (place, result) in results.iter_mut().enumerate() {
            let (near, far) = if place % 2 == 0 { (near_even, far_even) } else { (near_odd, far_odd) };
            *result = near.multiply_add(all(f64::from(1 << place)), far);
        }
        results[0] = results[0].add(m[0]);
        results[RESULTS - 1] = results[RESULTS - 1].add(m[SIDE - 1]);
        results
    }
}

/// Where the vectors of a square lie: the first one, and how far it is to the next line and to the next place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Square<P> {
    pub(super) first: P,
    pub(super) line: usize,
    pub(super) place: usize,
}

/// Transforms a square along both axes.
///
/// # Safety
/// A vector can be read at each place of the one square, and written at each of the other; the processor has the
/// instructions of `V`.
#[inline(always)]
#[allow(unsafe_code, reason = "registers are loaded from pointers and stored at them")]
pub(super) unsafe fn square<T, V, X, const FROM: usize, const TO: usize>(from: Square<*const T>, to: Square<*mut T>)
where
    T: Float,
    V: Lanes<T>,
    X: Transform<FROM, TO>,
{
    let mut columns = [[V::splat(T::ZERO); TO]; FROM];
    // SAFETY: the caller's promise.
    unsafe {
        for (place, column) in columns.iter_mut().enumerate() {
            let mut values = [V::splat(T::ZERO); FROM];
            for (line, value) in values.iter_mut().enumerate() {
                *value = V::load(from.first.add(line * from.line + place * from.place));
            }
            *column = X::apply(values);
        }
        for line in 0..TO {
            let mut values = [V::splat(T::ZERO); FROM];
            for (value, column) in values.iter_mut().zip(&columns) {
                *value = column[line];
            }
            for (place, value) in X::apply(values).into_iter().enumerate() {
                value.store(to.first.add(line * to.line + place * to.place));
            }
        }
    }
}
