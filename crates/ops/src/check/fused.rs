//! What a fused kernel takes.

use super::{Call, Checked};
use crate::{Fused, FusedOutput, View, ViewMut};

impl Call {
    /// The program itself was checked when it was made.
    pub(super) fn fused(self, fused: &Fused, inputs: &[View<'_>], outputs: &[ViewMut<'_>]) -> Checked {
        let written = fused.outputs().len();
        let has_workspace = matches!(fused.outputs(), [FusedOutput::Columns(_), ..]) && outputs.len() > written;
        let given = outputs.len() - usize::from(has_workspace);
        self.arity((fused.given().count(), written), inputs.len(), "outputs", given)?;
        for (index, (expected, input)) in fused.given().zip(inputs).enumerate() {
            self.dtype(*input, &[expected.dtype])?;
            self.require(input.data.len() == expected.length, || {
                format!("input {index} has shape {:?}, not {} elements", input.shape, expected.length)
            })?;
        }
        for (index, (expected, output)) in fused.outputs().iter().zip(outputs).enumerate() {
            self.dtype(output.as_view(), &[fused.steps()[expected.step()].dtype])?;
            let elements = fused.output_elements(*expected);
            self.require(output.as_view().data.len() == elements, || {
                format!("output {index} has shape {:?}, not {elements} elements", output.shape)
            })?;
        }
        match outputs.get(written) {
            Some(workspace) => self.workspace(outputs[0].as_view(), workspace.as_view()),
            None => Ok(()),
        }
    }
}
