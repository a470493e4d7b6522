//! Loops compiled once for each set of vector instructions, the best one chosen when the program runs.
//!
//! The loops are plain ones without fused multiply-adds, so that each set gives the same bits.

/// A loop to be compiled for several instruction sets; `run` and what it calls must be `inline(always)`.
pub(super) trait Work {
    fn run(self);
}

/// Does the work with the widest vectors that the processor has.
pub(super) fn wide(work: impl Work) {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            #[allow(unsafe_code, reason = "the processor has just been asked")]
            // SAFETY: the processor has these instructions.
            return unsafe { avx512(work) };
        }
        if is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code, reason = "the processor has just been asked")]
            // SAFETY: the processor has these instructions.
            return unsafe { avx2(work) };
        }
    }
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx2")]
fn avx512(work: impl Work) {
    work.run();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(work: impl Work) {
    work.run();
}
