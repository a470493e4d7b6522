//! Normalisations and their gradients by their definition.

use super::values::{listed, write};
use crate::{
    View, ViewMut,
    kernel::{Groups, NormKind, NormPass},
};

pub(super) fn norm(pass: NormPass, kind: NormKind, epsilon: f64, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let x = inputs[usize::from(pass == NormPass::Gradient)];
    let groups = kind.groups(x.shape).expect("the check has looked at the shape");
    match pass {
        NormPass::Forward => forward(kind, groups, epsilon, inputs, outputs),
        NormPass::Gradient => gradient(kind, groups, inputs, outputs),
    }
}

/// The places of the elements of group `number`.
fn places(groups: Groups, number: usize) -> Vec<usize> {
    let (example, group) = (number / groups.groups, number % groups.groups);
    let row = |row: usize| example * groups.example() + row * groups.width() + group * groups.channels;
    (0..groups.rows).flat_map(|index| row(index)..row(index) + groups.channels).collect()
}

fn forward(kind: NormKind, groups: Groups, epsilon: f64, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let (x, gamma) = (listed(inputs[0]), listed(inputs[1]));
    let beta = inputs.get(2).map_or(vec![0.0; gamma.len()], |beta| listed(*beta));
    let (mut y, mut means, mut scales) = (x.clone(), Vec::new(), Vec::new());
    for group in 0..groups.count() {
        let places = places(groups, group);
        let count = places.len() as f64;
        let mean = places.iter().map(|place| x[*place]).sum::<f64>() / count;
        let mean = if kind.has_mean() { mean } else { 0.0 };
        let variance = places.iter().map(|place| (x[*place] - mean).powi(2)).sum::<f64>() / count;
        let scale = 1.0 / (variance + epsilon).sqrt();
        for place in places {
            let channel = place % groups.width();
            y[place] = (x[place] - mean) * scale * gamma[channel] + beta[channel];
        }
        means.push(mean);
        scales.push(scale);
    }
    write(y, &mut outputs[0]);
    if kind.has_mean() {
        write(means, &mut outputs[1]);
    }
    write(scales, outputs.last_mut().expect("the check has counted"));
}

fn gradient(kind: NormKind, groups: Groups, inputs: &[View<'_>], outputs: &mut [ViewMut<'_>]) {
    let (dy, x, gamma) = (listed(inputs[0]), listed(inputs[1]), listed(inputs[2]));
    let scales = listed(inputs[inputs.len() - 1]);
    let means = if kind.has_mean() { listed(inputs[3]) } else { vec![0.0; scales.len()] };
    let (mut dx, mut dgamma, mut dbeta) = (x.clone(), vec![0.0; gamma.len()], vec![0.0; gamma.len()]);
    for group in 0..groups.count() {
        let places = places(groups, group);
        let count = places.len() as f64;
        let normal = |place: usize| (x[place] - means[group]) * scales[group];
        let slope = |place: usize| dy[place] * gamma[place % groups.width()];
        let mean = places.iter().map(|place| slope(*place)).sum::<f64>() / count;
        let mean = if kind.has_mean() { mean } else { 0.0 };
        let along = places.iter().map(|place| slope(*place) * normal(*place)).sum::<f64>() / count;
        for place in places {
            dx[place] = scales[group] * (slope(place) - mean - normal(place) * along);
            dgamma[place % groups.width()] += dy[place] * normal(place);
            dbeta[place % groups.width()] += dy[place];
        }
    }
    write(dx, &mut outputs[0]);
    write(dgamma, &mut outputs[1]);
    if kind.has_mean() {
        write(dbeta, &mut outputs[2]);
    }
}
