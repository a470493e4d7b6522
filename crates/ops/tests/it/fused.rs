//! Normalisations, attention and cross-entropy: as the reference has them, on sizes around those where work is cut, on any
//! threads and workspaces.

use everstep_ops::{AttentionPass, BatchNormPass, Cpu, Kernel, Kernels, NormKind, NormPass, Reference};

use crate::tensor::*;

/// The fast kernel agrees with the reference within so many roundings, and has the same bits on any threads and workspace.
#[track_caller]
fn check(kernel: &Kernel, inputs: &[Tensor], outputs: &[&[usize]], roundings: f64) -> Vec<Tensor> {
    let of = inputs[0].dtype();
    let outputs: Vec<(Type, &[usize])> = outputs.iter().map(|shape| (of, *shape)).collect();
    let expected = run(&Reference, kernel, inputs, &outputs).unwrap();
    let found = run(&Cpu::new(1).unwrap(), kernel, inputs, &outputs).unwrap();
    for (found, expected) in found.iter().zip(&expected) {
        let size =
            expected.floats().into_iter().filter(|value| value.is_finite()).fold(1.0, |a: f64, b| a.max(b.abs()));
        assert_close(found, expected, size, roundings);
    }
    for threads in [2, 3, 7] {
        let cpu = Cpu::new(threads).unwrap();
        let shapes: Vec<&[usize]> = inputs.iter().map(|input| &*input.shape).collect();
        let written: Vec<&[usize]> = outputs.iter().map(|(_, shape)| *shape).collect();
        let needed = cpu.workspace(kernel, &shapes, &written);
        let mut with_workspace = outputs.clone();
        let workspace = [needed];
        if needed > 0 {
            with_workspace.push((of, &workspace));
        }
        for outputs in [&outputs, &with_workspace] {
            let again = run(&cpu, kernel, inputs, outputs).unwrap();
            for (found, again) in found.iter().zip(&again) {
                assert!(found.bits() == again.bits(), "{kernel:?} differs on {threads} threads");
            }
        }
    }
    expected
}

fn norms(of: Type, kind: NormKind, shape: &[usize], groups: &[usize]) {
    let width = &shape[shape.len() - 1..];
    let has_mean = kind != NormKind::Rms;
    let (x, gamma) = (numbers(of, shape, 1), numbers(of, width, 2));
    let beta = has_mean.then(|| numbers(of, width, 3));
    let inputs: Vec<Tensor> = [x.clone(), gamma.clone()].into_iter().chain(beta).collect();
    let outputs: &[&[usize]] = if has_mean { &[shape, groups, groups] } else { &[shape, groups] };
    let forward = Kernel::Norm { pass: NormPass::Forward, kind, epsilon: 1e-3 };
    let found = check(&forward, &inputs, outputs, 16.0);
    let inputs: Vec<Tensor> = [numbers(of, shape, 4), x, gamma].into_iter().chain(found[1..].iter().cloned()).collect();
    let outputs: &[&[usize]] = if has_mean { &[shape, width, width] } else { &[shape, width] };
    check(&Kernel::Norm { pass: NormPass::Gradient, kind, epsilon: 1e-3 }, &inputs, outputs, 64.0);
}

#[test]
fn norms_of_rows_and_groups() {
    for of in FLOATS {
        for rows in [0, 1, 63, 64, 65, 700] {
            for width in [1, 15, 16, 17, 128] {
                norms(of, NormKind::Layer, &[rows, width], &[rows]);
            }
            norms(of, NormKind::Rms, &[rows, 37], &[rows]);
        }
        norms(of, NormKind::Layer, &[2, 3, 5, 7], &[2, 3, 5]);
        norms(of, NormKind::Group(4), &[3, 5, 7, 12], &[3, 4]);
        norms(of, NormKind::Group(1), &[70, 9, 33], &[70, 1]);
        norms(of, NormKind::Group(6), &[5, 200, 6], &[5, 6]);
    }
}

