//! The fully connected layer and what follows its sums.

use everstep_graph::{Graph, Initializer};
use everstep_nn::{Activation, Dense, Kernel, Layer};
use everstep_tensor::DType;

use crate::check::check;

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
fn axes_before_the_features_are_rows() {
    let dense = Dense { bias: None, kernel: Kernel::Fixed(Initializer::ZEROS), ..Dense::new(2) };
    let dump = |shape: [Option<usize>; 3]| {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, shape).unwrap();
        dense.build(&mut graph, "d", x).unwrap();
        graph.verify().unwrap();
        graph.to_string().lines().skip(2).collect::<Vec<_>>().join("\n")
    };
    let folded = "d/Reshape = Reshape{shape=[-1, 3]}(x) f32[?, 3]
d/MatMul = MatMul(d/Reshape, d/kernel) f32[?, 2]
d/Reshape_1 = Reshape{shape=[-1, 5, 2]}(d/MatMul) f32[?, 5, 2]";
    assert_eq!(dump([None, Some(5), Some(3)]), folded);
    assert_eq!(dump([None, None, Some(3)]), "d/BatchMatMulV2 = BatchMatMulV2(x, d/kernel) f32[?, ?, 2]");
}

#[test]
fn every_activation_is_its_op() {
    let activations = [
        (Activation::Tanh, "Tanh"),
        (Activation::Sigmoid, "Sigmoid"),
        (Activation::Softmax, "Softmax"),
        (Activation::LogSoftmax, "LogSoftmax"),
        (Activation::Relu, "Relu"),
        (Activation::Relu6, "Relu6"),
        (Activation::LeakyRelu { alpha: 0.2 }, "LeakyRelu{alpha 0.2}"),
        (Activation::Elu, "Elu"),
        (Activation::Selu, "Selu"),
        (Activation::Silu, "Silu"),
        (Activation::Gelu { approximate: false }, "Gelu"),
        (Activation::Gelu { approximate: true }, "Gelu{approximate}"),
        (Activation::Softplus, "Softplus"),
        (Activation::Softsign, "Softsign"),
    ];
    for (activation, op) in activations {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F64, [None, Some(3)]).unwrap();
        let output = Dense { activation, ..Dense::new(4) }.build(&mut graph, "layer", x).unwrap();
        assert_eq!(graph.type_of(output).unwrap().to_string(), "f64[?, 4]");
        let alone = activation.build(&mut graph, "alone", output).unwrap();
        assert_eq!([output, alone].map(|output| graph.node(output.node()).unwrap().op().to_string()), [op, op]);
    }
}
