//! What initialisers draw: their laws and moments.

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Initializer};
use everstep_nn::{Fan, Kernel, Spread, VarianceScaling};
use everstep_session::{Scope, Session, SessionConfig};
use everstep_tensor::DType;

/// The first value of a variable of that kernel's initialiser.
fn drawn(kernel: &Kernel, dtype: DType, shape: &[usize]) -> Vec<f64> {
    let mut graph = Graph::new();
    graph.variable("kernel", dtype, shape.to_vec(), kernel.initializer(shape)).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig { seed: 5, ..SessionConfig::default() }).unwrap();
    session.initialize(Scope::Global).unwrap();
    let value = session.variables().read("kernel").unwrap();
    match dtype {
        DType::F64 => value.as_slice::<f64>().unwrap().to_vec(),
        _ => value.as_slice::<f32>().unwrap().iter().map(|element| f64::from(*element)).collect(),
    }
}

/// Of a kernel `[3, 3, 20, 80]`, so that `fan_in` is 180, `fan_out` 720 and their mean 450.
#[track_caller]
fn check(kernel: Kernel, variance: f64, farthest: f64) {
    let values = drawn(&kernel, DType::F32, &[3, 3, 20, 80]);
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let found = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    // Five standard errors; the fourth moment of none of these laws exceeds that of the normal one.
    assert!(mean.abs() < 5.0 * (variance / count).sqrt(), "{kernel:?}: the mean is {mean}");
    let error = (found / variance - 1.0).abs();
    assert!(error < 5.0 * (2.0 / count).sqrt(), "{kernel:?}: the variance is {found}, not {variance}");
    let most = values.iter().fold(0.0f64, |most, value| most.max(value.abs()));
    assert!(most <= farthest * 1.000_001 && most > 0.98 * farthest, "{kernel:?}: {most} of {farthest}");
}

#[test]
fn variances_are_those_of_the_fans() {
    let uniform = |variance: f64| (3.0 * variance).sqrt();
    let cut = |variance: f64| 2.0 * variance.sqrt() / 0.879_625_661_034_239_8;
    check(Kernel::GlorotUniform, 1.0 / 450.0, uniform(1.0 / 450.0));
    check(Kernel::GlorotNormal, 1.0 / 450.0, cut(1.0 / 450.0));
    check(Kernel::HeUniform, 2.0 / 180.0, uniform(2.0 / 180.0));
    check(Kernel::HeNormal, 2.0 / 180.0, cut(2.0 / 180.0));
    check(Kernel::LecunUniform, 1.0 / 180.0, uniform(1.0 / 180.0));
    check(Kernel::LecunNormal, 1.0 / 180.0, cut(1.0 / 180.0));
    let scaling = VarianceScaling { scale: 3.0, fan: Fan::Out, spread: Spread::Uniform };
    check(Kernel::VarianceScaling(scaling), 3.0 / 720.0, uniform(3.0 / 720.0));
}

#[test]
fn an_uncut_normal_law_has_tails() {
    let scaling = VarianceScaling { scale: 1.0, fan: Fan::In, spread: Spread::Normal };
    let values = drawn(&Kernel::VarianceScaling(scaling), DType::F32, &[3, 3, 20, 80]);
    let deviation = (1.0f64 / 180.0).sqrt();
    let outside = values.iter().filter(|value| value.abs() > 2.0 * deviation).count() as f64 / values.len() as f64;
    assert!((outside - 0.0455).abs() < 0.01, "{outside} of a normal law is beyond two deviations");
}

/// The rows or columns, whichever are fewer, are orthogonal and of length `gain`.
#[track_caller]
fn check_orthogonal(dtype: DType, shape: &[usize], gain: f64, tolerance: f64) {
    let values = drawn(&Kernel::Fixed(Initializer::Orthogonal { gain }), dtype, shape);
    let columns = *shape.last().unwrap();
    let rows = values.len() / columns;
    let (few, many) = (rows.min(columns), rows.max(columns));
    let element = |vector: usize, place: usize| match rows < columns {
        true => values[vector * columns + place],
        false => values[place * columns + vector],
    };
    for one in 0..few {
        for other in 0..=one {
            let product: f64 = (0..many).map(|place| element(one, place) * element(other, place)).sum();
            let expected = if one == other { gain * gain } else { 0.0 };
            assert!((product - expected).abs() < tolerance, "{shape:?}: vectors {one} and {other}: {product}");
        }
    }
}

#[test]
fn orthogonal_kernels_are() {
    check_orthogonal(DType::F64, &[6, 4], 1.0, 1e-14);
    check_orthogonal(DType::F64, &[4, 6], 1.0, 1e-14);
    check_orthogonal(DType::F64, &[32, 128], 0.5, 1e-14);
    check_orthogonal(DType::F32, &[3, 2, 5], 1.5, 1e-6);
    check_orthogonal(DType::F32, &[1, 1], 2.0, 1e-6);
    // Each sign is as likely: not the identity, nor always one side of it.
    let values = drawn(&Kernel::Fixed(Initializer::Orthogonal { gain: 1.0 }), DType::F64, &[64, 64]);
    let positive = values.iter().filter(|value| **value > 0.0).count();
    assert!((1848..2248).contains(&positive), "{positive} of 4096 are positive");
}
