//! Batch normalisations and their gradients by their definition.

use super::values::{listed, write};
use crate::{View, ViewMut, kernel::BatchNormPass};

pub(super) fn batch_norm(
    pass: BatchNormPass,
    training: bool,
    epsilon: f64,
    inputs: &[View<'_>],
    outputs: &mut [ViewMut<'_>],
) {
    let values: Vec<Vec<f64>> = inputs.iter().map(|input| listed(*input)).collect();
    let [first, second, third, fourth, fifth] = &values[..] else { unreachable!("the check counts the inputs") };
    let results = match pass {
        BatchNormPass::Forward if training => {
            let channels = second.len();
            let count = first.len() as f64 / channels as f64;
            let of = |channel: usize| first.iter().skip(channel).step_by(channels);
            let means: Vec<f64> = (0..channels).map(|channel| of(channel).sum::<f64>() / count).collect();
            let squares = |channel: usize| of(channel).map(|x| (x - means[channel]).powi(2)).sum::<f64>();
            let sums: Vec<f64> = (0..channels).map(squares).collect();
            let variances: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
            let y = normalised(first, [second, third], [&means, &variances], epsilon);
            [y, means, sums.iter().map(|sum| sum / (count - 1.0).max(1.0)).collect()]
        }
        BatchNormPass::Forward => {
            [normalised(first, [second, third], [fourth, fifth], epsilon), fourth.clone(), fifth.clone()]
        }
        BatchNormPass::Gradient => gradient(training, epsilon, [first, second], third, [fourth, fifth]),
    };
    for (result, output) in results.into_iter().zip(outputs) {
        write(result, output);
    }
}

fn normalised(x: &[f64], [scale, offset]: [&[f64]; 2], [mean, variance]: [&[f64]; 2], epsilon: f64) -> Vec<f64> {
    let normal = |(place, x): (usize, &f64)| {
        let channel = place % scale.len();
        (x - mean[channel]) / (variance[channel] + epsilon).sqrt() * scale[channel] + offset[channel]
    };
    x.iter().enumerate().map(normal).collect()
}

fn gradient(
    training: bool,
    epsilon: f64,
    [dy, x]: [&[f64]; 2],
    scale: &[f64],
    [mean, variance]: [&[f64]; 2],
) -> [Vec<f64>; 3] {
    let channels = scale.len();
    let count = x.len() as f64 / channels as f64;
    let own = |variance: f64| if training { variance * (count - 1.0).max(1.0) / count } else { variance };
    let inverse: Vec<f64> = variance.iter().map(|variance| 1.0 / (own(*variance) + epsilon).sqrt()).collect();
    let normal = |place: usize| (x[place] - mean[place % channels]) * inverse[place % channels];
    let (mut dscale, mut doffset) = (vec![0.0; channels], vec![0.0; channels]);
    for (place, dy) in dy.iter().enumerate() {
        dscale[place % channels] += dy * normal(place);
        doffset[place % channels] += dy;
    }
    let dx = |place: usize| {
        let channel = place % channels;
        let shared = (doffset[channel] + normal(place) * dscale[channel]) / count;
        (dy[place] - if training { shared } else { 0.0 }) * scale[channel] * inverse[channel]
    };
    [(0..x.len()).map(dx).collect(), dscale, doffset]
}
