//! The machine's peak: how many multiplications and additions of f32 it does a second.

use std::{hint::black_box, thread, time::Instant};

/// Independent sums, enough to hide how long one takes.
const CHAINS: usize = 12;
const TURNS: usize = 20_000_000;
const ROUNDS: usize = 5;

/// GFLOP/s of fused multiplications and additions on so many threads: the best of a few rounds.
pub(crate) fn gflops(threads: usize) -> f64 {
    let round = || {
        let began = Instant::now();
        let lanes: usize = thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(multiply_and_add)).collect();
            running.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
        });
        2.0 * (lanes * CHAINS * TURNS) as f64 / began.elapsed().as_secs_f64() / 1e9
    };
    (0..ROUNDS).map(|_| round()).fold(0.0, f64::max)
}

/// With the widest instructions; returns how many lanes they have.
fn multiply_and_add() -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            #[allow(unsafe_code, reason = "a function of an instruction set is unsafe to call without it")]
            // SAFETY: the processor was asked on the line above.
            return unsafe { avx512() };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            #[allow(unsafe_code, reason = "a function of an instruction set is unsafe to call without it")]
            // SAFETY: the processor was asked on the line above.
            return unsafe { avx2() };
        }
    }
    chains::<4>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512() -> usize {
    chains::<16>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2() -> usize {
    chains::<8>()
}

#[inline(always)]
fn chains<const LANES: usize>() -> usize {
    let (factor, summand) = (black_box(0.999f32), black_box(0.001f32));
    let mut sums = [[0.5f32; LANES]; CHAINS];
    for _ in 0..TURNS {
        for sum in &mut sums {
            for lane in sum {
                *lane = lane.mul_add(factor, summand);
            }
        }
    }
    black_box(sums);
    LANES
}
