//! What a layer builds, as text.

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result};

/// What `build` adds to a graph with `x` `f32[?, 3]` and `labels` `i32[?]`.
#[track_caller]
pub(crate) fn check(build: impl FnOnce(&mut Graph, [Output; 2]) -> Result<Output>, expected: &str) {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(3)]).unwrap().output();
    let labels = graph.placeholder("labels", DType::I32, [None]).unwrap().output();
    build(&mut graph, [x, labels]).unwrap();
    graph.verify().unwrap();
    let dump = graph.to_string();
    let expected: Vec<&str> = expected.lines().map(str::trim).collect();
    assert_eq!(dump.lines().skip(2).collect::<Vec<_>>(), expected, "\n{dump}");
}
