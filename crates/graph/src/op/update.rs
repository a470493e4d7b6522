//! How updates change variables.

use super::attribute::{Attribute, Attributes};

/// How an update changes its variables; the inputs are (variables, then the rest), of one dtype, in TensorFlow's order.
///
/// Of a variable of bf16 or f16 the slots and scalars are f32, and the value that is added or the gradient is of either
/// type: all is computed in f32, and the variable is rounded when it is stored.
///
/// "New" values on the right of a formula are the ones computed by the lines above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpdateRule {
    /// `variable = value`, any dtype; inputs (variable, value).
    Assign,
    /// `variable = variable + value`, numeric; inputs (variable, value).
    AssignAdd,
    /// `variable = variable - value`, numeric; inputs (variable, value).
    AssignSub,
    /// `variable = variable - learning_rate * gradient`, float; inputs (variable, learning_rate, gradient).
    GradientDescent,
    /// Float; inputs (variable, accumulator, learning_rate, gradient, momentum).
    ///
    /// ```text
    /// accumulator = accumulator * momentum + gradient
    /// variable    = variable - learning_rate * accumulator                                              (plain)
    /// variable    = variable - learning_rate * gradient - learning_rate * momentum * accumulator        (nesterov)
    /// ```
    Momentum {
        /// Nesterov's look-ahead.
        nesterov: bool,
    },
    /// Float; inputs (variable, m, v, beta1_power, beta2_power, learning_rate, beta1, beta2, epsilon, gradient).
    ///
    /// ```text
    /// alpha    = learning_rate * sqrt(1 - beta2_power) / (1 - beta1_power)
    /// m        = m + (gradient - m) * (1 - beta1)
    /// v        = v + (gradient * gradient - v) * (1 - beta2)
    /// variable = variable - alpha * m / (sqrt(v) + epsilon)
    /// ```
    Adam,
    /// Float; inputs (variable, m, v, beta1_power, beta2_power, learning_rate, beta1, beta2, epsilon, weight_decay,
    /// gradient).
    ///
    /// As [`UpdateRule::Adam`], after `variable = variable - variable * (learning_rate * weight_decay)`.
    AdamW,
    /// Float; inputs (variable, accumulator, learning_rate, gradient).
    ///
    /// ```text
    /// accumulator = accumulator + gradient * gradient
    /// variable    = variable - learning_rate * gradient / sqrt(accumulator)
    /// ```
    Adagrad,
    /// Float; inputs (variable, ms, mom, learning_rate, rho, momentum, epsilon, gradient), with mg before ms if centered.
    ///
    /// ```text
    /// mg       = mg + (gradient - mg) * (1 - rho)                                    (centered; else 0)
    /// ms       = ms + (gradient * gradient - ms) * (1 - rho)
    /// mom      = mom * momentum + learning_rate * gradient / sqrt(ms - mg * mg + epsilon)
    /// variable = variable - mom
    /// ```
    RmsProp {
        /// Whether the variance of the gradient divides, not its mean square.
        centered: bool,
    },
    /// Float; inputs (variable, m, learning_rate, beta1, beta2, weight_decay, gradient).
    ///
    /// ```text
    /// variable = variable - learning_rate * (sign(m + (gradient - m) * (1 - beta1)) + weight_decay * variable)
    /// m        = m + (gradient - m) * (1 - beta2)
    /// ```
    Lion,
    /// Float; inputs (variable, m, v, beta1_power, beta2_power, learning_rate, beta1, beta2, epsilon, weight_decay,
    /// gradient).
    ///
    /// ```text
    /// m        = m + (gradient - m) * (1 - beta1)
    /// v        = v + (gradient * gradient - v) * (1 - beta2)
    /// step     = m / (1 - beta1_power) / (sqrt(v / (1 - beta2_power)) + epsilon) + weight_decay * variable
    /// ratio    = |variable| / |step|, by their L2 norms; 1 if either is 0
    /// variable = variable - learning_rate * ratio * step
    /// ```
    Lamb,
    /// `average = average - (average - variable) * (1 - decay)`, float; inputs (average, variable, decay).
    ///
    /// The variable counts among those that it changes, so that it finds what earlier updates of the run have left; it
    /// stays as it is.
    MovingAverage,
}

impl UpdateRule {
    /// The name of [`Op::SparseUpdate`](crate::Op::SparseUpdate) by this rule; `None` if it has no such form.
    pub fn sparse_name(self) -> Option<&'static str> {
        match self {
            Self::AssignAdd => Some("ScatterAdd"),
            Self::AssignSub => Some("ScatterSub"),
            Self::Momentum { .. } => Some("SparseApplyMomentum"),
            Self::Adam => Some("SparseApplyAdam"),
            _ => None,
        }
    }

    /// How many of the first inputs are the variables that it changes.
    pub fn targets(self) -> usize {
        match self {
            Self::Assign | Self::AssignAdd | Self::AssignSub | Self::GradientDescent => 1,
            Self::Momentum { .. } | Self::Adagrad | Self::Lion | Self::MovingAverage => 2,
            Self::Adam | Self::AdamW | Self::Lamb | Self::RmsProp { centered: false } => 3,
            Self::RmsProp { centered: true } => 4,
        }
    }

    /// Which input is the variable that it is about; the other targets are its slots.
    pub(crate) fn variable(self) -> usize {
        usize::from(self == Self::MovingAverage)
    }

    /// How many inputs follow the variables.
    pub(crate) fn operands(self) -> usize {
        match self {
            Self::Assign | Self::AssignAdd | Self::AssignSub | Self::MovingAverage => 1,
            Self::GradientDescent | Self::Adagrad => 2,
            Self::Momentum { .. } => 3,
            Self::RmsProp { .. } | Self::Lion => 5,
            Self::Adam => 7,
            Self::AdamW | Self::Lamb => 8,
        }
    }

    /// Which inputs are scalars; the variables, and the value or gradient, have the variables' shape.
    pub(crate) fn is_scalar(self, input: usize) -> bool {
        let dense = match self {
            Self::MovingAverage => None,
            Self::Momentum { .. } => Some(1),
            _ => Some(self.operands() - 1),
        };
        input >= self.targets() && Some(input - self.targets()) != dense
    }

    /// TensorFlow's name, where it has one.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Assign => "Assign",
            Self::AssignAdd => "AssignAdd",
            Self::AssignSub => "AssignSub",
            Self::GradientDescent => "ApplyGradientDescent",
            Self::Momentum { .. } => "ApplyMomentum",
            Self::Adam => "ApplyAdam",
            Self::AdamW => "ApplyAdamW",
            Self::Adagrad => "ApplyAdagrad",
            Self::RmsProp { centered: false } => "ApplyRMSProp",
            Self::RmsProp { centered: true } => "ApplyCenteredRMSProp",
            Self::Lion => "ApplyLion",
            Self::Lamb => "ApplyLamb",
            Self::MovingAverage => "AssignMovingAverage",
        }
    }

    pub(crate) fn attributes(self) -> Attributes {
        match self {
            Self::Momentum { nesterov } => vec![("use_nesterov", Attribute::Flag(nesterov))],
            _ => Attributes::new(),
        }
    }
}
