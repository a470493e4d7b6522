//! A line fitted by the graph engine: the smallest real training, for tests of what is around it.

use std::sync::Arc;

use everstep_graph::{Graph, Initializer, Input, Output};
use everstep_hooks::Feed;
use everstep_nn::mean_squared_error;
use everstep_optim::{Sgd, TrainOpOptions, create_train_op_with};
use everstep_tensor::{DType, Result, Tensor};

/// What one step is fed.
pub(crate) type Feeds = Vec<(Input, Tensor)>;

/// `y = weight x + bias`; both variables begin at zero.
pub(crate) struct Regression {
    pub(crate) graph: Arc<Graph>,
    pub(crate) x: Input,
    pub(crate) y: Input,
    pub(crate) loss: Output,
    pub(crate) gradient_norm: Output,
    pub(crate) train_op: Output,
}

impl Regression {
    pub(crate) fn new() -> Self {
        Self::with_learning_rate(0.1)
    }

    pub(crate) fn with_learning_rate(learning_rate: f64) -> Self {
        Self::build(learning_rate).expect("the graph is in order")
    }

    fn build(learning_rate: f64) -> Result<Self> {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None])?;
        let y = graph.placeholder("y", DType::F32, [None])?;
        let weight = graph.variable("weight", DType::F32, [], Initializer::ZEROS)?;
        let bias = graph.variable("bias", DType::F32, [], Initializer::ZEROS)?;
        let product = graph.mul(x, weight)?;
        let predicted = graph.add(product, bias)?;
        let loss = mean_squared_error(&mut graph, predicted, y)?;
        // What is not finite is left to a guard.
        let unchecked = TrainOpOptions { check_numerics: false, ..TrainOpOptions::default() };
        let train = create_train_op_with(&mut graph, loss, &Sgd { learning_rate: learning_rate.into() }, unchecked)?;
        let (gradient_norm, train_op) = (train.gradient_norm, train.output);
        Ok(Self { graph: Arc::new(graph), x, y, loss, gradient_norm, train_op })
    }

    /// Four points of `y = 3 x + 0.5` at each position.
    pub(crate) fn points(&self, position: u64) -> Result<Feeds> {
        let x: Vec<f32> = (0..4).map(|point| ((position * 4 + point) * 7 % 11) as f32 / 5.0 - 1.0).collect();
        let y = x.iter().map(|x| 3.0 * x + 0.5).collect();
        Ok(vec![(self.x, Tensor::from_vec([4], x)?), (self.y, Tensor::from_vec([4], y)?)])
    }

    pub(crate) fn feed(&self) -> Feed<impl FnMut(u64) -> Result<Feeds>> {
        Feed::new("feed", |position| self.points(position))
    }
}
