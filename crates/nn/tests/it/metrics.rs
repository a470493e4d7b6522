//! What training is judged by.

use everstep_nn::accuracy;

use crate::check::check;

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
