//! What is known of a value before it is computed.

use std::fmt;

use everstep_tensor::{DType, Tensor};

use crate::PartialShape;

/// The dtype and the shape of a value, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    /// The type of the elements.
    pub dtype: DType,
    /// The lengths of the axes.
    pub shape: PartialShape,
}

impl TensorType {
    /// The type of values of that dtype and shape.
    pub fn new(dtype: DType, shape: impl Into<PartialShape>) -> Self {
        Self { dtype, shape: shape.into() }
    }

    /// Whether `value` is of this type.
    pub fn accepts(&self, value: &Tensor) -> bool {
        self.dtype == value.dtype() && self.shape.accepts(value.shape())
    }
}

impl From<&Tensor> for TensorType {
    fn from(value: &Tensor) -> Self {
        Self::new(value.dtype(), value.shape())
    }
}

/// `f32[?, 64]`
impl fmt::Display for TensorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.dtype, self.shape)
    }
}
