//! The model: a multilayer perceptron that classifies.

use everstep::{
    graph::{Graph, Input, Output},
    nn::{Activation, Dense, Kernel, Layer, accuracy, sparse_softmax_cross_entropy},
    optim::{Adam, TrainOpOptions, create_train_op_with},
    prelude::{DType, Result},
};

use crate::arguments::Data;

/// The model's graph, and its handles.
pub(crate) struct Perceptron {
    pub(crate) graph: Graph,
    pub(crate) images: Input,
    pub(crate) labels: Input,
    pub(crate) loss: Output,
    pub(crate) accuracy: Output,
    pub(crate) train_op: Output,
    pub(crate) gradient_norm: Output,
}

impl Perceptron {
    /// `pixels` to ten classes, through layers of rectified units; softmax cross-entropy by Adam.
    pub(crate) fn new(data: Data) -> Result<Self> {
        let (pixels, hidden): (usize, &[usize]) = match data {
            Data::Digits => (64, &[128, 128]),
            Data::FashionMnist => (784, &[512, 512]),
        };
        let mut graph = Graph::new();
        let images = graph.placeholder("images", DType::F32, [None, Some(pixels)])?;
        let labels = graph.placeholder("labels", DType::I64, [None])?;
        let mut layer: Output = images.into();
        for (index, units) in hidden.iter().enumerate() {
            let dense = Dense { activation: Activation::Relu, kernel: Kernel::HeNormal, ..Dense::new(*units) };
            layer = dense.build(&mut graph, &format!("hidden_{}", index + 1), layer)?;
        }
        let logits = Dense::new(10).build(&mut graph, "logits", layer)?;
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels)?;
        let accuracy = accuracy(&mut graph, logits, labels)?;
        let adam = Adam { learning_rate: 0.001, ..Adam::default() };
        // A loss that is not finite is left to the guard among the hooks.
        let unchecked = TrainOpOptions { check_numerics: false, ..TrainOpOptions::default() };
        let train = create_train_op_with(&mut graph, loss, &adam, unchecked)?;
        graph.summary_scalar("loss", loss)?;
        graph.summary_scalar("accuracy/train", accuracy)?;
        graph.summary_scalar("gradient_norm", train.gradient_norm)?;
        let (train_op, gradient_norm) = (train.output, train.gradient_norm);
        Ok(Self { graph, images, labels, loss, accuracy, train_op, gradient_norm })
    }
}
