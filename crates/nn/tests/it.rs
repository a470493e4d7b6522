//! Layers, initialisers, losses and metrics through the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use everstep_graph::{Graph, Initializer, Output};
use everstep_nn::{
    Activation, Dense, Kernel, accuracy, glorot_uniform, he_normal, mean_squared_error, sparse_softmax_cross_entropy,
};
use everstep_tensor::{DType, Result};

#[track_caller]
fn check(build: impl FnOnce(&mut Graph, [Output; 2]) -> Result<Output>, expected: &str) {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(3)]).unwrap().output();
    let labels = graph.placeholder("labels", DType::I32, [None]).unwrap().output();
    build(&mut graph, [x, labels]).unwrap();
    graph.verify().unwrap();
    let dump = graph.to_string();
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(dump.lines().skip(2).collect::<Vec<_>>(), expected, "\n{dump}");
}

#[test]
fn a_dense_layer_is_matmul_bias_activation() {
    let relu = Dense {
        activation: Activation::Relu,
        kernel: Kernel::Fixed(Initializer::Normal { mean: 0.0, stddev: 0.5 }),
        ..Dense::new(2)
    };
    check(
        |graph, [x, _]| relu.build(graph, "hidden", x),
        "hidden/kernel = VariableV2{Normal { mean: 0.0, stddev: 0.5 }, trainable}() f32[3, 2]
        hidden/MatMul = MatMul(x, hidden/kernel) f32[?, 2]
        hidden/bias = VariableV2{Constant(0.0), trainable}() f32[2]
        hidden/AddV2 = AddV2(hidden/MatMul, hidden/bias) f32[?, 2]
        hidden/Relu = Relu(hidden/AddV2) f32[?, 2]",
    );
    let bare = Dense { bias: None, kernel: Kernel::Fixed(Initializer::ZEROS), ..Dense::new(2) };
    check(
        |graph, [x, _]| bare.build(graph, "bare", x),
        "bare/kernel = VariableV2{Constant(0.0), trainable}() f32[3, 2]
        bare/MatMul = MatMul(x, bare/kernel) f32[?, 2]",
    );
}

#[test]
fn every_activation_is_its_op() {
    let ops = [Activation::Tanh, Activation::Sigmoid, Activation::Softmax].map(|activation| {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F64, [None, Some(3)]).unwrap();
        let output = Dense { activation, ..Dense::new(4) }.build(&mut graph, "layer", x).unwrap();
        assert_eq!(graph.type_of(output).unwrap().to_string(), "f64[?, 4]");
        graph.name_of(output).unwrap()
    });
    assert_eq!(ops, ["layer/Tanh", "layer/Sigmoid", "layer/Softmax"]);
}

#[test]
fn losses_are_means() {
    check(
        |graph, [x, labels]| sparse_softmax_cross_entropy(graph, x, labels),
        "loss/SparseSoftmaxCrossEntropyWithLogits = SparseSoftmaxCrossEntropyWithLogits(x, labels) f32[?] f32[?, 3]
        loss/Mean = Mean{[0]}(loss/SparseSoftmaxCrossEntropyWithLogits) f32[]",
    );
    check(
        |graph, [x, _]| mean_squared_error(graph, x, x),
        "loss/Sub = Sub(x, x) f32[?, 3]
        loss/Square = Square(loss/Sub) f32[?, 3]
        loss/Mean = Mean{[0, 1]}(loss/Square) f32[]",
    );
}

#[test]
fn accuracy_is_the_mean_of_hits() {
    check(
        |graph, [x, labels]| accuracy(graph, x, labels),
        "accuracy/ArgMax = ArgMax{1}(x) i64[?]
        accuracy/Cast = Cast(labels) i64[?]
        accuracy/Equal = Equal(accuracy/ArgMax, accuracy/Cast) bool[?]
        accuracy/Cast_1 = Cast(accuracy/Equal) f32[?]
        accuracy/Mean = Mean{[0]}(accuracy/Cast_1) f32[]",
    );
}

#[test]
fn initialisers_follow_keras() {
    let Initializer::Uniform { low, high } = glorot_uniform(784, 512) else { panic!("not uniform") };
    assert_eq!((low, high), (-high, (6.0f64 / 1296.0).sqrt()));
    let Initializer::TruncatedNormal { mean, stddev } = he_normal(512) else { panic!("not truncated normal") };
    assert_eq!((mean, stddev), (0.0, 0.0625 / 0.879_625_661_034_239_8));
    assert!(
        matches!(Kernel::HeNormal.initializer(0, 0), Initializer::TruncatedNormal { stddev, .. } if stddev.is_finite())
    );
    assert!(matches!(Kernel::default().initializer(3, 3), Initializer::Uniform { high: 1.0, .. }));
}

#[test]
fn errors_name_the_line_that_called_the_layer() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [Some(3), None]).unwrap();
    let labels = graph.placeholder("labels", DType::I64, [4]).unwrap();

    let line = line!() + 1;
    let error = Dense::new(2).build(&mut graph, "hidden", x).unwrap_err().to_string();
    let message = "x is f32[3, ?]; a dense layer takes [batch, features], features known";
    assert_eq!(error, format!("hidden at {}:{line}: {message}", file!()));

    let line = line!() + 1;
    let error = accuracy(&mut graph, x, labels).unwrap_err().to_string();
    let message = "logits make i64[3], labels are i64[4]; give one label per row";
    assert_eq!(error, format!("accuracy at {}:{line}: {message}", file!()));

    let line = line!() + 1;
    let error = mean_squared_error(&mut graph, x, labels).unwrap_err().to_string();
    let message = "predictions are f32[3, ?], targets i64[4]; give one target for each prediction";
    assert_eq!(error, format!("mean squared error at {}:{line}: {message}", file!()));

    let y = graph.placeholder("y", DType::F32, [3, 3]).unwrap();
    Dense::new(2).build(&mut graph, "twice", y).unwrap();
    let line = line!() + 1;
    let error = Dense::new(2).build(&mut graph, "twice", y).unwrap_err().to_string();
    assert!(error.starts_with("twice/kernel = VariableV2"), "{error}");
    assert!(error.contains(&format!("{}:{line}: the name is taken", file!())), "{error}");
}
