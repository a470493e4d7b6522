//! The oracle: every kernel as its definition says, with plain loops over ndarray.

mod attention;
mod batch_norm;
mod fused;
mod images;
mod index;
mod kernels;
mod logic;
mod norm;
mod shape;
mod unary;
mod update;
mod values;

use crate::{Kernel, KernelError, Kernels, Target, Update, View, ViewMut, check};

/// Plain loops over ndarray, simple above all: what the fast kernels are tested against.
///
/// Floats are computed in f64 and rounded once at the end, integers in i64 and wrapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reference;

impl Kernels for Reference {
    fn run(&self, kernel: &Kernel, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) -> Result<(), KernelError> {
        check::run(kernel, inputs, outputs)?;
        if let Kernel::Custom(custom) = kernel {
            return custom.0.compute(inputs, outputs);
        }
        kernels::run(kernel, inputs, outputs);
        Ok(())
    }

    fn update(&self, update: &Update, targets: &mut [Target<'_>], inputs: &[View<'_>]) -> Result<(), KernelError> {
        check::update(update, targets, inputs)?;
        match update.split(inputs) {
            (inputs, []) => update::update(update, targets, inputs),
            (inputs, rows) => update::update_rows(update, targets, inputs, rows[0]),
        }
        Ok(())
    }
}
