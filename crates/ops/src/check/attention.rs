//! The check of attention.

use super::{Call, Checked, FLOATS};
use crate::{
    View, ViewMut,
    kernel::{AttentionPass, AttentionSizes},
    view::DType,
};

impl Call {
    pub(super) fn attention(
        self,
        pass: AttentionPass,
        scale: f64,
        inputs: &[View<'_>],
        outputs: &[ViewMut<'_>],
    ) -> Checked {
        let (takes, gives) = pass.arity();
        let (mask, workspace) = (inputs.len() == takes + 1, outputs.len() == gives + 1);
        let given = inputs.len() - usize::from(mask);
        self.arity((takes, gives), given, "outputs", outputs.len() - usize::from(workspace))?;
        let (inputs, mask) = inputs.split_at(takes);
        self.dtype(inputs[0], FLOATS)?;
        inputs.iter().try_for_each(|input| self.same_dtype(&[inputs[0], *input]))?;
        outputs.iter().try_for_each(|output| self.same_dtype(&[inputs[0], output.as_view()]))?;
        self.require(scale.is_finite(), || format!("the scale must be finite, not {scale}"))?;
        let [q, k, v] = pass.operands(inputs);
        let sizes = AttentionSizes::of(q.shape, k.shape, v.shape).filter(|sizes| sizes.depth > 0);
        let Some(sizes) = sizes else {
            return self.require(false, || {
                format!("queries {:?}, keys {:?} and values {:?} do not fit", q.shape, k.shape, v.shape)
            });
        };
        for mask in mask {
            self.dtype(*mask, &[DType::Bool])?;
            self.shaped("the mask", *mask, &[sizes.batch, sizes.keys])?;
        }
        let output = |index: usize| outputs[index].as_view();
        let (result, logarithms) = match pass {
            AttentionPass::Forward => (output(0), output(1)),
            AttentionPass::Gradient => {
                self.shaped("the gradient", inputs[0], &sizes.result())?;
                self.shaped("the gradient of the queries", output(0), q.shape)?;
                self.shaped("the gradient of the keys", output(1), k.shape)?;
                self.shaped("the gradient of the values", output(2), v.shape)?;
                (inputs[4], inputs[5])
            }
        };
        self.shaped("the result", result, &sizes.result())?;
        self.shaped("the logarithms", logarithms, &sizes.logarithms())
    }

    fn shaped(self, what: &str, view: View<'_>, expected: &[usize]) -> Checked {
        self.require(view.shape == expected, || format!("{what} must be {expected:?}, not {:?}", view.shape))
    }
}

impl AttentionPass {
    pub(super) fn name(self) -> &'static str {
        match self {
            AttentionPass::Forward => "attention",
            AttentionPass::Gradient => "attention gradient",
        }
    }

    /// How many inputs and outputs it has, mask and workspace aside.
    pub(super) fn arity(self) -> (usize, usize) {
        match self {
            AttentionPass::Forward => (3, 2),
            AttentionPass::Gradient => (6, 3),
        }
    }
}