#[test]
fn batch_norms() {
    for of in FLOATS {
        for shape in [&[1, 3][..], &[64, 5], &[65, 70], &[3, 11, 13, 32], &[1000, 1], &[513, 129]] {
            let vector = &shape[shape.len() - 1..];
            let [scale, offset, mean, variance] = [2, 3, 4, 5].map(|seed| numbers(of, vector, seed));
            let variance = run(&Reference, &Kernel::Unary(everstep_ops::Unary::Square), &[variance], &[(of, vector)]);
            let variance = variance.unwrap().remove(0);
            for training in [true, false] {
                let kernel = |pass| Kernel::BatchNorm { pass, training, epsilon: 1e-3 };
                let x = numbers(of, shape, 1);
                let inputs = [x.clone(), scale.clone(), offset.clone(), mean.clone(), variance.clone()];
                let found = check(&kernel(BatchNormPass::Forward), &inputs, &[shape, vector, vector], 64.0);
                let inputs = [numbers(of, shape, 6), x, scale.clone(), found[1].clone(), found[2].clone()];
                check(&kernel(BatchNormPass::Gradient), &inputs, &[shape, vector, vector], 256.0);
            }
        }
    }
}

/// Batch, queries, keys, heads, depth, width.
fn attention(of: Type, [batch, queries, keys, heads, depth, width]: [usize; 6], causal: bool, masked: bool) {
    let (q_shape, k_shape) = ([batch, queries, heads, depth], [batch, keys, heads, depth]);
    let (v_shape, shape) = ([batch, keys, heads, width], [batch, queries, heads, width]);
    let [q, k, v] = [(&q_shape, 1), (&k_shape, 2), (&v_shape, 3)].map(|(shape, seed)| numbers(of, shape, seed));
    let mask = masked.then(|| numbers(Type::Bool, &[batch, keys], 4));
    let logarithms = [batch, heads, queries];
    let kernel = |pass| Kernel::Attention { pass, scale: 0.4, causal };
    let inputs: Vec<Tensor> = [q.clone(), k.clone(), v.clone()].into_iter().chain(mask.clone()).collect();
    let found = check(&kernel(AttentionPass::Forward), &inputs, &[&shape, &logarithms], 256.0);
    let gradient = numbers(of, &shape, 5);
    let inputs: Vec<Tensor> = [gradient, q, k, v].into_iter().chain(found).chain(mask).collect();
    check(&kernel(AttentionPass::Gradient), &inputs, &[&q_shape, &k_shape, &v_shape], 1024.0);
}

#[test]
fn attention_of_any_lengths() {
    for (causal, masked) in [(false, false), (true, false), (false, true), (true, true)] {
        for of in FLOATS {
            attention(of, [2, 1, 1, 1, 1, 1], causal, masked);
            attention(of, [2, 5, 9, 3, 4, 6], causal, masked);
            attention(of, [1, 9, 5, 1, 3, 2], causal, masked);
            attention(of, [1, 130, 130, 2, 8, 8], causal, masked);
            attention(of, [1, 3, 600, 1, 5, 5], causal, masked);
            attention(of, [1, 600, 70, 1, 5, 1], causal, masked);
        }
        attention(Type::F32, [2, 64, 65, 2, 33, 17], causal, masked);
        attention(Type::F32, [0, 3, 3, 1, 2, 2], causal, masked);
        attention(Type::F32, [2, 0, 3, 1, 2, 2], causal, masked);
        attention(Type::F32, [2, 3, 0, 1, 2, 2], causal, masked);
    }
}

#[test]
fn a_query_that_sees_no_key_gives_zeros() {
    let of = |values: &[f32]| f32s(&[1, 2, 1, 1], values);
    let inputs = [of(&[1.0, 2.0]), of(&[3.0, 4.0]), of(&[5.0, 6.0]), bools(&[1, 2], &[false, true])];
    let kernel = Kernel::Attention { pass: AttentionPass::Forward, scale: 1.0, causal: true };
    for kernels in [&Reference as &dyn Kernels, &Cpu::new(1).unwrap()] {
        let found = run(kernels, &kernel, &inputs, &[(Type::F32, &[1, 2, 1, 1]), (Type::F32, &[1, 1, 2])]).unwrap();
        assert_eq!(found[0].floats(), [0.0, 6.0]);
        assert_eq!(found[1].floats(), [f64::INFINITY, 8.0]);
    }
}

