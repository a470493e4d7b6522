//! Embeddings, attention and the block of transformers.

use everstep_graph::Graph;
use everstep_nn::{Attended, Embedding, Layer, MultiHeadAttention, PositionalEmbedding, TransformerBlock};
use everstep_tensor::DType;

fn names(graph: &Graph) -> Vec<String> {
    let specs = graph.trainable_variables().into_iter().map(|variable| graph.spec_of(variable).unwrap());
    specs.map(|spec| format!("{} {}{}", spec.name, spec.dtype, spec.shape)).collect()
}

#[test]
fn a_block_is_made_of_named_layers() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, None, Some(8)]).unwrap();
    let y = TransformerBlock::new(2).build(&mut graph, "block", x).unwrap();
    graph.verify().unwrap();
    assert_eq!(graph.type_of(y).unwrap().to_string(), "f32[?, ?, 8]");
    assert_eq!(
        names(&graph),
        [
            "block/attention/attention_output/bias f32[8]",
            "block/attention/attention_output/kernel f32[8, 8]",
            "block/attention/key/bias f32[8]",
            "block/attention/key/kernel f32[8, 8]",
            "block/attention/query/bias f32[8]",
            "block/attention/query/kernel f32[8, 8]",
            "block/attention/value/bias f32[8]",
            "block/attention/value/kernel f32[8, 8]",
            "block/attention_norm/beta f32[8]",
            "block/attention_norm/gamma f32[8]",
            "block/mlp_hidden/bias f32[32]",
            "block/mlp_hidden/kernel f32[8, 32]",
            "block/mlp_norm/beta f32[8]",
            "block/mlp_norm/gamma f32[8]",
            "block/mlp_output/bias f32[8]",
            "block/mlp_output/kernel f32[32, 8]",
        ]
    );
    let error = TransformerBlock::new(3).build(&mut graph, "uneven", x).unwrap_err().to_string();
    assert!(error.ends_with("a width of 8 is not shared evenly by 3 heads; take a divisor"), "{error}");
}

#[test]
fn attention_attends_to_other_values() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None, Some(5), Some(8)]).unwrap();
    let values = graph.placeholder("values", DType::F32, [None, Some(7), Some(6)]).unwrap().output();
    let mask = graph.placeholder("mask", DType::Bool, [None, Some(7)]).unwrap().output();
    let attention = MultiHeadAttention { value_depth: Some(3), bias: None, ..MultiHeadAttention::new(2, 4) };
    let y = attention.attend(&mut graph, "attention", x, Attended { values, mask: Some(mask) }).unwrap();
    assert_eq!(graph.type_of(y).unwrap().to_string(), "f32[?, 5, 8]");
    assert_eq!(
        names(&graph),
        [
            "attention/attention_output/kernel f32[6, 8]",
            "attention/key/kernel f32[6, 8]",
            "attention/query/kernel f32[8, 8]",
            "attention/value/kernel f32[6, 6]",
        ]
    );
}

#[test]
fn embeddings_are_found_by_index_and_by_place() {
    let mut graph = Graph::new();
    let words = graph.placeholder("words", DType::I64, [None, Some(5)]).unwrap();
    let vectors = Embedding::new(10, 4).build(&mut graph, "words_", words).unwrap();
    assert_eq!(graph.type_of(vectors).unwrap().to_string(), "f32[?, 5, 4]");
    for length in [5, 9] {
        let placed = PositionalEmbedding::new(length).build(&mut graph, &format!("places_{length}"), vectors).unwrap();
        assert_eq!(graph.type_of(placed).unwrap().to_string(), "f32[?, 5, 4]");
    }
    let error = PositionalEmbedding::new(4).build(&mut graph, "few", vectors).unwrap_err().to_string();
    assert!(error.ends_with("the layer takes [batch, length, width], both known and the length 4 at most"), "{error}");
}
