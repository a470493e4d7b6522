//! Kernels of users.

use std::{fmt::Debug, sync::Arc};

use crate::{KernelError, View, ViewMut};

/// A kernel that this crate does not know.
pub trait Compute: Debug + Send + Sync {
    /// As it is called in messages.
    fn name(&self) -> &'static str;

    /// Computes the outputs, all of them, which hold anything before.
    ///
    /// It must give the same bits for the same inputs, every time.
    ///
    /// # Errors
    /// If the inputs or outputs do not fit.
    fn compute(&self, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), KernelError>;
}

/// A kernel of a user, shared; equal to itself alone.
#[derive(Clone, Debug)]
pub struct CustomKernel(pub Arc<dyn Compute>);

impl PartialEq for CustomKernel {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
