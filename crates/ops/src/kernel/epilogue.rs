//! What becomes of the sums of a product or a convolution.

/// What is done to each sum once it is whole; the default does nothing.
///
/// The result has the bits that [`Binary::Add`](super::Binary::Add) and the function by themselves would give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Epilogue {
    /// Whether one more input, an element for each column of the output (its last axis), is added.
    pub bias: bool,
    /// What is then applied.
    pub activation: Option<Activation>,
}

/// A function that an [`Epilogue`] applies to each element, as the [`Unary`](super::Unary) of its name; its gradient needs
/// nothing but the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Activation {
    /// `max(x, 0)`; NaN stays NaN.
    Relu,
    /// `min(max(x, 0), 6)`; NaN stays NaN.
    Relu6,
    /// The hyperbolic tangent.
    Tanh,
    /// `1 / (1 + e^-x)`
    Sigmoid,
}

impl Epilogue {
    /// Whether so many inputs come after the two that are multiplied.
    pub(crate) fn takes(self, inputs: usize) -> bool {
        inputs == usize::from(self.bias)
    }
}
