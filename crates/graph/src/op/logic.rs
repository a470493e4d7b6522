//! Ops of truth values: made, combined, and chosen by.

use everstep_tensor::{DType, Result};

use crate::{
    TensorType,
    infer::{check_dtype, check_equal_dtypes, check_float, infer_pair, invalid},
};

/// What is computed with truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogicOp {
    /// Both are true; bool, with NumPy's broadcasting.
    And,
    /// One is true or both are; bool, with NumPy's broadcasting.
    Or,
    /// It is false; bool.
    Not,
    /// It is NaN; float to bool.
    IsNan,
    /// It is infinite; float to bool.
    IsInf,
    /// It is neither NaN nor infinite; float to bool.
    IsFinite,
    /// Inputs (condition bool, yes, no): `yes` where the condition is true, else `no`, with NumPy's broadcasting.
    Select,
}

impl LogicOp {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::And => "LogicalAnd",
            Self::Or => "LogicalOr",
            Self::Not => "LogicalNot",
            Self::IsNan => "IsNan",
            Self::IsInf => "IsInf",
            Self::IsFinite => "IsFinite",
            Self::Select => "SelectV2",
        }
    }

    pub(crate) fn input_count(self) -> usize {
        match self {
            Self::And | Self::Or => 2,
            Self::Select => 3,
            Self::Not | Self::IsNan | Self::IsInf | Self::IsFinite => 1,
        }
    }

    pub(crate) fn infer(self, inputs: &[TensorType]) -> Result<TensorType> {
        let is_bool = |input: &TensorType| check_dtype("bool", |dtype| dtype == DType::Bool, input.dtype);
        match (self, inputs) {
            (Self::And | Self::Or, [one, other]) => {
                is_bool(one)?;
                infer_pair(one, other)
            }
            (Self::Not, [input]) => {
                is_bool(input)?;
                Ok(input.clone())
            }
            (Self::Select, [condition, yes, no]) => {
                is_bool(condition)?;
                check_equal_dtypes(yes.dtype, no.dtype)?;
                let chosen = infer_pair(yes, no)?;
                match chosen.shape.broadcast(&condition.shape) {
                    Some(shape) => Ok(TensorType::new(yes.dtype, shape)),
                    None => invalid(format!("shapes {} and {} do not broadcast", condition.shape, chosen.shape)),
                }
            }
            (_, inputs) => {
                check_float(inputs[0].dtype)?;
                Ok(TensorType::new(DType::Bool, inputs[0].shape.clone()))
            }
        }
    }
}
