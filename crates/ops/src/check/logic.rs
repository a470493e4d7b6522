//! The check of the kernels of truth values.

use super::{ALL, Call, Checked, FLOATS};
use crate::{LogicKernel, View, shape::from_the_end, view::DType};

impl LogicKernel {
    pub(super) fn name(self) -> &'static str {
        match self {
            LogicKernel::And => "logical and",
            LogicKernel::Or => "logical or",
            LogicKernel::Not => "logical not",
            LogicKernel::IsNan => "is-nan",
            LogicKernel::IsInf => "is-inf",
            LogicKernel::IsFinite => "is-finite",
            LogicKernel::Select => "select",
        }
    }

    /// How many inputs it has.
    pub(super) fn inputs(self) -> usize {
        match self {
            LogicKernel::And | LogicKernel::Or => 2,
            LogicKernel::Select => 3,
            _ => 1,
        }
    }
}

impl Call {
    pub(super) fn logic(self, kernel: LogicKernel, inputs: &[View<'_>], output: View<'_>) -> Checked {
        self.arity((kernel.inputs(), 1), inputs.len(), "outputs", 1)?;
        match (kernel, inputs) {
            (LogicKernel::And | LogicKernel::Or, &[a, b]) => {
                self.dtype(a, &[DType::Bool])?;
                self.same_dtype(&[a, b, output])?;
                self.broadcast(a, b, output)
            }
            (LogicKernel::Select, &[condition, yes, no]) => {
                self.dtype(condition, &[DType::Bool])?;
                self.dtype(yes, ALL)?;
                self.same_dtype(&[yes, no, output])?;
                self.three(condition, yes, no, output)
            }
            (_, &[input, ..]) => {
                self.dtype(input, if kernel == LogicKernel::Not { &[DType::Bool] } else { FLOATS })?;
                self.dtype(output, &[DType::Bool])?;
                self.same_shape(&[input, output])
            }
            _ => Ok(()),
        }
    }

    fn three(self, condition: View<'_>, yes: View<'_>, no: View<'_>, output: View<'_>) -> Checked {
        let shapes = [condition.shape, yes.shape, no.shape];
        let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
        let fits = (0..rank).all(|axis| {
            let extents = shapes.map(|shape| from_the_end(shape, axis));
            let extent = extents.into_iter().find(|extent| *extent != 1).unwrap_or(1);
            extents.iter().all(|found| *found == 1 || *found == extent) && from_the_end(output.shape, axis) == extent
        });
        self.require(fits && output.shape.len() == rank, || {
            format!(
                "shapes {:?}, {:?} and {:?} do not broadcast to {:?}",
                shapes[0], shapes[1], shapes[2], output.shape
            )
        })
    }
}
