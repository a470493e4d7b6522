//! The instruction sets that there is code for, one of which is chosen when the program runs.

use super::lanes::{self, Lanes, Plain};
use crate::cpu::number::Float;

/// The registers that hold an element type.
pub(in crate::cpu) trait Registers: Float {
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Self>;
    type Other: Lanes<Self>;
}

impl Registers for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = lanes::x86::F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = lanes::x86::F32x8;
    type Other = Plain<f32, 4>;
}

impl Registers for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = lanes::x86::F64x4;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = lanes::x86::F64x4;
    type Other = Plain<f64, 2>;
}

/// Work that is compiled for each instruction set.
pub(in crate::cpu) trait Work<T: Registers> {
    /// Does it with these registers; must be inlined, so that it is compiled for their instructions.
    fn run<V: Lanes<T>>(self);
}

/// Does the work with the widest registers of this processor.
#[allow(unsafe_code, reason = "code for instructions that were looked for")]
pub(in crate::cpu) fn run<T: Registers>(work: impl Work<T>) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor was found to have the instructions.
            return unsafe { avx512(work) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor was found to have the instructions.
            return unsafe { avx2(work) };
        }
    }
    work.run::<T::Other>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,fma")]
#[allow(unsafe_code, reason = "code for instructions that the caller has looked for")]
unsafe fn avx512<T: Registers>(work: impl Work<T>) {
    work.run::<T::Avx512>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
#[allow(unsafe_code, reason = "code for instructions that the caller has looked for")]
unsafe fn avx2<T: Registers>(work: impl Work<T>) {
    work.run::<T::Avx2>();
}
