//! Arithmetic of the element types, as the kernels need it.

use crate::element::Element;

/// Numbers; integers wrap.
pub(super) trait Number: Element {
    const ZERO: Self;
    const LEAST: Self;
    const GREATEST: Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn div(self, other: Self) -> Self;
    fn abs(self) -> Self;

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
pub(super) trait Float: Number {
    const ONE: Self;
    fn from_f64(value: f64) -> Self;
    fn exp(self) -> Self;
    fn ln(self) -> Self;
    fn sqrt(self) -> Self;
    fn tanh(self) -> Self;
    /// `self * a + b`, rounded once.
    fn multiply_add(self, a: Self, b: Self) -> Self;

    #[inline(always)]
    fn relu(self) -> Self {
        if self <= Self::ZERO { Self::ZERO } else { self }
    }

    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE.div(Self::ONE.add(Self::ZERO.sub(self).exp()))
    }
}

macro_rules! integer {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: Self = 0;
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
        }
    };
}

macro_rules! float {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: Self = 0.0;
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
        }

        impl Float for $type {
            const ONE: Self = 1.0;

            #[inline(always)]
            fn from_f64(value: f64) -> Self {
                value as $type
            }

            #[inline(always)]
            fn exp(self) -> Self {
                <$type>::exp(self)
            }

            #[inline(always)]
            fn ln(self) -> Self {
                <$type>::ln(self)
            }

            #[inline(always)]
            fn sqrt(self) -> Self {
                <$type>::sqrt(self)
            }

            #[inline(always)]
            fn tanh(self) -> Self {
                <$type>::tanh(self)
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
