//! A steady step of each model that is measured allocates nothing.
//!
//! In a binary of its own and without a test harness: the allocator counts for all threads of the process.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
#![allow(clippy::print_stdout, reason = "a test harness prints")]
#![allow(unsafe_code, reason = "an allocator that counts has no other way than `GlobalAlloc`")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use everstep_engine::GraphSession;
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tests::models::Model;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const STEPS: usize = 10;

/// How many allocations a step makes once it is steady, which the second is but where a thread gets its first share of
/// some kernel, and with it memory for that, only later: another process had its core. At most [`STEPS`] are tried.
fn allocations(model: Model, threads: usize) -> usize {
    let network = model.build().unwrap();
    let config = SessionConfig { intra_op_threads: threads, ..SessionConfig::default() };
    let mut session = GraphSession::new(network.graph, &config).unwrap();
    session.initialize(Scope::Global).unwrap();
    let request = |feeds| Request { feeds, ..Request::train(vec![network.train_op]) };
    let requests: Vec<_> = network.batches.into_iter().map(request).collect();
    let mut outcome = Outcome::default();
    session.run(&requests[0], &mut outcome).unwrap();
    let mut step = || {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        session.run(&requests[1], &mut outcome).unwrap();
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    (1..STEPS).map(|_| step()).find(|allocations| *allocations == 0).unwrap_or_else(step)
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words.iter().any(|word| word == "--list") {
        // Runners that ask which tests there are must not wait for them to run.
        if words.iter().all(|word| word != "--ignored") {
            println!("steady: test");
        }
        return;
    }
    for model in Model::ALL {
        for threads in [1, 2] {
            assert_eq!(allocations(model, threads), 0, "allocations of a steady step of {model} on {threads} threads");
        }
    }
}
