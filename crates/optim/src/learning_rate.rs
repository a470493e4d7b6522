//! How far a step goes.

use std::sync::Arc;

use everstep_graph::{Graph, Output};
use everstep_tensor::{DType, Result};

use crate::Schedule;

/// The learning rate of an optimizer: a number, a [`Schedule`] of the global step, or a value of the graph.
///
/// ```
/// use everstep_graph::{Graph, PartialShape};
/// use everstep_optim::{Adam, CosineDecay, Sgd};
/// use everstep_tensor::DType;
///
/// let constant = Sgd { learning_rate: 0.1.into() };
/// let scheduled = Adam { learning_rate: CosineDecay::new(0.01, 1000).into(), ..Adam::default() };
/// let mut graph = Graph::new();
/// let fed = graph.placeholder("rate", DType::F32, PartialShape::SCALAR)?;
/// let given = Sgd { learning_rate: fed.output().into() };
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Debug)]
pub enum LearningRate {
    /// The same number at every step.
    Constant(f64),
    /// A function of the global step.
    Schedule(Arc<dyn Schedule>),
    /// A float scalar of the graph that is trained.
    Value(Output),
}

impl LearningRate {
    /// Adds the learning rate at `step`, a scalar of f64, to a graph: a scalar of f64.
    ///
    /// # Errors
    /// `InvalidArgument` naming what is wrong with a schedule, or if a value is of another graph.
    #[track_caller]
    pub fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        match self {
            Self::Constant(rate) => graph.scalar("rate", DType::F64, *rate),
            Self::Schedule(schedule) => schedule.at(graph, step),
            Self::Value(value) if graph.type_of(*value)?.dtype == DType::F64 => Ok(*value),
            Self::Value(value) => graph.cast(*value, DType::F64),
        }
    }
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        Self::Constant(rate)
    }
}

impl From<Output> for LearningRate {
    fn from(value: Output) -> Self {
        Self::Value(value)
    }
}

impl<S: Schedule + 'static> From<S> for LearningRate {
    fn from(schedule: S) -> Self {
        Self::Schedule(Arc::new(schedule))
    }
}
