//! How kernels begin. What is drawn is tested with the engine.

use everstep_graph::{Graph, Initializer};
use everstep_nn::{Fan, Kernel, Spread, VarianceScaling, fans};
use everstep_tensor::DType;

#[track_caller]
fn check(kernel: Kernel, shape: &[usize], expected: &str) {
    assert_eq!(format!("{:.6?}", kernel.initializer(shape)), expected);
}

/// The limits and deviations are those of Keras 3's initialisers for a kernel `[784, 512]`.
#[test]
fn initialisers_follow_keras() {
    let shape = [784, 512];
    check(Kernel::GlorotUniform, &shape, "Uniform { low: -0.068041, high: 0.068041 }");
    check(Kernel::GlorotNormal, &shape, "TruncatedNormal { mean: 0.000000, stddev: 0.044660 }");
    check(Kernel::HeUniform, &shape, "Uniform { low: -0.087482, high: 0.087482 }");
    check(Kernel::HeNormal, &shape, "TruncatedNormal { mean: 0.000000, stddev: 0.057419 }");
    check(Kernel::LecunUniform, &shape, "Uniform { low: -0.061859, high: 0.061859 }");
    check(Kernel::LecunNormal, &shape, "TruncatedNormal { mean: 0.000000, stddev: 0.040602 }");
    let scaling = VarianceScaling { scale: 0.5, fan: Fan::Out, spread: Spread::Normal };
    check(Kernel::VarianceScaling(scaling), &shape, "Normal { mean: 0.000000, stddev: 0.031250 }");
    check(Kernel::Fixed(Initializer::ONES), &shape, "Constant(1.000000)");
    check(Kernel::HeNormal, &[0, 0], "TruncatedNormal { mean: 0.000000, stddev: 1.607745 }");
    assert!(matches!(Kernel::default(), Kernel::GlorotUniform));
}

#[test]
fn fans_are_counted_over_the_window() {
    assert_eq!(fans(&[]), [1, 1]);
    assert_eq!(fans(&[7]), [7, 7]);
    assert_eq!(fans(&[3, 5]), [3, 5]);
    assert_eq!(fans(&[5, 4, 3, 32]), [60, 640]);
}

#[test]
fn an_orthogonal_value_is_a_matrix() {
    let mut graph = Graph::new();
    let error = graph.variable("v", DType::F32, [3], Initializer::Orthogonal { gain: 1.0 }).unwrap_err().to_string();
    assert!(error.ends_with("shape [3] is no matrix to be orthogonal; give two axes or more"), "{error}");
    let error = graph.variable("v", DType::F32, [3, 3], Initializer::Orthogonal { gain: f64::NAN }).unwrap_err();
    assert!(error.to_string().ends_with("a gain of NaN makes no sense; give a finite one"), "{error}");
}
