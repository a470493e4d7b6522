//! The graph through its public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod branches;
mod errors;
mod fused;
mod gradients;
#[cfg(feature = "everstep-proto")]
mod graph_def;
mod images;
mod infer;
mod laws;
mod names;
mod refusals;
mod slices;
mod text;
mod variables;

/// The text of a graph, compared line by line.
#[track_caller]
fn check_dump(graph: &everstep_graph::Graph, expected: &str) {
    graph.verify().unwrap();
    let dump = graph.to_string();
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(dump.lines().collect::<Vec<_>>(), expected, "\n{dump}");
}
