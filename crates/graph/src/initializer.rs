//! The first value of a variable.

use everstep_tensor::Tensor;

/// How a variable gets its first value.
///
/// A random value must depend on the session's seed and the variable's name alone, so that a variable added to a model
/// leaves the others as they were.
#[derive(Clone, Debug)]
pub enum Initializer {
    /// Every element is this number, converted to the variable's dtype (for bool: whether it is not zero).
    Constant(f64),
    /// This very value, of the variable's dtype and shape.
    Value(Tensor),
    /// Evenly in `low..high`; floats only.
    Uniform {
        /// The least value.
        low: f64,
        /// What every value stays below.
        high: f64,
    },
    /// The normal distribution; floats only.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation, not negative.
        stddev: f64,
    },
    /// The normal distribution, values more than two standard deviations from the mean drawn again; floats only.
    TruncatedNormal {
        /// The mean.
        mean: f64,
        /// The standard deviation before the cut, not negative.
        stddev: f64,
    },
    /// A random matrix whose columns are orthogonal and of length `gain`, or its rows if these are fewer; floats only.
    ///
    /// The last axis are the columns, all axes before it the rows. For the recurrent kernels of LSTM and GRU.
    ///
    /// Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    /// networks" (2014).
    Orthogonal {
        /// What the orthonormal matrix is multiplied by.
        gain: f64,
    },
}

impl Initializer {
    /// Every element is 0.
    pub const ZEROS: Self = Self::Constant(0.0);
    /// Every element is 1.
    pub const ONES: Self = Self::Constant(1.0);

    /// Whether the value is drawn at random.
    pub fn is_random(&self) -> bool {
        !matches!(self, Self::Constant(_) | Self::Value(_))
    }
}
