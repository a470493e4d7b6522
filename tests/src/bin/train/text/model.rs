//! The model: a transformer that predicts the next character.

use everstep::{
    graph::{Graph, Input, Output},
    nn::{Dense, Embedding, Layer, LayerNorm, PositionalEmbedding, TransformerBlock, sparse_softmax_cross_entropy},
    optim::{AdamW, Mask, TrainOpOptions, clip_by_global_norm, create_train_op_with},
    prelude::{DType, Result},
};

use super::arguments::Arguments;

/// All gradients together are at most so long.
const MAX_NORM: f64 = 1.0;

/// The model's graph, and its handles.
pub(crate) struct Model {
    pub(crate) graph: Graph,
    /// Characters seen, `[pieces, context]`.
    pub(crate) seen: Input,
    /// The character after each of them, one after the other.
    pub(crate) next: Input,
    /// What is predicted for each of them, `[pieces context, alphabet]`.
    pub(crate) logits: Output,
    /// The mean over them in nats.
    pub(crate) loss: Output,
    pub(crate) train_op: Output,
    pub(crate) gradient_norm: Output,
}

impl Model {
    /// Characters and places as vectors, through blocks, to a prediction for each place; cross-entropy by AdamW.
    pub(crate) fn new(arguments: &Arguments, alphabet: usize) -> Result<Self> {
        let Arguments { layers, width, heads, context, .. } = *arguments;
        let mut graph = Graph::new();
        let seen = graph.placeholder("seen", DType::I32, [None, Some(context)])?;
        let next = graph.placeholder("next", DType::I32, [None])?;
        let characters = Embedding::new(alphabet, width).build(&mut graph, "characters", seen)?;
        let mut layer = PositionalEmbedding::new(context).build(&mut graph, "places", characters)?;
        for index in 1..=layers {
            layer = TransformerBlock::new(heads).build(&mut graph, &format!("block_{index}"), layer)?;
        }
        let layer = LayerNorm { epsilon: 1e-5, ..LayerNorm::default() }.build(&mut graph, "norm", layer)?;
        let rows = graph.reshape(layer, [-1, width as isize])?;
        let logits = Dense::new(alphabet).build(&mut graph, "logits", rows)?;
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, next)?;
        // Weights and embeddings decay; biases and scales do not.
        let adam = AdamW { decay_mask: Mask::rank_at_least(2), ..AdamW::default() };
        let options = TrainOpOptions {
            // A loss that is not finite is left to the guard among the hooks.
            check_numerics: false,
            transform_grads_fn: Some(Box::new(|graph, gradients| {
                clip_by_global_norm(graph, &gradients, MAX_NORM).map(|(clipped, _)| clipped)
            })),
            ..TrainOpOptions::default()
        };
        let train = create_train_op_with(&mut graph, loss, &adam, options)?;
        graph.summary_scalar("loss", loss)?;
        graph.summary_scalar("gradient_norm", train.gradient_norm)?;
        let (train_op, gradient_norm) = (train.output, train.gradient_norm);
        Ok(Self { graph, seen, next, logits, loss, train_op, gradient_norm })
    }
}
