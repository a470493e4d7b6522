//! Attention, a head and some of its queries or keys at a time: of the scores, nothing more is ever held.

mod forward;
mod gradient;

use std::ops::Range;

use self::{forward::Forward, gradient::Gradient};
use super::{
    conv::scratch::Scratch,
    epilogue::Unchanged,
    gemm::{Matrix, Output, Product},
    isa::Registers,
    pool::{Fork, Pool},
};
use crate::{
    Data, View, ViewMut,
    element::{Element, with_float},
    kernel::{AttentionPass, AttentionSizes},
};

/// Which scores count, and by how much.
#[derive(Clone, Copy, Debug)]
struct Rules<'a, T> {
    scale: T,
    causal: bool,
    /// The keys of each example that may be attended to.
    mask: Option<&'a [bool]>,
}

impl<T> Rules<'_, T> {
    /// Of `keys` keys, those of example `example`.
    fn mask_of(&self, example: usize, keys: usize) -> Option<&[bool]> {
        self.mask.map(|mask| &mask[example * keys..(example + 1) * keys])
    }
}

pub(super) fn attention(
    pool: &Pool,
    pass: AttentionPass,
    scale: f64,
    causal: bool,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
) {
    let [q, k, v] = pass.operands(inputs);
    let sizes = AttentionSizes::of(q.shape, k.shape, v.shape).expect("the check has compared the shapes");
    let (inputs, mask) = match inputs.split_last() {
        Some((View { data: Data::Bool(mask), .. }, inputs)) => (inputs, Some(*mask)),
        _ => (inputs, None),
    };
    let results = match pass {
        AttentionPass::Forward => 2,
        AttentionPass::Gradient => 3,
    };
    let (outputs, workspace) = outputs.split_at_mut(results);
    let needed = needed(pool.threads(), pass, sizes);
    with_float!(q.data.dtype(), T => {
        let rules = Rules { scale: scale as T, causal, mask };
        let mut compute = |space: &mut [T]| {
            let scratch = Scratch::new(space, pool.threads());
            match pass {
                AttentionPass::Forward => forward::<T>(pool, sizes, rules, inputs, outputs, scratch),
                AttentionPass::Gradient => gradient::<T>(pool, sizes, rules, inputs, outputs, scratch),
            }
        };
        match workspace.first_mut().map(|workspace| T::slice_mut(&mut workspace.data)) {
            Some(given) if given.len() >= needed => compute(&mut given[..needed]),
            _ => compute(&mut vec![0.0; needed]),
        }
    });
}

/// Elements that the kernel works with on so many threads.
pub(super) fn workspace(threads: usize, pass: AttentionPass, inputs: &[&[usize]]) -> usize {
    let [q, k, v] = pass.operands(inputs);
    AttentionSizes::of(q, k, v).map_or(0, |sizes| needed(threads, pass, sizes))
}

fn needed(threads: usize, pass: AttentionPass, sizes: AttentionSizes) -> usize {
    threads
        * match pass {
            AttentionPass::Forward => Forward::<f32>::space(sizes),
            AttentionPass::Gradient => Gradient::<f32>::space(sizes),
        }
}

fn forward<T: Registers>(
    pool: &Pool,
    sizes: AttentionSizes,
    rules: Rules<'_, T>,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    scratch: Scratch<T>,
) {
    let [q, k, v] = [0, 1, 2].map(|index| T::slice(inputs[index].data));
    let (result, logarithms) = outputs.split_at_mut(1);
    let (result, logarithms) = (T::slice_mut(&mut result[0].data), T::slice_mut(&mut logarithms[0].data));
    let forward = Forward::new(sizes, rules, [q, k, v], result, logarithms);
    pool.enter(cost(sizes, 2), |fork| {
        each(fork, 0..forward.tasks(), &|task| scratch.with(fork, |space| forward.task(task, space)));
    });
}

fn gradient<T: Registers>(
    pool: &Pool,
    sizes: AttentionSizes,
    rules: Rules<'_, T>,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
    scratch: Scratch<T>,
) {
    let inputs = [0, 1, 2, 3, 4, 5].map(|index| T::slice(inputs[index].data));
    let [dq, dk, dv] = outputs else { unreachable!("the check counts the outputs") };
    let outputs = [dq, dk, dv].map(|output| T::slice_mut(&mut output.data));
    let gradient = Gradient::new(sizes, rules, inputs, outputs);
    pool.enter(cost(sizes, 5), |fork| {
        each(fork, 0..sizes.batch * sizes.heads, &|head| scratch.with(fork, |space| gradient.head(head, space)));
    });
}

/// Elementary operations of so many products a head, and of the exponentials.
fn cost(sizes: AttentionSizes, products: usize) -> usize {
    let scores = sizes.batch * sizes.heads * sizes.queries * sizes.keys;
    scores * (products * sizes.depth.max(sizes.width) / 16 + 8)
}

/// Does each task, on the threads there are.
fn each(fork: Fork, tasks: Range<usize>, work: &(dyn Fn(usize) + Sync)) {
    if tasks.len() <= 1 {
        return tasks.for_each(work);
    }
    let half = tasks.start + tasks.len() / 2;
    fork.join(|| each(fork, tasks.start..half, work), || each(fork, half..tasks.end, work));
}

/// How the rows of one head lie in `[batch, length, heads, width]`.
#[derive(Clone, Copy, Debug)]
struct Head {
    /// Where its first row begins.
    first: usize,
    /// How far the rows are apart.
    stride: usize,
}

impl Head {
    /// Head `number`, counted over all examples.
    fn new(sizes: AttentionSizes, number: usize, length: usize, width: usize) -> Head {
        let (example, head) = (number / sizes.heads, number % sizes.heads);
        Head { first: (example * length * sizes.heads + head) * width, stride: sizes.heads * width }
    }

    /// Where a row begins.
    fn row(self, row: usize) -> usize {
        self.first + row * self.stride
    }

    /// The rows from `row` on, as steps of the depth of a product.
    fn steps<T>(self, values: &[T], row: usize) -> Matrix<'_, T> {
        Matrix { values: &values[self.row(row)..], stride: self.stride, lines_are_steps: true }
    }

    /// The rows from `row` on, each holding the depth of a product.
    fn lines<T>(self, values: &[T], row: usize) -> Matrix<'_, T> {
        Matrix { values: &values[self.row(row)..], stride: self.stride, lines_are_steps: false }
    }
}

/// The product of two matrices by this thread.
fn multiply<T: Registers>(
    [rows, depth, columns]: [usize; 3],
    left: Matrix<'_, T>,
    right: Matrix<'_, T>,
    output: Output<T>,
) {
    Product { rows, depth, columns, left: &left, right: &right, ending: Unchanged, output }.compute(Fork::Caller);
}
