//! Vector registers: the few operations that products and convolutions are made of, on each instruction set.

use crate::cpu::number::Float;

/// A vector register, or several, of elements `T`.
///
/// Multiply-adds are fused on every instruction set, so that all give the same bits.
#[allow(unsafe_code, reason = "vectors are read and written at pointers")]
pub(in crate::cpu) trait Lanes<T>: Copy {
    /// Elements of one vector.
    const COUNT: usize;
    /// The most vectors side by side that a tile takes.
    const VECTORS: usize;
    /// How many rows a tile of so many vectors takes at most: all sums stay in registers.
    const ROWS: [usize; 5];

    fn splat(value: T) -> Self;

    /// # Safety
    /// `COUNT` elements can be read there.
    unsafe fn load(from: *const T) -> Self;

    /// # Safety
    /// `COUNT` elements can be written there.
    unsafe fn store(self, to: *mut T);

    /// `self + a * b`, rounded once.
    fn multiply_add(self, a: Self, b: Self) -> Self;

    fn add(self, other: Self) -> Self;
}

/// Plain elements: what the compiler makes of them; NEON, where there is no set of its own below.
#[derive(Clone, Copy, Debug)]
pub(in crate::cpu) struct Plain<T, const N: usize>([T; N]);

#[allow(unsafe_code, reason = "vectors are read and written at pointers")]
impl<T: Float, const N: usize> Lanes<T> for Plain<T, N> {
    const COUNT: usize = N;
    const VECTORS: usize = 2;
    const ROWS: [usize; 5] = [0, 8, 6, 0, 0];

    #[inline(always)]
    fn splat(value: T) -> Self {
        Plain([value; N])
    }

    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        Plain(unsafe { *from.cast::<[T; N]>() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: the caller's promise; an array has the alignment of its elements.
        unsafe { *to.cast::<[T; N]>() = self.0 };
    }

    #[inline(always)]
    fn multiply_add(self, a: Self, b: Self) -> Self {
        Plain(std::array::from_fn(|lane| a.0[lane].multiply_add(b.0[lane], self.0[lane])))
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Plain(std::array::from_fn(|lane| self.0[lane].add(other.0[lane])))
    }
}

#[cfg(target_arch = "x86_64")]
pub(in crate::cpu) mod x86 {
    use std::arch::x86_64::{
        __m256, __m256d, __m512, __m512d, _mm256_add_pd, _mm256_add_ps, _mm256_fmadd_pd, _mm256_fmadd_ps,
        _mm256_loadu_pd, _mm256_loadu_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_storeu_ps,
        _mm512_add_pd, _mm512_add_ps, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps,
        _mm512_set1_pd, _mm512_set1_ps, _mm512_storeu_pd, _mm512_storeu_ps,
    };

    use super::Lanes;

    macro_rules! register {
        (
            $(#[$doc:meta])* $name:ident($register:ty) of $count:literal $element:ty, $vectors:literal rows $rows:expr,
            $splat:ident $load:ident $store:ident $multiply_add:ident $add:ident
        ) => {
            $(#[$doc])*
            #[derive(Clone, Copy, Debug)]
            pub(in crate::cpu) struct $name($register);

            // SAFETY of every call: a value of this type is made and used only by functions that are compiled for the
            // instruction set, and that run only where the processor has it.
            #[allow(unsafe_code, reason = "instructions of one set of the processor")]
            impl Lanes<$element> for $name {
                const COUNT: usize = $count;
                const VECTORS: usize = $vectors;
                const ROWS: [usize; 5] = $rows;

                #[inline(always)]
                fn splat(value: $element) -> Self {
                    $name(unsafe { $splat(value) })
                }

                #[inline(always)]
                unsafe fn load(from: *const $element) -> Self {
                    $name(unsafe { $load(from) })
                }

                #[inline(always)]
                unsafe fn store(self, to: *mut $element) {
                    unsafe { $store(to, self.0) };
                }

                #[inline(always)]
                fn multiply_add(self, a: Self, b: Self) -> Self {
                    $name(unsafe { $multiply_add(a.0, b.0, self.0) })
                }

                #[inline(always)]
                fn add(self, other: Self) -> Self {
                    $name(unsafe { $add(self.0, other.0) })
                }
            }
        };
    }

    register! {
        /// Eight f32 of AVX2 with FMA.
        F32x8(__m256) of 8 f32, 2 rows [0, 12, 6, 0, 0],
        _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_fmadd_ps _mm256_add_ps
    }
    register! {
        /// Four f64 of AVX2 with FMA.
        F64x4(__m256d) of 4 f64, 2 rows [0, 12, 6, 0, 0],
        _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_fmadd_pd _mm256_add_pd
    }
    register! {
        /// Sixteen f32 of AVX-512.
        F32x16(__m512) of 16 f32, 4 rows [0, 12, 12, 8, 6],
        _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_fmadd_ps _mm512_add_ps
    }
    register! {
        /// Eight f64 of AVX-512.
        F64x8(__m512d) of 8 f64, 4 rows [0, 12, 12, 8, 6],
        _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_fmadd_pd _mm512_add_pd
    }
}
