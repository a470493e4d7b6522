//! How variables change: assignment and the optimizers' rules.

/// An update of one variable and its slots; every target and input is of one dtype, scalars hold one element.
///
/// The formulas are TensorFlow's (`Assign`, `AssignAdd`, `ApplyGradientDescent`, `ApplyMomentum`, `ApplyAdam`).
/// Each but `Assign` can also be applied to some rows, see [`Kernels::update`](crate::Kernels::update).
/// "New" values on the right of a formula are the ones computed by the lines above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Update {
    /// `var = value`, any dtype; targets (var), inputs (value).
    Assign,
    /// `var = var + value`, any dtype but bool; targets (var), inputs (value).
    AssignAdd,
    /// `var = var - value`, any dtype but bool; targets (var), inputs (value).
    AssignSub,
    /// `var = var - lr * gradient`, float; targets (var), inputs (lr, gradient).
    GradientDescent,
    /// Float; targets (var, accumulator), inputs (lr, gradient, momentum).
    ///
    /// ```text
    /// accumulator = accumulator * momentum + gradient
    /// var         = var - lr * accumulator                                     (plain)
    /// var         = var - (lr * gradient + lr * momentum * accumulator)        (nesterov)
    /// ```
    Momentum {
        /// Nesterov's look-ahead.
        nesterov: bool,
    },
    /// Float; targets (var, m, v), inputs (beta1_power, beta2_power, lr, beta1, beta2, epsilon, gradient).
    ///
    /// ```text
    /// alpha = lr * sqrt(1 - beta2_power) / (1 - beta1_power)
    /// m     = m + (gradient - m) * (1 - beta1)
    /// v     = v + (gradient * gradient - v) * (1 - beta2)
    /// var   = var - alpha * m / (sqrt(v) + epsilon)
    /// ```
    ///
    /// The powers are updated by the caller, after this.
    Adam,
}
