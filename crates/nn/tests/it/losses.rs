//! What training makes small.

use everstep_nn::{mean_squared_error, sparse_softmax_cross_entropy};

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