#[test]
fn cross_entropy_of_shares() {
    for of in FLOATS {
        for [rows, classes] in [[0, 3], [1, 1], [3, 10], [400, 65]] {
            let shape = [rows, classes];
            let labels =
                run(&Reference, &Kernel::Softmax, &[numbers(of, &shape, 2)], &[(of, &shape)]).unwrap().remove(0);
            check(&Kernel::SoftmaxCrossEntropy, &[numbers(of, &shape, 1), labels], &[&[rows], &shape], 64.0);
        }
    }
}

/// Both implementations refuse with this message.
#[track_caller]
fn refused(kernel: Kernel, inputs: &[&[usize]], outputs: &[&[usize]], message: &str) {
    let inputs: Vec<Tensor> = inputs.iter().map(|shape| numbers(Type::F32, shape, 1)).collect();
    let outputs: Vec<(Type, &[usize])> = outputs.iter().map(|shape| (Type::F32, *shape)).collect();
    for kernels in [&Reference as &dyn Kernels, &Cpu::new(1).unwrap()] {
        assert_eq!(run(kernels, &kernel, &inputs, &outputs).unwrap_err().to_string(), message);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let norm = |kind, epsilon| Kernel::Norm { pass: NormPass::Forward, kind, epsilon };
    refused(norm(NormKind::Layer, 0.1), &[&[2, 3]], &[&[2, 3]], "norm: takes 3 inputs and 3 outputs, given 1 and 1");
    refused(
        norm(NormKind::Layer, 0.1),
        &[&[2, 3], &[2], &[3]],
        &[&[2, 3], &[2], &[2]],
        "norm: gamma, beta and their gradients must be [3], not [2]",
    );
    refused(
        norm(NormKind::Rms, 0.1),
        &[&[2, 3], &[3]],
        &[&[2, 3], &[3]],
        "norm: a statistic has 2 elements, not those of [3]",
    );
    refused(
        norm(NormKind::Group(2), 0.1),
        &[&[2, 3], &[3], &[3]],
        &[&[2, 3], &[2], &[2]],
        "norm: shape [2, 3] makes no groups of Group(2)",
    );
    refused(
        norm(NormKind::Layer, -1.0),
        &[&[2, 3], &[3], &[3]],
        &[&[2, 3], &[2], &[2]],
        "norm: epsilon must be finite and not negative, not -1",
    );
    let batch = Kernel::BatchNorm { pass: BatchNormPass::Forward, training: true, epsilon: 0.1 };
    refused(
        batch.clone(),
        &[&[2, 3], &[3], &[3], &[3], &[2]],
        &[&[2, 3], &[3], &[3]],
        "batch norm: all but the elements must be [3], not [2]",
    );
    refused(batch, &[&[2, 3]], &[&[2, 3]], "batch norm: takes 5 inputs and 3 outputs, given 1 and 1");
    let attention = Kernel::Attention { pass: AttentionPass::Forward, scale: 1.0, causal: false };
    let rows = [2, 3, 1, 4];
    refused(
        attention.clone(),
        &[&rows, &[2, 3, 1, 5], &rows],
        &[&rows, &[2, 1, 3]],
        "attention: queries [2, 3, 1, 4], keys [2, 3, 1, 5] and values [2, 3, 1, 4] do not fit",
    );
    refused(
        attention,
        &[&rows, &rows, &rows],
        &[&rows, &[2, 3, 1]],
        "attention: the logarithms must be [2, 1, 3], not [2, 3, 1]",
    );
    refused(
        Kernel::SoftmaxCrossEntropy,
        &[&[2, 3], &[2, 3]],
        &[&[3], &[2, 3]],
        "softmax cross-entropy: logits [2, 3] must be [batch, classes] and the loss [batch], not [3]",
    );
}
