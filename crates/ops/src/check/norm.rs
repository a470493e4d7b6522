//! The check of normalisations.

use super::{Call, Checked, FLOATS};
use crate::{
    View, ViewMut,
    kernel::{NormKind, NormPass},
};

impl Call {
    pub(super) fn norm(
        self,
        pass: NormPass,
        kind: NormKind,
        epsilon: f64,
        inputs: &[View<'_>],
        outputs: &[ViewMut<'_>],
    ) -> Checked {
        let (takes, gives) = pass.arity(kind);
        let workspace = usize::from(pass == NormPass::Gradient && outputs.len() == gives + 1);
        self.arity((takes, gives), inputs.len(), "outputs", outputs.len() - workspace)?;
        self.dtype(inputs[0], FLOATS)?;
        inputs.iter().try_for_each(|input| self.same_dtype(&[inputs[0], *input]))?;
        outputs.iter().try_for_each(|output| self.same_dtype(&[inputs[0], output.as_view()]))?;
        self.require(epsilon.is_finite() && epsilon >= 0.0, || {
            format!("epsilon must be finite and not negative, not {epsilon}")
        })?;
        let x = inputs[pass.x()];
        self.same_shape(&[x, inputs[0], outputs[0].as_view()])?;
        let Some(groups) = kind.groups(x.shape) else {
            return self.require(false, || format!("shape {:?} makes no groups of {kind:?}", x.shape));
        };
        let weight = |view: View<'_>| {
            self.require(view.shape == [groups.width()], || {
                format!("gamma, beta and their gradients must be [{}], not {:?}", groups.width(), view.shape)
            })
        };
        let statistic = |view: View<'_>| {
            self.require(view.data.len() == groups.count(), || {
                format!("a statistic has {} elements, not those of {:?}", groups.count(), view.shape)
            })
        };
        match pass {
            NormPass::Forward => {
                inputs[1..].iter().try_for_each(|input| weight(*input))?;
                outputs[1..].iter().try_for_each(|output| statistic(output.as_view()))
            }
            NormPass::Gradient => {
                weight(inputs[2])?;
                inputs[3..].iter().try_for_each(|input| statistic(*input))?;
                outputs[1..gives].iter().try_for_each(|output| weight(output.as_view()))
            }
        }
    }
}

impl NormPass {
    pub(super) fn name(self) -> &'static str {
        match self {
            NormPass::Forward => "norm",
            NormPass::Gradient => "norm gradient",
        }
    }

    /// How many inputs and outputs it has.
    pub(super) fn arity(self, kind: NormKind) -> (usize, usize) {
        let mean = usize::from(kind.has_mean());
        match self {
            NormPass::Forward => (2 + mean, 2 + mean),
            NormPass::Gradient => (4 + mean, 2 + mean),
        }
    }

    /// Which input is normalised.
    fn x(self) -> usize {
        match self {
            NormPass::Forward => 0,
            NormPass::Gradient => 1,
        }
    }
}
