//! Kernels allocate nothing, however often they run (matrix products aside: their crate packs into buffers of its own).

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use everstep_ops::{Binary, Cpu, Distribution, Kernel, Kernels, Key, Reduction, Target, Unary, Update};

use crate::tensor::*;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[allow(unsafe_code, reason = "an allocator is unsafe to write")]
// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many times this thread allocates while it works.
fn allocations(work: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.with(Cell::get);
    work();
    ALLOCATIONS.with(Cell::get) - before
}

#[track_caller]
fn check(kernel: Kernel, inputs: &[Tensor], outputs: &[(Type, &[usize])]) {
    let cpu = Cpu::new(1).unwrap();
    let mut outputs: Vec<_> = outputs.iter().map(|(of, shape)| garbage(*of, shape)).collect();
    let inputs: Vec<_> = inputs.iter().map(Tensor::view).collect();
    let mut outputs: Vec<_> = outputs.iter_mut().map(Tensor::view_mut).collect();
    let count = allocations(|| cpu.run(&kernel, &inputs, &mut outputs).unwrap());
    assert_eq!(count, 0, "{kernel:?} allocates");
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1, 2, 3]))), 1);
}

#[test]
fn kernels_allocate_nothing() {
    let large = || numbers(Type::F32, &[60, 20, 30], 1);
    let shape: &[usize] = &[60, 20, 30];
    for unary in [Unary::Relu, Unary::Exp] {
        check(Kernel::Unary(unary), &[large()], &[(Type::F32, shape)]);
    }
    for other in [&[60, 20, 30][..], &[], &[30], &[20, 1], &[60, 1, 30]] {
        check(Kernel::Binary(Binary::Add), &[large(), numbers(Type::F32, other, 2)], &[(Type::F32, shape)]);
    }
    let reductions: [(&[usize], &[usize]); 5] =
        [(&[0], &[20, 30]), (&[2], &[60, 20]), (&[1], &[60, 30]), (&[0, 2], &[20]), (&[0, 1, 2], &[])];
    for (axes, output) in reductions {
        let axes = axes.to_vec();
        check(Kernel::Reduce { reduction: Reduction::Mean, axes: axes.clone() }, &[large()], &[(Type::F32, output)]);
        let input = numbers(Type::F32, output, 1);
        check(Kernel::Broadcast { scale: 0.1, axes }, &[input], &[(Type::F32, shape)]);
    }
    check(Kernel::Softmax, &[large()], &[(Type::F32, shape)]);
    check(Kernel::SoftmaxGrad, &[large(), large()], &[(Type::F32, shape)]);
    check(Kernel::ArgMax { axis: 1 }, &[large()], &[(Type::I64, &[60, 30])]);
    check(Kernel::Cast, &[large()], &[(Type::I32, shape)]);
    check(Kernel::Copy, &[large()], &[(Type::F32, shape)]);
    let logits = [numbers(Type::F32, &[4, 3], 1), i64s(&[4], &[0, 1, 2, 0])];
    check(Kernel::SparseSoftmaxCrossEntropy, &logits, &[(Type::F32, &[4]), (Type::F32, &[4, 3])]);
    let distribution = Distribution::TruncatedNormal { mean: 0.0, stddev: 1.0 };
    check(Kernel::Random { distribution, key: Key::new(1, "w") }, &[], &[(Type::F32, shape)]);
}

#[test]
fn updates_allocate_nothing() {
    let cpu = Cpu::new(1).unwrap();
    let tensors = [1, 2, 3, 4].map(|seed| numbers(Type::F32, &[5000], seed));
    let mut next = [1, 2, 3].map(|seed| numbers(Type::F32, &[5000], seed));
    let scalar = f32s(&[], &[0.5]);
    let mut inputs = vec![scalar.view(); 6];
    inputs.push(tensors[3].view());
    let mut targets: Vec<_> = next
        .iter_mut()
        .zip(&tensors)
        .map(|(next, old)| Target { next: next.view_mut(), from: Some(old.view()) })
        .collect();
    assert_eq!(allocations(|| cpu.update(&Update::Adam, &mut targets, &inputs).unwrap()), 0);
}
