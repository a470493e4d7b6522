//! Random ops: pure functions of the session's seed, a stream's name, the training run and the place of an element.

use everstep_tensor::{DType, Result, Shape};

use crate::{
    TensorType,
    infer::{check_dtype, check_float, invalid},
};

/// What is drawn at random; the inputs are said at each, `run` being the number of the training run, an i64 scalar.
///
/// Runs that only read find the same number again and again, so what they draw does not change.
#[derive(Clone, Debug, PartialEq)]
pub enum RandomOp {
    /// Independent elements of one law; inputs (run), or (run, like) where the shape is that of another value.
    Draw {
        /// The law of each element.
        law: Law,
        /// The type of the elements.
        dtype: DType,
        /// The lengths of the axes, unless they are those of another value.
        shape: Option<Shape>,
        /// Which random numbers: two ops of one stream draw the same.
        stream: String,
    },
    /// Inputs (value float, run): in training runs each element is 0 with probability `rate`, else divided by `1 - rate`;
    /// in other runs the value itself.
    Dropout {
        /// How likely an element is dropped, at least 0 and below 1.
        rate: f64,
        /// Which random numbers: that of the gradient is that of the op.
        stream: String,
    },
}

/// The law of a random element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Evenly in `low..high`; float.
    Uniform {
        /// The least value.
        low: f64,
        /// What every value stays below.
        high: f64,
    },
    /// Whole numbers evenly in `low..high`; i32 or i64.
    UniformInt {
        /// The least value.
        low: i64,
        /// What every value stays below.
        high: i64,
    },
    /// The normal distribution; float.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, not negative.
        stddev: f64,
    },
    /// The normal distribution, values more than two standard deviations from the mean drawn again; float.
    TruncatedNormal {
        /// The mean.
        mean: f64,
        /// The standard deviation before the cut, not negative.
        stddev: f64,
    },
    /// True with that probability; bool.
    Bernoulli {
        /// Between 0 and 1.
        probability: f64,
    },
}

impl Law {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uniform { .. } => "RandomUniform",
            Self::UniformInt { .. } => "RandomUniformInt",
            Self::Normal { .. } => "RandomNormal",
            Self::TruncatedNormal { .. } => "TruncatedNormal",
            Self::Bernoulli { .. } => "Bernoulli",
        }
    }

    fn check(self, dtype: DType) -> Result<()> {
        let is_normal = |mean: f64, stddev: f64| mean.is_finite() && stddev.is_finite() && stddev >= 0.0;
        match self {
            Self::Uniform { low, high } if !(low <= high && (high - low).is_finite()) => {
                invalid(format!("uniform from {low} to {high} makes no sense; give finite bounds, the lower one first"))
            }
            Self::UniformInt { low, high } if low >= high => {
                invalid(format!("there is no whole number in {low}..{high}; give the lower bound first"))
            }
            Self::UniformInt { low, high }
                if dtype == DType::I32 && (i32::try_from(low).is_err() || high > 1 << 31) =>
            {
                invalid(format!("{low}..{high} does not fit i32; draw i64"))
            }
            Self::Normal { mean, stddev } | Self::TruncatedNormal { mean, stddev } if !is_normal(mean, stddev) => {
                invalid(format!(
                    "normal with mean {mean} and deviation {stddev} makes no sense; give finite ones, the deviation not negative"
                ))
            }
            Self::Bernoulli { probability } if !(0.0..=1.0).contains(&probability) => {
                invalid(format!("{probability} is no probability; give one from 0 to 1"))
            }
            Self::UniformInt { .. } => {
                check_dtype("i32 or i64", |dtype| matches!(dtype, DType::I32 | DType::I64), dtype)
            }
            Self::Bernoulli { .. } => check_dtype("bool", |dtype| dtype == DType::Bool, dtype),
            _ => check_float(dtype),
        }
    }
}

impl RandomOp {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Draw { law, .. } => law.name(),
            Self::Dropout { .. } => "Dropout",
        }
    }

    pub(crate) fn input_count(&self) -> usize {
        match self {
            Self::Draw { shape: Some(_), .. } => 1,
            Self::Draw { shape: None, .. } | Self::Dropout { .. } => 2,
        }
    }

    pub(crate) fn attributes(&self) -> Vec<String> {
        match self {
            Self::Draw { law, stream, .. } => vec![format!("{law:?}"), format!("{stream:?}")],
            Self::Dropout { rate, stream } => vec![format!("rate {rate}"), format!("{stream:?}")],
        }
    }

    pub(crate) fn infer(&self, inputs: &[TensorType]) -> Result<TensorType> {
        let run = &inputs[usize::from(matches!(self, Self::Dropout { .. }))];
        if run.dtype != DType::I64 || !run.shape.is_empty() {
            return invalid(format!("the training run is {run}; give an i64 scalar"));
        }
        match self {
            Self::Draw { law, dtype, shape, .. } => {
                law.check(*dtype)?;
                Ok(match shape {
                    Some(shape) => TensorType::new(*dtype, shape),
                    None => TensorType::new(*dtype, inputs[1].shape.clone()),
                })
            }
            Self::Dropout { rate, .. } => {
                check_float(inputs[0].dtype)?;
                match (0.0..1.0).contains(rate) {
                    true => Ok(inputs[0].clone()),
                    false => invalid(format!("the rate {rate} makes no sense; give one from 0 to below 1")),
                }
            }
        }
    }
}
