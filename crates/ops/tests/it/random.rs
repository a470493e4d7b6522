//! Random elements: pinned, placed by their index, and of the law they name.

use everstep_ops::{Cpu, Distribution, Kernel, Key};

use crate::tensor::*;

const COUNT: usize = 40_000;

fn draw(of: Type, distribution: Distribution, key: Key, count: usize) -> Tensor {
    run(&Cpu::new(1).unwrap(), &Kernel::Random { distribution, key }, &[], &[(of, &[count])]).unwrap().remove(0)
}

fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    (mean, variance)
}

/// The sample's mean and variance are those of the law, within five standard errors of the normal law.
#[track_caller]
fn check(distribution: Distribution, mean: f64, variance: f64) {
    for of in FLOATS {
        let (found_mean, found_variance) = moments(&draw(of, distribution, Key::new(1, "w"), COUNT).floats());
        let error = 5.0 / (COUNT as f64).sqrt();
        assert!((found_mean - mean).abs() <= error * variance.sqrt(), "{of:?} mean {found_mean}, not {mean}");
        assert!(
            (found_variance / variance - 1.0).abs() <= error * 2f64.sqrt(),
            "variance {found_variance}, not {variance}"
        );
    }
}

#[test]
fn the_laws_have_their_moments() {
    check(Distribution::Uniform { low: -1.0, high: 3.0 }, 1.0, 16.0 / 12.0);
    check(Distribution::Normal { mean: 2.0, stddev: 3.0 }, 2.0, 9.0);
    // The normal law cut at two standard deviations has 0.774 of its variance.
    check(Distribution::TruncatedNormal { mean: -1.0, stddev: 0.5 }, -1.0, 0.25 * 0.773_741_3);
}

#[test]
fn the_laws_keep_their_bounds() {
    let uniform = draw(Type::F32, Distribution::Uniform { low: 0.0, high: 1e-3 }, Key::new(1, "w"), COUNT).floats();
    assert!(uniform.iter().all(|&value| (0.0..1e-3).contains(&value)));
    let truncated =
        draw(Type::F64, Distribution::TruncatedNormal { mean: 1.0, stddev: 0.5 }, Key::new(1, "w"), COUNT).floats();
    assert!(truncated.iter().all(|&value| (0.0..=2.0).contains(&value)));
    let normal = draw(Type::F64, Distribution::Normal { mean: 0.0, stddev: 1.0 }, Key::new(1, "w"), COUNT).floats();
    let beyond = normal.iter().filter(|value| value.abs() > 2.0).count() as f64 / COUNT as f64;
    assert!((beyond - 0.0455).abs() < 0.005, "{beyond} of the normal numbers beyond two standard deviations");
}

/// Rounded to f32, numbers just below 1 become 1; none may.
#[test]
fn a_uniform_f32_stays_below_its_bound() {
    let low = 1.0 - 1e-9;
    let values = draw(Type::F32, Distribution::Uniform { low, high: 1.0 }, Key::new(1, "w"), 100).floats();
    assert!(values.iter().all(|&value| value < 1.0));
    let constant = draw(Type::F32, Distribution::Uniform { low: 2.0, high: 2.0 }, Key::new(1, "w"), 10).floats();
    assert_eq!(constant, [2.0; 10]);
}

#[test]
fn an_element_depends_on_its_place_alone() {
    let normal = Distribution::TruncatedNormal { mean: 0.0, stddev: 1.0 };
    let (short, long) =
        (draw(Type::F64, normal, Key::new(5, "w"), 10), draw(Type::F64, normal, Key::new(5, "w"), 1000));
    assert_eq!(short.bits(), long.bits()[..10]);
    let rounded: Vec<f64> = short.floats().iter().map(|&value| f64::from(value as f32)).collect();
    assert_eq!(draw(Type::F32, normal, Key::new(5, "w"), 10).floats(), rounded);
}

#[test]
fn seeds_and_names_make_other_streams() {
    let uniform = Distribution::Uniform { low: 0.0, high: 1.0 };
    let keys = [
        Key::new(0, ""),
        Key::new(1, ""),
        Key::new(0, "a"),
        Key::new(0, "b"),
        Key::new(0, "ab"),
        Key::new(1 << 63, ""),
    ];
    let mut firsts: Vec<u64> = keys.iter().map(|&key| draw(Type::F64, uniform, key, 1).bits()[0]).collect();
    firsts.sort_unstable();
    firsts.dedup();
    assert_eq!(firsts.len(), keys.len());
}

/// The hash of seed and name, and how elements are made of bits, never change: these numbers were computed apart.
#[test]
fn the_stream_is_pinned() {
    let bits = draw(
        Type::F64,
        Distribution::Uniform { low: 0.0, high: 9_007_199_254_740_992.0 },
        Key::new(42, "dense/kernel"),
        3,
    );
    assert_eq!(bits.floats(), [8_781_250_697_596_129.0, 3_776_452_501_995_825.0, 57_913_357_085_899.0]);
}
