//! Batch normalisation.

/// What is computed of a batch normalisation `(x - mean) / sqrt(variance + epsilon) * scale + offset`, float.
///
/// `x` is `[.., channels]`, all others are vectors of the channels.
/// One more output is the workspace: [`Kernels::workspace`](crate::Kernels::workspace) elements, left with any values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchNormPass {
    /// `(x, scale, offset, mean, variance) -> (y, mean, variance)`
    ///
    /// In training the elements' own mean and variance are taken and put out, the variance as a sample's: divided by the
    /// number of elements less one. Otherwise those given are taken, and put out as they are.
    Forward,
    /// `(gradient of y, x, scale, mean, variance) -> (gradients of x, scale, offset)`, mean and variance as put out.
    Gradient,
}
