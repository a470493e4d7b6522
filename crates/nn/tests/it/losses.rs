//! What training makes small.

use everstep_graph::Graph;
use everstep_nn::{
    huber_loss, mean_squared_error, sigmoid_cross_entropy, smoothed_labels, softmax_cross_entropy,
    sparse_softmax_cross_entropy, weighted_mean,
};
use everstep_tensor::DType;

use crate::check::check;

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
fn losses_may_be_weighted_and_labels_smoothed() {
    check(
        |graph, [x, _]| {
            let labels = smoothed_labels(graph, x, 0.3)?;
            softmax_cross_entropy(graph, x, labels)
        },
        "smoothed_labels/Kept = Const{f32[] [0.7]}() f32[]
        smoothed_labels/Shared = Const{f32[] [0.1]}() f32[]
        smoothed_labels/Mul = Mul(x, smoothed_labels/Kept) f32[?, 3]
        smoothed_labels/AddV2 = AddV2(smoothed_labels/Mul, smoothed_labels/Shared) f32[?, 3]
        loss/SoftmaxCrossEntropyWithLogits = SoftmaxCrossEntropyWithLogits(x, smoothed_labels/AddV2) f32[?] f32[?, 3]
        loss/Mean = Mean{[0]}(loss/SoftmaxCrossEntropyWithLogits) f32[]",
    );
    check(
        |graph, [x, _]| weighted_mean(graph, x, x),
        "loss/Mul = Mul(x, x) f32[?, 3]
        loss/Sum = Sum{[0, 1]}(loss/Mul) f32[]
        loss/Zero = Const{f32[] [0.0]}() f32[]
        loss/NotEqual = NotEqual(x, loss/Zero) bool[?, 3]
        loss/Cast = Cast(loss/NotEqual) f32[?, 3]
        loss/Sum_1 = Sum{[0, 1]}(loss/Cast) f32[]
        loss/DivNoNan = DivNoNan(loss/Sum, loss/Sum_1) f32[]",
    );
}

#[test]
fn losses_of_elements_are_means() {
    for huber in [true, false] {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None, Some(3)]).unwrap();
        let loss = match huber {
            true => huber_loss(&mut graph, x, x, 1.0),
            false => sigmoid_cross_entropy(&mut graph, x, x),
        };
        let loss = loss.unwrap();
        assert_eq!(graph.type_of(loss).unwrap().to_string(), "f32[]");
        assert_eq!(graph.name_of(loss).unwrap(), "loss/Mean");
    }
}
