//! Arithmetic of the element types, as the kernels need it.

use super::function::Function;
use crate::element::Typed;

/// Numbers; integers wrap.
pub(super) trait Number: Typed {
    const ZERO: Self;
    const ONE: Self;
    const LEAST: Self;
    const GREATEST: Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn abs(self) -> Self;
    /// 1, 0 or -1; NaN of NaN.
    fn sign(self) -> Self;
    /// The quotient rounded down.
    fn floor_div(self, other: Self) -> Self;
    /// What [`Number::floor_div`] leaves.
    fn floor_mod(self, other: Self) -> Self;

    /// `max(self, other)`; NaN if either is.
    #[inline(always)]
    fn maximum(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }

    /// `min(self, other)`; NaN if either is.
    #[inline(always)]
    fn minimum(self, other: Self) -> Self {
        if self < other || self.is_nan() { self } else { other }
    }

    #[inline(always)]
    #[expect(clippy::eq_op, reason = "only NaN differs from itself, and integers have none")]
    fn is_nan(self) -> bool {
        self != self
    }
}

/// Numbers with a fraction.
pub(super) trait Float: Number + Function {
    fn from_f64(value: f64) -> Self;
    /// `self * a + b`, rounded once.
    fn multiply_add(self, a: Self, b: Self) -> Self;

    #[inline(always)]
    fn relu(self) -> Self {
        if self <= Self::ZERO { Self::ZERO } else { self }
    }
}

macro_rules! integer {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LEAST: Self = <$type>::MIN;
            const GREATEST: Self = <$type>::MAX;

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                self.wrapping_div(other)
            }

            #[inline(always)]
            fn abs(self) -> Self {
                self.wrapping_abs()
            }

            #[inline(always)]
            fn sign(self) -> Self {
                self.signum()
            }

            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                let quotient = self.wrapping_div(other);
                let is_above = self.wrapping_rem(other) != 0 && (self < 0) != (other < 0);
                if is_above { quotient - 1 } else { quotient }
            }

            #[inline(always)]
            fn floor_mod(self, other: Self) -> Self {
                let rest = self.wrapping_rem(other);
                if rest != 0 && (rest < 0) != (other < 0) { rest + other } else { rest }
            }
        }
    };
}

macro_rules! float {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LEAST: Self = <$type>::NEG_INFINITY;
            const GREATEST: Self = <$type>::INFINITY;

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self + other
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self - other
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self * other
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                self / other
            }

            #[inline(always)]
            fn abs(self) -> Self {
                <$type>::abs(self)
            }

            #[inline(always)]
            fn sign(self) -> Self {
                if self > 0.0 {
                    1.0
                } else if self < 0.0 {
                    -1.0
                } else {
                    self
                }
            }

            #[inline(always)]
            fn floor_div(self, other: Self) -> Self {
                (self / other).floor()
            }

            #[inline(always)]
            fn floor_mod(self, other: Self) -> Self {
                let rest = self % other;
                if rest != 0.0 && (rest < 0.0) != (other < 0.0) { rest + other } else { rest }
            }
        }

        impl Float for $type {
            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn multiply_add(self, a: Self, b: Self) -> Self {
                <$type>::mul_add(self, a, b)
            }
        }
    };
}

integer!(i32);
integer!(i64);
float!(f32);
float!(f64);
