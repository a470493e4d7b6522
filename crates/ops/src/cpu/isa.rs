//! The instruction sets that there is code for, one of which is chosen when the program runs.

use super::{
    lanes::{self, Lanes, Plain},
    number::Float,
};

/// The registers that hold an element type.
pub(super) trait Registers: Float {
    #[cfg(target_arch = "x86_64")]
    type Avx512: Lanes<Self>;
    #[cfg(target_arch = "x86_64")]
    type Avx2: Lanes<Self>;
    type Other: Lanes<Self>;

    /// Transposes a square of four by four elements: `to[place * to_stride + line] = from[line * stride + place]`.
    ///
    /// # Safety
    /// The elements can be read there, and written there.
    #[inline(always)]
    #[allow(unsafe_code, reason = "squares are read and written at pointers")]
    unsafe fn turn(from: *const Self, stride: usize, to: *mut Self, to_stride: usize) {
        for line in 0..4 {
            for place in 0..4 {
                // SAFETY: the caller's promise.
                unsafe { *to.add(place * to_stride + line) = *from.add(line * stride + place) };
            }
        }
    }

    /// Transposes two lines of four elements, as [`turn`](Self::turn) does four.
    ///
    /// # Safety
    /// The elements can be read there, and written there.
    #[inline(always)]
    #[allow(unsafe_code, reason = "pairs are read and written at pointers")]
    unsafe fn turn_pair(from: *const Self, stride: usize, to: *mut Self, to_stride: usize) {
        for line in 0..2 {
            for place in 0..4 {
                // SAFETY: the caller's promise.
                unsafe { *to.add(place * to_stride + line) = *from.add(line * stride + place) };
            }
        }
    }
}

impl Registers for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = lanes::x86::F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = lanes::x86::F32x8;
    type Other = Plain<f32, 4>;

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    #[allow(unsafe_code, reason = "squares are turned in registers")]
    unsafe fn turn(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        use std::arch::x86_64::{_MM_TRANSPOSE4_PS, _mm_loadu_ps, _mm_storeu_ps};
        // SAFETY: the caller's promise; every processor of this architecture has these instructions.
        unsafe {
            let mut lines = [0, 1, 2, 3].map(|line| _mm_loadu_ps(from.add(line * stride)));
            let [a, b, c, d] = &mut lines;
            _MM_TRANSPOSE4_PS(a, b, c, d);
            for (place, line) in lines.into_iter().enumerate() {
                _mm_storeu_ps(to.add(place * to_stride), line);
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    #[allow(unsafe_code, reason = "pairs of lines are turned in registers")]
    unsafe fn turn_pair(from: *const f32, stride: usize, to: *mut f32, to_stride: usize) {
        use std::arch::x86_64::{
            _mm_castps_pd, _mm_cvtsd_f64, _mm_loadu_ps, _mm_unpackhi_pd, _mm_unpackhi_ps, _mm_unpacklo_ps,
        };
        // SAFETY: the caller's promise; every processor of this architecture has these instructions.
        unsafe {
            let (a, b) = (_mm_loadu_ps(from), _mm_loadu_ps(from.add(stride)));
            for (half, pairs) in [_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b)].into_iter().enumerate() {
                let pairs = _mm_castps_pd(pairs);
                let to = to.add(2 * half * to_stride);
                to.cast::<f64>().write_unaligned(_mm_cvtsd_f64(pairs));
                to.add(to_stride).cast::<f64>().write_unaligned(_mm_cvtsd_f64(_mm_unpackhi_pd(pairs, pairs)));
            }
        }
    }
}

impl Registers for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = lanes::x86::F64x8;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = lanes::x86::F64x4;
    type Other = Plain<f64, 2>;
}

/// Work that is compiled for each instruction set.
pub(super) trait Work<T: Registers> {
    /// Does it with these registers; must be inlined, so that it is compiled for their instructions.
    fn run<V: Lanes<T>>(self);
}

/// An instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Other,
}

impl Instructions {
    /// The one of this processor that has the widest registers.
    pub(super) fn of_this_processor() -> Instructions {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Instructions::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Instructions::Avx2;
            }
        }
        Instructions::Other
    }

    /// Does the work with them; the processor must have them.
    #[allow(unsafe_code, reason = "code for instructions that were looked for")]
    pub(super) fn run<T: Registers>(self, work: impl Work<T>) {
        match self {
            // SAFETY: the processor was found to have the instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512(work) },
            // SAFETY: the processor was found to have the instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2(work) },
            Instructions::Other => work.run::<T::Other>(),
        }
    }
}

/// Does the work with the widest registers of this processor.
pub(super) fn run<T: Registers>(work: impl Work<T>) {
    Instructions::of_this_processor().run(work);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2,fma")]
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
