//! The functions of a number that kernels apply, in both precisions.

use super::single;
use crate::erf;

/// Functions of a float; those of f32 are vectorised, those of f64 are the platform's.
pub(super) trait Function: Sized {
    fn exp(self) -> Self;
    fn exp_m1(self) -> Self;
    fn ln(self) -> Self;
    fn ln_1p(self) -> Self;
    fn sqrt(self) -> Self;
    fn tanh(self) -> Self;
    /// `1 / (1 + e^-x)`
    fn sigmoid(self) -> Self;
    /// `ln(1 + e^x)`
    fn softplus(self) -> Self;
    fn erf(self) -> Self;
    /// Up to [`single::FAR`].
    fn sin(self) -> Self;
    /// Up to [`single::FAR`].
    fn cos(self) -> Self;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    /// To the nearest integer, of two equally near ones to the even one.
    fn round(self) -> Self;
    /// `x^y`
    fn pow(self, exponent: Self) -> Self;
}

impl Function for f32 {
    #[inline(always)]
    fn exp(self) -> f32 {
        single::exp(self)
    }

    #[inline(always)]
    fn exp_m1(self) -> f32 {
        single::exp_m1(self)
    }

    #[inline(always)]
    fn ln(self) -> f32 {
        single::ln(self)
    }

    #[inline(always)]
    fn ln_1p(self) -> f32 {
        single::ln_1p(self)
    }

    #[inline(always)]
    fn sqrt(self) -> f32 {
        f32::sqrt(self)
    }

    #[inline(always)]
    fn tanh(self) -> f32 {
        single::tanh(self)
    }

    #[inline(always)]
    fn sigmoid(self) -> f32 {
        single::sigmoid(self)
    }

    #[inline(always)]
    fn softplus(self) -> f32 {
        single::softplus(self)
    }

    #[inline(always)]
    fn erf(self) -> f32 {
        single::erf(self)
    }

    #[inline(always)]
    fn sin(self) -> f32 {
        single::sin(self)
    }

    #[inline(always)]
    fn cos(self) -> f32 {
        single::cos(self)
    }

    #[inline(always)]
    fn floor(self) -> f32 {
        f32::floor(self)
    }

    #[inline(always)]
    fn ceil(self) -> f32 {
        f32::ceil(self)
    }

    #[inline(always)]
    fn round(self) -> f32 {
        self.round_ties_even()
    }

    #[inline(always)]
    fn pow(self, exponent: f32) -> f32 {
        self.powf(exponent)
    }
}

impl Function for f64 {
    #[inline(always)]
    fn exp(self) -> f64 {
        f64::exp(self)
    }

    #[inline(always)]
    fn exp_m1(self) -> f64 {
        f64::exp_m1(self)
    }

    #[inline(always)]
    fn ln(self) -> f64 {
        f64::ln(self)
    }

    #[inline(always)]
    fn ln_1p(self) -> f64 {
        f64::ln_1p(self)
    }

    #[inline(always)]
    fn sqrt(self) -> f64 {
        f64::sqrt(self)
    }

    #[inline(always)]
    fn tanh(self) -> f64 {
        f64::tanh(self)
    }

    #[inline(always)]
    fn sigmoid(self) -> f64 {
        let power = (-self.abs()).exp();
        (if self < 0.0 { power } else { 1.0 }) / (1.0 + power)
    }

    #[inline(always)]
    fn softplus(self) -> f64 {
        if self.is_nan() { self } else { self.max(0.0) + (-self.abs()).exp().ln_1p() }
    }

    #[inline(always)]
    fn erf(self) -> f64 {
        erf::erf(self)
    }

    #[inline(always)]
    fn sin(self) -> f64 {
        f64::sin(self)
    }

    #[inline(always)]
    fn cos(self) -> f64 {
        f64::cos(self)
    }

    #[inline(always)]
    fn floor(self) -> f64 {
        f64::floor(self)
    }

    #[inline(always)]
    fn ceil(self) -> f64 {
        f64::ceil(self)
    }

    #[inline(always)]
    fn round(self) -> f64 {
        self.round_ties_even()
    }

    #[inline(always)]
    fn pow(self, exponent: f64) -> f64 {
        self.powf(exponent)
    }
}
