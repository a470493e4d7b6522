//! How a layer's kernel begins.

use everstep_graph::Initializer;

/// How a layer's kernel gets its first value, by its shape.
#[derive(Clone, Debug, Default)]
pub enum Kernel {
    /// [`glorot_uniform`]: for tanh, sigmoid and softmax, and the default of Keras.
    #[default]
    GlorotUniform,
    /// [`he_normal`]: for relu.
    HeNormal,
    /// The same whatever goes in and out: [`Initializer::ZEROS`], [`Initializer::Normal`].
    Fixed(Initializer),
}

impl Kernel {
    /// The initialiser of a kernel of that shape.
    pub fn initializer(&self, shape: &[usize]) -> Initializer {
        let [fan_in, fan_out] = fans(shape);
        match self {
            Self::GlorotUniform => glorot_uniform(fan_in, fan_out),
            Self::HeNormal => he_normal(fan_in),
            Self::Fixed(initializer) => initializer.clone(),
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

/// Uniform in `-limit..limit` with `limit = sqrt(6 / (fan_in + fan_out))`, as Keras' `glorot_uniform`.
///
/// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010).
pub fn glorot_uniform(fan_in: usize, fan_out: usize) -> Initializer {
    let limit = (6.0 / (fan_in + fan_out).max(1) as f64).sqrt();
    Initializer::Uniform { low: -limit, high: limit }
}

/// Normal with variance `2 / fan_in`, cut at two standard deviations of the uncut law, as Keras' `he_normal`.
///
/// He et al., "Delving Deep into Rectifiers" (2015).
pub fn he_normal(fan_in: usize) -> Initializer {
    /// The standard deviation of a standard normal cut at two; Keras divides by it so that the variance holds after the cut.
    const AFTER_CUT: f64 = 0.879_625_661_034_239_8;
    let stddev = (2.0 / fan_in.max(1) as f64).sqrt() / AFTER_CUT;
    Initializer::TruncatedNormal { mean: 0.0, stddev }
}
