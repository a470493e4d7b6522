//! The seam: who computes kernels and updates.

use std::fmt::Debug;

use crate::{Kernel, KernelError, Target, Update, View, ViewMut};

/// Computes kernels into buffers it is given.
///
/// An implementation must check the number, dtypes and shapes of what it gets, and must leave every output and target
/// as it was when it returns an error, so that it is safe to call with anything.
/// It must give the same bits for the same call, every time and on any number of threads.
pub trait Kernels: Send + Sync + Debug {
    /// Computes `kernel` of `inputs` into `outputs`; what it takes and gives is said at each [`Kernel`].
    ///
    /// # Errors
    /// If a number of tensors, a dtype, a shape, an attribute or a label does not fit; the outputs are then untouched.
    /// Nothing else may be refused: an engine changes variables as soon as no kernel that is left has a reason to.
    /// [`Kernel::CheckNumerics`] alone gives an error that [is a divergence](KernelError::is_divergence).
    fn run(&self, kernel: &Kernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), KernelError>;

    /// How many elements of the first output's dtype `kernel` works with beside tensors of these shapes.
    ///
    /// Given them as one more output, a call allocates nothing; without them, or with fewer, it does.
    /// The kernels that take a workspace say so.
    fn workspace(&self, kernel: &Kernel, inputs: &[&[usize]], outputs: &[&[usize]]) -> usize {
        let _ = (kernel, inputs, outputs);
        0
    }

    /// Applies `update` to `targets`; what it takes is said at each [`Update`].
    ///
    /// With two inputs more it changes some rows of numeric targets, and touches no other in place: indices `[n]`, i32 or
    /// i64, and their order, i64 `[n]`, as [`IndexKernel::Order`](crate::IndexKernel::Order) gives it.
    /// The input of the targets' shape is then `n` slices, each of the shape of a row; slices of one row are added in their
    /// order, and the row is updated by the sum as if it were all there is of the targets.
    ///
    /// # Errors
    /// If a number of tensors, a dtype or a shape does not fit; the targets are then untouched.
    fn update(&self, update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) -> Result<(), KernelError>;
}
