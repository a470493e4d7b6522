//! How kernels begin.

use everstep_graph::Initializer;
use everstep_nn::{Kernel, fans, glorot_uniform, he_normal};

#[test]
fn initialisers_follow_keras() {
    let Initializer::Uniform { low, high } = glorot_uniform(784, 512) else { panic!("not uniform") };
    assert_eq!((low, high), (-high, (6.0f64 / 1296.0).sqrt()));
    let Initializer::TruncatedNormal { mean, stddev } = he_normal(512) else { panic!("not truncated normal") };
    assert_eq!((mean, stddev), (0.0, 0.0625 / 0.879_625_661_034_239_8));
    assert!(
        matches!(Kernel::HeNormal.initializer(&[0, 0]), Initializer::TruncatedNormal { stddev, .. } if stddev.is_finite())
    );
    assert!(matches!(Kernel::default().initializer(&[3, 3]), Initializer::Uniform { high: 1.0, .. }));
}

#[test]
fn fans_are_counted_over_the_window() {
    assert_eq!(fans(&[]), [1, 1]);
    assert_eq!(fans(&[7]), [7, 7]);
    assert_eq!(fans(&[3, 5]), [3, 5]);
    assert_eq!(fans(&[5, 4, 3, 32]), [60, 640]);
}
