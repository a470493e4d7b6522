//! Optimizers and the train op as rewrites of an Everstep graph.
#![doc = include_str!("../README.md")]

mod adam;
mod apply;
mod clip;
mod global_norm;
mod gradient_summaries;
mod hyperparameters;
mod momentum;
mod multiply;
mod optimizer;
mod sgd;
mod slot;
mod train_op;
mod train_op_options;

pub use adam::Adam;
pub use clip::{clip_by_global_norm, clip_gradient_norms, clip_gradient_norms_fn};
pub use global_norm::global_norm;
pub use gradient_summaries::add_gradients_summaries;
pub use momentum::Momentum;
pub use multiply::multiply_gradients;
pub use optimizer::Optimizer;
pub use sgd::Sgd;
pub use train_op::{TrainOp, create_train_op, create_train_op_with};
pub use train_op_options::{TrainOpOptions, TransformGradients, VariableGradient};
