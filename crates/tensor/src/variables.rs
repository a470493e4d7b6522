//! Named sets of tensors.

use crate::{DType, Error, ErrorKind, Result, Shape, Tensor};

/// What a variable is, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name, unique in its set; `/` groups names.
    pub name: String,
    /// The type of its elements.
    pub dtype: DType,
    /// The lengths of its axes.
    pub shape: Shape,
}

impl Spec {
    /// # Errors
    /// `InvalidArgument` naming both if `value` has another dtype or shape.
    pub fn check(&self, value: &Tensor) -> Result<()> {
        if self.dtype == value.dtype() && *self.shape == *value.shape() {
            return Ok(());
        }
        let given = format!("{}{:?}", value.dtype(), value.shape());
        let message = format!("variable {} is {}{}, the value is {given}", self.name, self.dtype, self.shape);
        Err(Error::new(ErrorKind::InvalidArgument, message))
    }

    pub(crate) fn not_found(name: &str) -> Error {
        Error::new(ErrorKind::NotFound, format!("there is no variable {name}; specs() lists those there are"))
    }
}

/// A named set of tensors: a session's variables, an opened checkpoint, a hook's state.
///
/// Laws: the specs are sorted and stable; what was assigned is read back bit for bit, NaN payloads and −0 included.
pub trait Variables {
    /// Must be ascending by name, each name once, uninitialised variables too, and the same for the set's life.
    fn specs(&self) -> Vec<Spec>;

    /// The value of one variable; sharing it must not tear: a later assignment leaves it as it was.
    ///
    /// # Errors
    /// `NotFound` for an unknown name, `FailedPrecondition` for an uninitialised variable.
    fn read(&self, name: &str) -> Result<Tensor>;
}

/// A named set of tensors that can be assigned.
///
/// ```
/// use everstep_tensor::{Error, ErrorKind, Result, Spec, Tensor, Variables, VariablesMut};
///
/// /// The one weight of a model.
/// struct Weight(Tensor);
///
/// impl Variables for Weight {
///     fn specs(&self) -> Vec<Spec> {
///         vec![self.0.spec("weight")]
///     }
///     fn read(&self, name: &str) -> Result<Tensor> {
///         if name == "weight" { Ok(self.0.clone()) } else { Err(Error::new(ErrorKind::NotFound, name)) }
///     }
/// }
///
/// impl VariablesMut for Weight {
///     fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
///         self.0.spec(name).check(&value)?;
///         self.0 = value;
///         Ok(())
///     }
/// }
///
/// let mut weight = Weight(Tensor::scalar(1.0f32));
/// weight.assign("weight", Tensor::scalar(-0.0f32))?;
/// assert!(weight.read("weight")?.bit_eq(&Tensor::scalar(-0.0f32)));
/// # Ok::<(), Error>(())
/// ```
pub trait VariablesMut: Variables {
    /// Assigns one variable, which initialises it.
    ///
    /// A value of the spec's dtype and shape must not fail on a local set, so that [`copy`](crate::copy) is all or nothing.
    ///
    /// # Errors
    /// `NotFound` for an unknown name, `InvalidArgument` for another dtype or shape; the variable is then as before.
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()>;

    /// Assigns many variables; a set whose `assign` can fail on a good value must make this all or nothing.
    ///
    /// # Errors
    /// As [`assign`](Self::assign).
    fn assign_all(&mut self, values: Vec<(String, Tensor)>) -> Result<()> {
        values.into_iter().try_for_each(|(name, value)| self.assign(&name, value))
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<T: Variables + ?Sized> Variables for $pointer {
            fn specs(&self) -> Vec<Spec> {
                (**self).specs()
            }
            fn read(&self, name: &str) -> Result<Tensor> {
                (**self).read(name)
            }
        }
    )*};
}

macro_rules! forward_mut {
    ($($pointer:ty),*) => {$(
        impl<T: VariablesMut + ?Sized> VariablesMut for $pointer {
            fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
                (**self).assign(name, value)
            }
            fn assign_all(&mut self, values: Vec<(String, Tensor)>) -> Result<()> {
                (**self).assign_all(values)
            }
        }
    )*};
}

forward!(&T, &mut T, Box<T>);
forward_mut!(&mut T, Box<T>);
