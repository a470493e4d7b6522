//! Conversions to and from `ndarray`.

use ::ndarray::{ArrayBase, ArrayD, ArrayViewD, Data, Dimension, IxDyn, OwnedRepr};

use crate::{Element, Error, ErrorKind, Result, Tensor};

impl Tensor {
    /// A view of the elements as an array of dynamic rank.
    ///
    /// # Errors
    /// `InvalidArgument` if `T` is not the tensor's dtype.
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
        let view = ArrayViewD::from_shape(IxDyn(self.shape()), self.as_slice()?);
        view.map_err(|error| Error::new(ErrorKind::Internal, "a tensor's elements fill its shape").with_source(error))
    }

    /// A copy of the elements as an array of dynamic rank.
    ///
    /// # Errors
    /// `InvalidArgument` if `T` is not the tensor's dtype.
    pub fn to_array<T: Element>(&self) -> Result<ArrayD<T>> {
        self.view().map(|view| view.to_owned())
    }

    /// A copy of any array or view.
    pub fn from_array<T: Element, S: Data<Elem = T>, D: Dimension>(array: &ArrayBase<S, D>) -> Self {
        let elements = array.iter().copied().collect();
        Self::from_vec(array.shape(), elements).expect("an array has the elements of its shape")
    }
}

/// Without a copy if the array is contiguous and row-major.
impl<T: Element, D: Dimension> From<ArrayBase<OwnedRepr<T>, D>> for Tensor {
    fn from(array: ArrayBase<OwnedRepr<T>, D>) -> Self {
        if !array.is_standard_layout() {
            return Self::from_array(&array);
        }
        let (shape, len) = (array.shape().to_vec(), array.len());
        match array.into_raw_vec_and_offset() {
            (elements, None | Some(0)) if elements.len() == len => {
                Self::from_vec(shape, elements).expect("an array has the elements of its shape")
            }
            (elements, offset) => {
                let from = offset.unwrap_or(0);
                Self::from_vec(shape, elements[from..from + len].to_vec())
                    .expect("an array has the elements of its shape")
            }
        }
    }
}
