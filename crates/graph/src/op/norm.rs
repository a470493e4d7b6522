//! Normalisations by the statistics of a group of elements, and their gradients.

use everstep_tensor::Result;

use super::{
    attribute::{Attribute, Attributes},
    convolution::refuse,
};
use crate::{PartialShape, TensorType, infer::check_floats};

/// A normalisation or its gradient, float: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`.
///
/// `gamma` and `beta` are vectors along the last axis of `x`; the variance is that of all elements of a group, not a
/// sample's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NormOp {
    /// What is computed.
    pub pass: NormPass,
    /// Which elements are a group.
    pub kind: NormKind,
    /// What is added to the variance, not negative.
    pub epsilon: f64,
}

/// What is computed of a normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormPass {
    /// Inputs (x, gamma, beta); outputs (y, mean, `1 / sqrt(variance + epsilon)`), of the last two one element a group.
    ///
    /// [`NormKind::Rms`] has neither beta nor mean.
    Forward,
    /// Inputs (gradient of y, x, gamma, mean, `1 / sqrt(variance + epsilon)`); outputs (gradients of x, gamma, beta).
    ///
    /// [`NormKind::Rms`] has neither beta nor mean.
    Gradient,
}

/// Which elements are normalised by their own mean and variance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NormKind {
    /// Those along the last axis: Ba, Kiros and Hinton, "Layer Normalization" (2016).
    Layer,
    /// The same by their root mean square alone: Zhang and Sennrich, "Root Mean Square Layer Normalization" (2019).
    Rms,
    /// Those of an example in one of so many groups of neighbouring channels: Wu and He, "Group Normalization" (2018).
    ///
    /// `x` is `[batch, .., channels]`.
    Group(usize),
}

impl NormKind {
    fn has_mean(self) -> bool {
        self != Self::Rms
    }

    /// The shape of the statistics.
    fn groups_of(self, shape: &PartialShape) -> Result<PartialShape> {
        match (self, &**shape) {
            (Self::Layer | Self::Rms, [groups @ .., _]) => Ok(groups.iter().copied().collect()),
            (Self::Group(groups), [batch, .., channels]) => {
                if groups == 0 || channels.is_some_and(|channels| channels % groups != 0) {
                    return refuse(format!(
                        "the last axis of {shape} makes no {groups} groups; take a divisor of its length"
                    ));
                }
                Ok(PartialShape::from([*batch, Some(groups)]))
            }
            (Self::Group(_), _) => refuse(format!("{shape} has no batch and channels; give [batch, .., channels]")),
            _ => refuse("a scalar has no last axis; give a tensor of rank 1 or more".into()),
        }
    }
}

impl NormOp {
    pub(super) fn name(self) -> &'static str {
        use {
            NormKind::{Group, Layer, Rms},
            NormPass::{Forward, Gradient},
        };
        match (self.kind, self.pass) {
            (Layer, Forward) => "LayerNorm",
            (Layer, Gradient) => "LayerNormGrad",
            (Rms, Forward) => "RmsNorm",
            (Rms, Gradient) => "RmsNormGrad",
            (Group(_), Forward) => "GroupNorm",
            (Group(_), Gradient) => "GroupNormGrad",
        }
    }

    pub(crate) fn attributes(self) -> Attributes {
        let groups = match self.kind {
            NormKind::Group(groups) => Some(("groups", Attribute::length(groups))),
            _ => None,
        };
        groups.into_iter().chain([("epsilon", Attribute::Number(self.epsilon))]).collect()
    }

    pub(crate) fn input_count(self) -> usize {
        match (self.pass, self.kind.has_mean()) {
            (NormPass::Forward, true) => 3,
            (NormPass::Forward, false) => 2,
            (NormPass::Gradient, true) => 5,
            (NormPass::Gradient, false) => 4,
        }
    }

    pub(crate) fn infer(self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        check_floats(inputs)?;
        if !(self.epsilon.is_finite() && self.epsilon >= 0.0) {
            return refuse(format!("epsilon is {}; give a finite number that is not negative", self.epsilon));
        }
        match self.pass {
            NormPass::Forward => self.infer_forward(inputs),
            NormPass::Gradient => self.infer_gradient(inputs),
        }
    }

    fn infer_forward(self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        let (x, weights) = (&inputs[0].shape, &inputs[1..]);
        let groups = self.kind.groups_of(x)?;
        let mut output = x.clone();
        for weight in weights {
            let channels = known_channels(&output, &weight.shape)?;
            output = with_channels(&output, channels);
        }
        let dtype = inputs[0].dtype;
        let statistics = TensorType::new(dtype, groups);
        let mut outputs = vec![TensorType::new(dtype, output), statistics.clone()];
        if self.kind.has_mean() {
            outputs.push(statistics);
        }
        Ok(outputs)
    }

    fn infer_gradient(self, inputs: &[TensorType]) -> Result<Vec<TensorType>> {
        let (gradient, x, gamma) = (&inputs[0].shape, &inputs[1].shape, &inputs[2]);
        let Some(shape) = gradient.merge(x) else {
            return refuse(format!("the gradient is {gradient}, the input {x}; make them equal"));
        };
        let groups = self.kind.groups_of(&shape)?;
        if let Some(given) = inputs[3..].iter().find(|given| given.shape.merge(&groups).is_none()) {
            return refuse(format!("the statistics of {shape} are {groups}, not {}", given.shape));
        }
        let channels = known_channels(&shape, &gamma.shape)?;
        let dtype = gamma.dtype;
        let weights = TensorType::new(dtype, PartialShape::from([channels]));
        let mut outputs = vec![TensorType::new(dtype, with_channels(&shape, channels)), weights.clone()];
        if self.kind.has_mean() {
            outputs.push(weights);
        }
        Ok(outputs)
    }
}

/// The length of the last axis, as far as it or a vector along it is known.
pub(super) fn known_channels(shape: &PartialShape, vector: &PartialShape) -> Result<Option<usize>> {
    let channels = PartialShape::from([shape.last().copied().flatten()]);
    match channels.merge(vector) {
        Some(merged) => Ok(merged[0]),
        None => refuse(format!("{vector} is no vector along the last axis of {shape}; give one as long")),
    }
}

/// The shape with another length of its last axis.
pub(super) fn with_channels(shape: &PartialShape, channels: Option<usize>) -> PartialShape {
    let others = shape.split_last().map(|(_, others)| others).unwrap_or_default();
    others.iter().copied().chain([channels]).collect()
}
