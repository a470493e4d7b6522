//! The model, which declares what it says about itself.

use everstep::{
    graph::{Graph, Input, Output},
    nn::{Activation, Dense, Kernel, Layer, accuracy, sparse_softmax_cross_entropy},
    optim::{Adam, TrainOpOptions, create_train_op_with},
    prelude::{DType, Result},
};

/// A perceptron of one hidden layer, and its handles.
pub(crate) struct Model {
    pub(crate) graph: Graph,
    pub(crate) images: Input,
    pub(crate) labels: Input,
    pub(crate) train_op: Output,
    pub(crate) hidden: Output,
    pub(crate) probabilities: Output,
    pub(crate) accuracy: Output,
}

impl Model {
    pub(crate) fn new(width: usize, learning_rate: f64) -> Result<Self> {
        let mut graph = Graph::new();
        let images = graph.placeholder("images", DType::F32, [None, Some(64)])?;
        let labels = graph.placeholder("labels", DType::I64, [None])?;
        let dense = Dense { activation: Activation::Relu, kernel: Kernel::HeNormal, ..Dense::new(width) };
        let hidden = dense.build(&mut graph, "hidden", images)?;
        let logits = Dense::new(10).build(&mut graph, "logits", hidden)?;
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels)?;
        let accuracy = accuracy(&mut graph, logits, labels)?;
        let probabilities = graph.softmax(logits)?;
        let options = TrainOpOptions { summarize_gradients: true, ..TrainOpOptions::default() };
        let adam = Adam { learning_rate: learning_rate.into(), ..Adam::default() };
        let train = create_train_op_with(&mut graph, loss, &adam, options)?;
        graph.summary_scalar("loss", loss)?;
        graph.summary_scalar("accuracy/train", accuracy)?;
        graph.summary_histogram("hidden/activation", hidden)?;
        graph.summary_weights()?;
        graph.scope("confidence", |graph| {
            let predicted = graph.arg_max(logits, 1)?;
            let is_right = graph.equal(predicted, labels)?;
            let surest = graph.max(probabilities, [1])?;
            graph.summary_pr_curve("of_the_right", is_right, surest, 101)
        })?;
        graph.summary_tensor("logits/first_rows", logits)?;
        Ok(Self { graph, images, labels, train_op: train.output, hidden, probabilities, accuracy })
    }
}
