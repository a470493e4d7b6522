//! The check of batch normalisations.

use super::{Call, Checked, FLOATS};
use crate::{View, ViewMut, kernel::BatchNormPass};

impl Call {
    pub(super) fn batch_norm(
        self,
        pass: BatchNormPass,
        epsilon: f64,
        inputs: &[View<'_>],
        outputs: &[ViewMut<'_>],
    ) -> Checked {
        self.arity((5, 3), inputs.len(), "outputs", outputs.len() - usize::from(outputs.len() == 4))?;
        self.dtype(inputs[0], FLOATS)?;
        inputs.iter().try_for_each(|input| self.same_dtype(&[inputs[0], *input]))?;
        outputs.iter().try_for_each(|output| self.same_dtype(&[inputs[0], output.as_view()]))?;
        self.require(epsilon.is_finite() && epsilon >= 0.0, || {
            format!("epsilon must be finite and not negative, not {epsilon}")
        })?;
        let vectors = match pass {
            BatchNormPass::Forward => &inputs[1..],
            BatchNormPass::Gradient => &inputs[2..],
        };
        self.same_shape(&[inputs[0], inputs[5 - vectors.len() - 1], outputs[0].as_view()])?;
        self.require(!inputs[0].shape.is_empty(), || "a scalar has no channels")?;
        let channels = &inputs[0].shape[inputs[0].shape.len() - 1..];
        let written = outputs[1..3].iter().map(ViewMut::as_view);
        for vector in vectors.iter().copied().chain(written) {
            self.require(vector.shape == channels, || {
                format!("all but the elements must be {channels:?}, not {:?}", vector.shape)
            })?;
        }
        Ok(())
    }
}

impl BatchNormPass {
    pub(super) fn name(self) -> &'static str {
        match self {
            BatchNormPass::Forward => "batch norm",
            BatchNormPass::Gradient => "batch norm gradient",
        }
    }
}
