//! Batch normalisation and its gradient.

use everstep_tensor::Result;

use super::{
    attribute::{Attribute, Attributes},
    convolution::refuse,
    norm::{known_channels, with_channels},
};
use crate::{PartialShape, TensorType, infer::check_floats};

/// A batch normalisation or its gradient, float: `(x - mean) / sqrt(variance + epsilon) * scale + offset`.
///
/// `x` is `[.., channels]`, all others are vectors of the channels.
/// A training run takes mean and variance of all elements of a channel, any other run those that it is given.
/// Ioffe and Szegedy, "Batch Normalization" (2015).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormOp {
    /// What is computed.
    pub pass: BatchNormPass,
    /// What is added to the variance, not negative.
    pub epsilon: f64,
}

/// What is computed of a batch normalisation, with the inputs in TensorFlow's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchNormPass {
    /// Inputs (x, scale, offset, mean, variance); outputs (y, mean, variance): of a training run those of the batch, the
    /// variance as a sample's, by the number of elements less one; of any other run those given.
    Forward,
    /// Inputs (gradient of y, x, scale, mean, variance), the last two as `Forward` has put them out; outputs
    /// (gradients of x, scale, offset).
    Gradient,
}

impl BatchNormOp {
    pub(super) fn name(self) -> &'static str {
        match self.pass {
            BatchNormPass::Forward => "FusedBatchNormV3",
            BatchNormPass::Gradient => "FusedBatchNormGradV3",
        }
    }

    pub(crate) fn attributes(self) -> Attributes {
        vec![("epsilon", Attribute::Number(self.epsilon))]
    }

    pub(crate) fn infer(self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        check_floats(inputs)?;
        if !(self.epsilon.is_finite() && self.epsilon >= 0.0) {
            return refuse(format!("epsilon is {}; give a finite number that is not negative", self.epsilon));
        }
        let (x, vectors) = match self.pass {
            BatchNormPass::Forward => (inputs[0].shape.clone(), &inputs[1..]),
            BatchNormPass::Gradient => (same(&inputs[0].shape, &inputs[1].shape)?, &inputs[2..]),
        };
        if x.is_empty() {
            return refuse("a scalar has no channels; give [.., channels]".into());
        }
        let mut output = x;
        for vector in vectors {
            let channels = known_channels(&output, &vector.shape)?;
            output = with_channels(&output, channels);
        }
        let dtype = inputs[0].dtype;
        let channels = PartialShape::from([output.last().copied().flatten()]);
        let vector = TensorType::new(dtype, channels);
        Ok(vec![TensorType::new(dtype, output), vector.clone(), vector])
    }
}

fn same(gradient: &PartialShape, x: &PartialShape) -> Result<PartialShape> {
    match gradient.merge(x) {
        Some(shape) => Ok(shape),
        None => refuse(format!("the gradient is {gradient}, the input {x}; make them equal")),
    }
}
