//! Attention and its gradient by their definition.

use super::values::{Values, listed, write};
use crate::{
    View, ViewMut,
    kernel::{AttentionPass, AttentionSizes},
};

pub(super) fn attention(
    pass: AttentionPass,
    scale: f64,
    causal: bool,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
) {
    let [q, k, v] = pass.operands(inputs);
    let sizes = AttentionSizes::of(q.shape, k.shape, v.shape).expect("the check has compared the shapes");
    let mask = match (pass, inputs) {
        (AttentionPass::Forward, [_, _, _, mask, ..]) | (AttentionPass::Gradient, [_, _, _, _, _, _, mask, ..]) => {
            Some(Values::read(*mask).integers().into_iter().map(|value| value != 0).collect())
        }
        _ => None,
    };
    let operands = Operands { sizes, scale, causal, mask, q: listed(q), k: listed(k), v: listed(v) };
    match pass {
        AttentionPass::Forward => operands.forward(outputs),
        AttentionPass::Gradient => operands.gradient(listed(inputs[0]), listed(inputs[4]), listed(inputs[5]), outputs),
    }
}

struct Operands {
    sizes: AttentionSizes,
    scale: f64,
    causal: bool,
    mask: Option<Vec<bool>>,
    q: Vec<f64>,
    k: Vec<f64>,
    v: Vec<f64>,
}

impl Operands {
    /// Each example, head and query.
    fn queries(&self) -> impl Iterator<Item = [usize; 3]> + use<> {
        let AttentionSizes { batch, heads, queries, .. } = self.sizes;
        (0..batch).flat_map(move |b| (0..heads).flat_map(move |h| (0..queries).map(move |i| [b, h, i])))
    }

    fn query(&self, [b, h, i]: [usize; 3], c: usize) -> usize {
        ((b * self.sizes.queries + i) * self.sizes.heads + h) * self.sizes.depth + c
    }

    fn key(&self, [b, h, j]: [usize; 3], c: usize) -> usize {
        ((b * self.sizes.keys + j) * self.sizes.heads + h) * self.sizes.depth + c
    }

    fn value(&self, [b, h, j]: [usize; 3], c: usize) -> usize {
        ((b * self.sizes.keys + j) * self.sizes.heads + h) * self.sizes.width + c
    }

    fn result(&self, [b, h, i]: [usize; 3], c: usize) -> usize {
        ((b * self.sizes.queries + i) * self.sizes.heads + h) * self.sizes.width + c
    }

    fn logarithm(&self, [b, h, i]: [usize; 3]) -> usize {
        (b * self.sizes.heads + h) * self.sizes.queries + i
    }

    fn sees(&self, [b, _, i]: [usize; 3], j: usize) -> bool {
        (!self.causal || j <= i) && self.mask.as_ref().is_none_or(|mask| mask[b * self.sizes.keys + j])
    }

    /// The score of a key, or minus infinity where it may not be attended to.
    fn score(&self, at: [usize; 3], j: usize) -> f64 {
        let products =
            (0..self.sizes.depth).map(|c| self.q[self.query(at, c)] * self.k[self.key([at[0], at[1], j], c)]);
        if self.sees(at, j) { products.sum::<f64>() * self.scale } else { f64::NEG_INFINITY }
    }

    fn forward(&self, outputs: &mut [ViewMut<'_>]) {
        let AttentionSizes { batch, queries, heads, width, keys, .. } = self.sizes;
        let (mut result, mut logarithms) =
            (vec![0.0; batch * queries * heads * width], vec![0.0; batch * heads * queries]);
        for at in self.queries() {
            let scores: Vec<f64> = (0..keys).map(|j| self.score(at, j)).collect();
            let greatest =
                scores.iter().copied().fold(f64::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b });
            if greatest == f64::NEG_INFINITY {
                logarithms[self.logarithm(at)] = f64::INFINITY;
                continue;
            }
            let sum: f64 = scores.iter().map(|score| (score - greatest).exp()).sum();
            logarithms[self.logarithm(at)] = greatest + sum.ln();
            for (j, score) in scores.iter().enumerate().filter(|(j, _)| self.sees(at, *j)) {
                for c in 0..width {
                    result[self.result(at, c)] +=
                        (score - greatest).exp() / sum * self.v[self.value([at[0], at[1], j], c)];
                }
            }
        }
        write(result, &mut outputs[0]);
        write(logarithms, &mut outputs[1]);
    }

    fn gradient(&self, dy: Vec<f64>, y: Vec<f64>, logarithms: Vec<f64>, outputs: &mut [ViewMut<'_>]) {
        let AttentionSizes { depth, width, keys, .. } = self.sizes;
        let mut dq = vec![0.0; self.q.len()];
        let (mut dk, mut dv) = (vec![0.0; self.k.len()], vec![0.0; self.v.len()]);
        for at in self.queries() {
            let along: f64 = (0..width).map(|c| dy[self.result(at, c)] * y[self.result(at, c)]).sum();
            for j in (0..keys).filter(|j| self.sees(at, *j)) {
                let key = [at[0], at[1], j];
                let share = (self.score(at, j) - logarithms[self.logarithm(at)]).exp();
                let slope: f64 = (0..width).map(|c| dy[self.result(at, c)] * self.v[self.value(key, c)]).sum();
                let slope = share * (slope - along) * self.scale;
                for c in 0..width {
                    dv[self.value(key, c)] += share * dy[self.result(at, c)];
                }
                for c in 0..depth {
                    dq[self.query(at, c)] += slope * self.k[self.key(key, c)];
                    dk[self.key(key, c)] += slope * self.q[self.query(at, c)];
                }
            }
        }
        write(dq, &mut outputs[0]);
        write(dk, &mut outputs[1]);
        write(dv, &mut outputs[2]);
    }
}
