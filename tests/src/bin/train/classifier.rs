//! What is trained: a model that classifies, its loss, and what it is judged by.

use everstep::{
    graph::{Graph, Input, Output},
    nn::{
        Layer, accuracy,
        metrics::{self, Metric},
        sparse_softmax_cross_entropy,
    },
    optim::{Adam, TrainOpOptions, create_train_op_with},
    prelude::{DType, Result},
};

use crate::{
    arguments::{Data, Model},
    cnn::cnn,
    perceptron::perceptron,
};

/// The model's graph, and its handles.
pub(crate) struct Classifier {
    pub(crate) graph: Graph,
    pub(crate) images: Input,
    pub(crate) labels: Input,
    pub(crate) loss: Output,
    /// Of one batch.
    pub(crate) accuracy: Output,
    /// Over all batches of a test.
    pub(crate) tested: Metric,
    pub(crate) train_op: Output,
    pub(crate) gradient_norm: Output,
}

impl Classifier {
    /// Pixels to ten classes; softmax cross-entropy by Adam.
    pub(crate) fn new(data: Data, model: Model) -> Result<Self> {
        let pixels: usize = match data {
            Data::Digits => 64,
            Data::FashionMnist => 784,
        };
        let layers = match model {
            Model::Perceptron => perceptron(data),
            Model::Cnn => cnn(data),
        };
        let mut graph = Graph::new();
        let images = graph.placeholder("images", DType::F32, [None, Some(pixels)])?;
        let labels = graph.placeholder("labels", DType::I64, [None])?;
        let logits = layers.call(&mut graph, images.into())?;
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels)?;
        let accuracy = accuracy(&mut graph, logits, labels)?;
        let tested = metrics::accuracy(&mut graph, "test", logits, labels, None)?;
        let adam = Adam { learning_rate: 0.001.into(), ..Adam::default() };
        // A loss that is not finite is left to the guard among the hooks.
        let unchecked = TrainOpOptions { check_numerics: false, ..TrainOpOptions::default() };
        let train = create_train_op_with(&mut graph, loss, &adam, unchecked)?;
        graph.summary_scalar("loss", loss)?;
        graph.summary_scalar("accuracy/train", accuracy)?;
        graph.summary_scalar("gradient_norm", train.gradient_norm)?;
        let (train_op, gradient_norm) = (train.output, train.gradient_norm);
        Ok(Self { graph, images, labels, loss, accuracy, tested, train_op, gradient_norm })
    }
}
