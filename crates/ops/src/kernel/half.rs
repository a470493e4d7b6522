//! Which kernels take numbers of two bytes.

use crate::{IndexKernel, Kernel, LogicKernel, ShapeKernel};

impl Kernel {
    /// Whether it takes bf16 and f16: it moves elements or casts them, or says of each value what it is, as
    /// [`Kernel::Fused`] and [`Kernel::Custom`] do.
    ///
    /// What others compute of such numbers is computed of their f32 and rounded: with a [`Kernel::Cast`] before and after.
    pub fn takes_halves(&self) -> bool {
        match self {
            Kernel::Cast | Kernel::Copy | Kernel::Fused(_) | Kernel::Custom(_) => true,
            Kernel::Logic(kernel) => *kernel == LogicKernel::Select,
            Kernel::Index(kernel) => matches!(kernel, IndexKernel::Gather { .. } | IndexKernel::OneHot { .. }),
            Kernel::Shape(kernel) => !matches!(kernel, ShapeKernel::MirrorPadGrad { .. } | ShapeKernel::TileGrad),
            _ => false,
        }
    }
}
