//! Layers that normalise.

use everstep_graph::Graph;
use everstep_nn::{BatchNorm, GroupNorm, Layer, LayerNorm, RmsNorm};
use everstep_tensor::DType;

use crate::check::check;

#[test]
fn norms_have_the_variables_and_defaults_of_keras() {
    check(
        |graph, [x, _]| LayerNorm::default().build(graph, "norm", x),
        "norm/gamma = VariableV2{Constant(1.0), trainable}() f32[3]
        norm/beta = VariableV2{Constant(0.0), trainable}() f32[3]
        norm/LayerNorm = LayerNorm{epsilon=0.001}(x, norm/gamma, norm/beta) f32[?, 3] f32[?] f32[?]",
    );
    check(
        |graph, [x, _]| RmsNorm::default().build(graph, "norm", x),
        "norm/gamma = VariableV2{Constant(1.0), trainable}() f32[3]
        norm/RmsNorm = RmsNorm{epsilon=0.000001}(x, norm/gamma) f32[?, 3] f32[?]",
    );
    check(
        |graph, [x, _]| GroupNorm::new(3).build(graph, "norm", x),
        "norm/gamma = VariableV2{Constant(1.0), trainable}() f32[3]
        norm/beta = VariableV2{Constant(0.0), trainable}() f32[3]
        norm/GroupNorm = GroupNorm{groups=3, epsilon=0.001}(x, norm/gamma, norm/beta) f32[?, 3] f32[?, 3] f32[?, 3]",
    );
}

#[test]
fn batch_norm_moves_its_averages_in_training_runs() {
    check(
        |graph, [x, _]| BatchNorm { momentum: 0.75, ..BatchNorm::default() }.build(graph, "norm", x),
        "norm/gamma = VariableV2{Constant(1.0), trainable}() f32[3]
        norm/beta = VariableV2{Constant(0.0), trainable}() f32[3]
        norm/moving_mean = VariableV2{Constant(0.0)}() f32[3]
        norm/moving_variance = VariableV2{Constant(1.0)}() f32[3]
        norm/FusedBatchNormV3 = FusedBatchNormV3{epsilon=0.001}(x, norm/gamma, norm/beta, norm/moving_mean, norm/moving_variance) f32[?, 3] f32[3] f32[3]
        norm/Share = Const{f32[] [0.25]}() f32[]
        norm/Sub = Sub(norm/FusedBatchNormV3:1, norm/moving_mean) f32[3]
        norm/Mul = Mul(norm/Sub, norm/Share) f32[3]
        norm/AssignAdd = AssignAdd(norm/moving_mean, norm/Mul)
        norm/Sub_1 = Sub(norm/FusedBatchNormV3:2, norm/moving_variance) f32[3]
        norm/Mul_1 = Mul(norm/Sub_1, norm/Share) f32[3]
        norm/AssignAdd_1 = AssignAdd(norm/moving_variance, norm/Mul_1)",
    );
}

#[test]
fn norms_refuse_what_they_cannot_take() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [Some(3), None]).unwrap();
    let line = line!() + 1;
    let error = LayerNorm::default().build(&mut graph, "norm", x).unwrap_err().to_string();
    let message = "x is f32[3, ?]; the layer takes [.., features], features known";
    assert_eq!(error, format!("norm at {}:{line}: {message}", file!()));
}
