//! Normalisations and attention as kernels.

use everstep_graph::{AttentionOp, AttentionPass, BatchNormOp, BatchNormPass, NormKind, NormOp, NormPass};
use everstep_ops::{self as ops, Kernel};

use super::Value;

pub(super) fn norm(op: NormOp) -> Kernel {
    let pass = match op.pass {
        NormPass::Forward => ops::NormPass::Forward,
        NormPass::Gradient => ops::NormPass::Gradient,
    };
    let kind = match op.kind {
        NormKind::Layer => ops::NormKind::Layer,
        NormKind::Rms => ops::NormKind::Rms,
        NormKind::Group(groups) => ops::NormKind::Group(groups),
    };
    Kernel::Norm { pass, kind, epsilon: op.epsilon }
}

pub(super) fn batch_norm(op: BatchNormOp, training: bool) -> Kernel {
    let pass = match op.pass {
        BatchNormPass::Forward => ops::BatchNormPass::Forward,
        BatchNormPass::Gradient => ops::BatchNormPass::Gradient,
    };
    Kernel::BatchNorm { pass, training, epsilon: op.epsilon }
}

pub(super) fn attention(op: AttentionOp, inputs: &[Value]) -> Kernel {
    let (pass, queries) = match op.pass {
        AttentionPass::Forward => (ops::AttentionPass::Forward, &inputs[0]),
        AttentionPass::Gradient => (ops::AttentionPass::Gradient, &inputs[1]),
    };
    let scale = op.scale.unwrap_or_else(|| 1.0 / (queries.shape[3] as f64).sqrt());
    Kernel::Attention { pass, scale, causal: op.causal }
}
