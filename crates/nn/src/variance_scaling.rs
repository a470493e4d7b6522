//! Initial values whose variance keeps that of what passes through a layer.

use everstep_graph::Initializer;

/// Random values of variance `scale / fan`, as Keras' `VarianceScaling`.
///
/// ```
/// use everstep_graph::Initializer;
/// use everstep_nn::{Fan, Spread, VarianceScaling};
///
/// let scaling = VarianceScaling { scale: 3.0, fan: Fan::Out, spread: Spread::Uniform };
/// let Initializer::Uniform { high, .. } = scaling.initializer(&[5, 5, 1, 4]) else { unreachable!() };
/// assert_eq!(high, (9.0f64 / 100.0).sqrt());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VarianceScaling {
    /// The variance is so many times the inverse of the fan.
    pub scale: f64,
    /// The fan of which.
    pub fan: Fan,
    /// The law of the values.
    pub spread: Spread,
}

/// Of which fan the variance is the inverse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fan {
    /// How many values each output is made of.
    In,
    /// How many outputs each value goes into.
    Out,
    /// The mean of both.
    Average,
}

/// The law of random values with mean 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spread {
    /// Evenly in `-limit..limit` with `limit = sqrt(3 variance)`.
    Uniform,
    /// The normal distribution.
    Normal,
    /// The normal distribution cut at two standard deviations, these larger so that the variance holds after the cut.
    TruncatedNormal,
}

impl VarianceScaling {
    /// The initialiser of a kernel of that shape.
    pub fn initializer(self, shape: &[usize]) -> Initializer {
        /// The standard deviation of a standard normal cut at two.
        const AFTER_CUT: f64 = 0.879_625_661_034_239_8;
        let [fan_in, fan_out] = fans(shape);
        let fan = match self.fan {
            Fan::In => fan_in as f64,
            Fan::Out => fan_out as f64,
            Fan::Average => (fan_in + fan_out) as f64 / 2.0,
        };
        let variance = self.scale / fan.max(1.0);
        match self.spread {
            Spread::Uniform => {
                let limit = (3.0 * variance).sqrt();
                Initializer::Uniform { low: -limit, high: limit }
            }
            Spread::Normal => Initializer::Normal { mean: 0.0, stddev: variance.sqrt() },
            Spread::TruncatedNormal => Initializer::TruncatedNormal { mean: 0.0, stddev: variance.sqrt() / AFTER_CUT },
        }
    }
}

/// How many values each output is made of, and how many outputs each value goes into: `[fan_in, fan_out]`, as Keras
/// counts them.
///
/// The last axes are the inputs and the outputs, those before are the places of a window, so that of a kernel
/// `[height, width, in, out]` they are `height width in` and `height width out`. A vector is as long as both; a scalar is 1.
pub fn fans(shape: &[usize]) -> [usize; 2] {
    match *shape {
        [] => [1, 1],
        [length] => [length, length],
        [ref window @ .., inputs, outputs] => {
            let places: usize = window.iter().product();
            [places * inputs, places * outputs]
        }
    }
}
