//! Optimizers and the train op as rewrites of an Everstep graph.
#![doc = include_str!("../README.md")]

mod adam;
mod global_norm;
mod hyperparameters;
mod momentum;
mod optimizer;
mod sgd;
mod slot;
mod train_op;

pub use adam::Adam;
pub use global_norm::global_norm;
pub use momentum::Momentum;
pub use optimizer::Optimizer;
pub use sgd::Sgd;
pub use train_op::{TrainOp, create_train_op, create_train_op_for};
