//! A training-loop runtime: hooks, checkpoints, summaries and exact resume around one train op.
#![doc = include_str!("../README.md")]

pub use everstep_checkpoint as checkpoint;
pub use everstep_data as data;
pub use everstep_engine as engine;
pub use everstep_event as event;
pub use everstep_graph as graph;
pub use everstep_hook as hook;
pub use everstep_hooks as hooks;
pub use everstep_monitored as monitored;
pub use everstep_nn as nn;
pub use everstep_ops as ops;
pub use everstep_optim as optim;
pub use everstep_session as session;
pub use everstep_summary as summary;
pub use everstep_tensor as tensor;
pub use everstep_train as train;

pub mod prelude {
    //! What most trainings name.
    pub use everstep_checkpoint::Saver;
    pub use everstep_data::{Dataset, Loader, LoaderOptions};
    pub use everstep_engine::{GraphSession, connect};
    pub use everstep_event::{Event, EventSink};
    pub use everstep_graph::Graph;
    pub use everstep_hook::{AfterRun, BeforeRun, Every, Hook, Start};
    pub use everstep_hooks::{CheckpointSaver, Feed, LogValues, NanGuard, StopAtStep};
    pub use everstep_nn::{Activation, Dense, Kernel, Layer, Sequential, accuracy, sparse_softmax_cross_entropy};
    pub use everstep_optim::{Adam, Momentum, Sgd, create_train_op};
    pub use everstep_session::{Session, SessionConfig};
    pub use everstep_summary::EventWriter;
    pub use everstep_tensor::{DType, Error, ErrorKind, Result, Save, Tensor, Variables, VariablesMut};
    pub use everstep_train::{Scaffold, TrainOptions, WarmStart, train};
}
