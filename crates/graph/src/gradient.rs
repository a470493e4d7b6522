//! The gradient of a variable: of all of it, or of the rows that were used.

use everstep_tensor::Result;

use crate::{Graph, IndexOp, Op, Output, Variable};

/// The gradient of a loss with respect to a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gradient {
    /// A value of the variable's dtype and shape.
    Dense(Output),
    /// Rows of the variable; the gradient is zero everywhere else.
    Sparse(IndexedSlices),
}

/// Rows of a variable along its first axis, such as those of an embedding that a batch has looked up.
///
/// It is TensorFlow's `IndexedSlices`, with one promise more: no row counts twice. What flows to one row from several
/// places is added up in their order; the sum stands at the first place, and the others are zero. So a norm of the
/// slices is that of the whole gradient, and a function that keeps 0 can be taken of each element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexedSlices {
    /// The slices `[n, ..]`: `n` times the shape of a row.
    pub values: Output,
    /// The row of each slice, `[n]` of i32 or i64; the same row may be named several times.
    pub indices: Output,
    /// The variable whose rows they are.
    pub variable: Variable,
}

impl Gradient {
    /// The gradient of the whole variable, which costs as much as the variable has elements.
    ///
    /// # Errors
    /// `InvalidArgument` if it is of another graph.
    pub fn dense(self, graph: &mut Graph) -> Result<Output> {
        match self {
            Self::Dense(gradient) => Ok(gradient),
            Self::Sparse(IndexedSlices { values, indices, variable }) => {
                graph.add_op(Op::Index(IndexOp::GatherGrad { axis: 0 }), &[values, indices, variable.output()])
            }
        }
    }

    /// The elements: the gradient itself, or the slices of the used rows.
    pub fn values(self) -> Output {
        match self {
            Self::Dense(gradient) => gradient,
            Self::Sparse(slices) => slices.values,
        }
    }

    /// The same with other elements; for functions of each element that keep 0, such as a multiplication.
    ///
    /// # Errors
    /// What `function` returns.
    pub fn map(self, function: impl FnOnce(Output) -> Result<Output>) -> Result<Self> {
        Ok(match self {
            Self::Dense(gradient) => Self::Dense(function(gradient)?),
            Self::Sparse(slices) => Self::Sparse(IndexedSlices { values: function(slices.values)?, ..slices }),
        })
    }
}

impl From<Output> for Gradient {
    fn from(gradient: Output) -> Self {
        Self::Dense(gradient)
    }
}
