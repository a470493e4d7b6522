//! A small perceptron to train, and what to feed it.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Input, Output};
use everstep_nn::{Activation, Dense, Layer, accuracy, sparse_softmax_cross_entropy};
use everstep_optim::{Optimizer, TrainOp, create_train_op};
use everstep_session::{Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};

/// A perceptron 5-`hidden`-`hidden`-3.
pub(crate) struct Mlp {
    pub(crate) graph: Arc<Graph>,
    pub(crate) images: Input,
    pub(crate) labels: Input,
    pub(crate) loss: Output,
    pub(crate) accuracy: Output,
    pub(crate) train: TrainOp,
}

impl Mlp {
    pub(crate) fn new(optimizer: &dyn Optimizer, hidden: usize) -> Self {
        let mut graph = Graph::new();
        let images = graph.placeholder("images", DType::F32, [None, Some(5)]).unwrap();
        let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
        let relu = Dense { activation: Activation::Relu, ..Dense::new(hidden) };
        let features = relu.build(&mut graph, "hidden", images).unwrap();
        let features = relu.build(&mut graph, "top", features).unwrap();
        let logits = Dense::new(3).build(&mut graph, "logits", features).unwrap();
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels).unwrap();
        let accuracy = accuracy(&mut graph, logits, labels).unwrap();
        let train = create_train_op(&mut graph, loss, optimizer).unwrap();
        Self { graph: Arc::new(graph), images, labels, loss, accuracy, train }
    }

    pub(crate) fn open(&self, threads: usize) -> GraphSession {
        let config = SessionConfig { intra_op_threads: threads, seed: 7, ..SessionConfig::default() };
        GraphSession::new(self.graph.clone(), &config).unwrap()
    }

    pub(crate) fn ready(&self, threads: usize) -> GraphSession {
        let mut session = self.open(threads);
        session.initialize(Scope::Global).unwrap();
        session
    }

    /// A batch of `rows` examples, another one for each position.
    pub(crate) fn feeds(&self, rows: usize, position: u64) -> Vec<(Input, Tensor)> {
        let label = |row: usize| (row + position as usize) % 3;
        let pixel = |index: usize| ((index * 37 + position as usize * 11) % 17) as f32 / 17.0 + label(index / 5) as f32;
        let images = Tensor::from_vec([rows, 5], (0..rows * 5).map(pixel).collect()).unwrap();
        let labels = Tensor::from_vec([rows], (0..rows).map(|row| label(row) as i64).collect()).unwrap();
        vec![(self.images, images), (self.labels, labels)]
    }

    pub(crate) fn step(&self, rows: usize, position: u64) -> Request<Output, Input> {
        Request { feeds: self.feeds(rows, position), ..Request::train(vec![self.train.output]) }
    }
}
