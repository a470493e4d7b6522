//! A steady step allocates nothing, and a snapshot before each step allocates no tensor.
//!
//! In a binary of its own and without a test harness: the allocator counts for all threads of the process.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]
#![allow(unsafe_code, reason = "an allocator that counts has no other way than `GlobalAlloc`")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering},
};

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Input, Output};
use everstep_nn::{Activation, Dense, Layer, accuracy, sparse_softmax_cross_entropy};
use everstep_optim::{Adam, TrainOp, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Snapshot, Tensor};

struct Counting;

/// Of any size.
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
/// Of a kernel's size or more.
static TENSORS: AtomicUsize = AtomicUsize::new(0);

/// Pixels of an image and units of the hidden layer: enough that updates share their work among threads.
const WIDTH: usize = 256;
const KERNEL: usize = WIDTH * WIDTH * 4;

// SAFETY: every call is the system allocator's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(size: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    if size >= KERNEL {
        TENSORS.fetch_add(1, Ordering::Relaxed);
    }
}

/// A perceptron 256-256-10 with Adam, and a batch of 32 for it.
fn ready(threads: usize) -> (GraphSession, TrainOp, Output, Vec<(Input, Tensor)>) {
    let mut graph = Graph::new();
    let images = graph.placeholder("images", DType::F32, [None, Some(WIDTH)]).unwrap();
    let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
    let relu = Dense { activation: Activation::Relu, ..Dense::new(WIDTH) };
    let hidden = relu.build(&mut graph, "hidden", images).unwrap();
    let logits = Dense::new(10).build(&mut graph, "logits", hidden).unwrap();
    let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels).unwrap();
    let accuracy = accuracy(&mut graph, logits, labels).unwrap();
    let train = create_train_op(&mut graph, loss, &Adam::default()).unwrap();
    let config = SessionConfig { intra_op_threads: threads, ..SessionConfig::default() };
    let mut session = GraphSession::new(graph, &config).unwrap();
    session.initialize(Scope::Global).unwrap();
    let pixels = (0..32 * WIDTH).map(|index| (index % 17) as f32 / 17.0).collect();
    let classes = (0..32).map(|row| i64::from(row % 10)).collect();
    let feeds = vec![
        (images, Tensor::from_vec([32, WIDTH], pixels).unwrap()),
        (labels, Tensor::from_vec([32], classes).unwrap()),
    ];
    (session, train, accuracy, feeds)
}

/// How many allocations `steps` steps make after a warm-up: training with some fetches, and a reading run between.
fn steady(threads: usize, steps: usize) -> usize {
    let (mut session, train, accuracy, feeds) = ready(threads);
    let bias = session.graph().find_variable("hidden/bias").unwrap().output();
    let fetches = vec![train.output, accuracy, train.output, bias, train.gradient_norm];
    let training = Request { feeds: feeds.clone(), ..Request::train(fetches) };
    let reading = Request { feeds, ..Request::read(vec![accuracy]) };
    let (mut trained, mut read) = (Outcome::default(), Outcome::default());
    let mut run = |steps| {
        for _ in 0..steps {
            session.run(&training, &mut trained).unwrap();
            session.run(&reading, &mut read).unwrap();
        }
    };
    run(8);
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    run(steps);
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// How many tensors are allocated by `saves` times a snapshot, a step beside it, and a step after it was dropped.
fn saving(saves: usize) -> usize {
    let (mut session, train, _, feeds) = ready(1);
    let request = Request { feeds, ..Request::train(vec![train.output]) };
    let mut outcome = Outcome::default();
    let mut save_and_step = |saves: usize| {
        for _ in 0..saves {
            let snapshot = Snapshot::of(session.variables()).unwrap();
            session.run(&request, &mut outcome).unwrap();
            drop(snapshot);
            session.run(&request, &mut outcome).unwrap();
        }
    };
    save_and_step(1);
    let before = TENSORS.load(Ordering::Relaxed);
    save_and_step(saves);
    TENSORS.load(Ordering::Relaxed) - before
}

fn main() {
    assert_eq!(steady(1, 100), 0, "allocations of 100 steady steps");
    assert_eq!(saving(50), 0, "tensors allocated by 50 snapshots with steps between");
    assert_eq!(steady(2, 100), 0, "allocations of 100 steady steps on two threads");
}
