//! How variables change: assignment and the optimizers' rules.

/// An update of one variable and its slots; every target and input is of one dtype, scalars hold one element.
///
/// "Float" is here f32, f64, bf16 or f16: of a variable of bf16 or f16 slots and scalars are f32, the gradient (or what is
/// added) is of either type, all is computed in f32, and the variable is rounded once, when it is stored. The rows of one are not updated alone.
///
/// The formulas are TensorFlow's, or where it has none those of the paper that introduced the rule.
/// Additions, gradient descent, momentum and Adam can also be applied to some rows, see
/// [`Kernels::update`](crate::Kernels::update).
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
    /// Float; targets (var, m, v), inputs (beta1_power, beta2_power, lr, beta1, beta2, epsilon, weight_decay, gradient).
    ///
    /// As [`Update::Adam`], after `var = var - var * (lr * weight_decay)`.
    AdamW,
    /// Float; targets (var, accumulator), inputs (lr, gradient).
    ///
    /// ```text
    /// accumulator = accumulator + gradient * gradient
    /// var         = var - lr * gradient / sqrt(accumulator)
    /// ```
    Adagrad,
    /// Float; targets (var, ms, mom), centered (var, mg, ms, mom); inputs (lr, rho, momentum, epsilon, gradient).
    ///
    /// ```text
    /// mg  = mg + (gradient - mg) * (1 - rho)                                   (centered; else 0)
    /// ms  = ms + (gradient * gradient - ms) * (1 - rho)
    /// mom = mom * momentum + lr * gradient / sqrt(ms - mg * mg + epsilon)
    /// var = var - mom
    /// ```
    RmsProp {
        /// Whether the variance of the gradient divides, not its mean square.
        centered: bool,
    },
    /// Float; targets (var, m), inputs (lr, beta1, beta2, weight_decay, gradient).
    ///
    /// ```text
    /// var = var - lr * (sign(m + (gradient - m) * (1 - beta1)) + weight_decay * var)
    /// m   = m + (gradient - m) * (1 - beta2)
    /// ```
    Lion,
    /// Float; targets (var, m, v), inputs (beta1_power, beta2_power, lr, beta1, beta2, epsilon, weight_decay, gradient).
    ///
    /// ```text
    /// m     = m + (gradient - m) * (1 - beta1)
    /// v     = v + (gradient * gradient - v) * (1 - beta2)
    /// step  = m / (1 - beta1_power) / (sqrt(v / (1 - beta2_power)) + epsilon) + weight_decay * var
    /// ratio = |var| / |step|, by their L2 norms; 1 if either is 0
    /// var   = var - lr * ratio * step
    /// ```
    Lamb,
    /// Float; targets (average, var), of which var stays as it is; inputs (decay).
    ///
    /// `average = average - (average - var) * (1 - decay)`
    MovingAverage,
}
