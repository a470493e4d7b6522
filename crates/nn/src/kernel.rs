//! How a layer's kernel begins.

use everstep_graph::Initializer;

use crate::{Fan, Spread, VarianceScaling};

/// How a layer's kernel gets its first value, by its shape.
///
/// The named ones are [`VarianceScaling`] with the parameters that Keras gives those names.
#[derive(Clone, Debug, Default)]
pub enum Kernel {
    /// Uniform in `-limit..limit` with `limit = sqrt(6 / (fan_in + fan_out))`: for tanh, sigmoid and softmax, and the
    /// default of Keras.
    ///
    /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
    #[default]
    GlorotUniform,
    /// Normal with variance `2 / (fan_in + fan_out)`, cut; of the same authors.
    GlorotNormal,
    /// Uniform in `-limit..limit` with `limit = sqrt(6 / fan_in)`: for relu.
    ///
    /// He et al., "Delving Deep into Rectifiers" (2015).
    HeUniform,
    /// Normal with variance `2 / fan_in`, cut: for relu; of the same authors.
    HeNormal,
    /// Uniform in `-limit..limit` with `limit = sqrt(3 / fan_in)`.
    ///
    /// LeCun et al., "Efficient BackProp" (1998).
    LecunUniform,
    /// Normal with variance `1 / fan_in`, cut: for selu; of the same authors.
    LecunNormal,
    /// Any other scale, fan or law.
    VarianceScaling(VarianceScaling),
    /// The same whatever goes in and out, such as [`Initializer::ZEROS`], [`Initializer::TruncatedNormal`] and
    /// [`Initializer::Orthogonal`].
    Fixed(Initializer),
}

impl Kernel {
    /// The initialiser of a kernel of that shape.
    pub fn initializer(&self, shape: &[usize]) -> Initializer {
        let (scale, fan, spread) = match self {
            Self::GlorotUniform => (1.0, Fan::Average, Spread::Uniform),
            Self::GlorotNormal => (1.0, Fan::Average, Spread::TruncatedNormal),
            Self::HeUniform => (2.0, Fan::In, Spread::Uniform),
            Self::HeNormal => (2.0, Fan::In, Spread::TruncatedNormal),
            Self::LecunUniform => (1.0, Fan::In, Spread::Uniform),
            Self::LecunNormal => (1.0, Fan::In, Spread::TruncatedNormal),
            Self::VarianceScaling(scaling) => return scaling.initializer(shape),
            Self::Fixed(initializer) => return initializer.clone(),
        };
        VarianceScaling { scale, fan, spread }.initializer(shape)
    }
}
