//! Optimizers and the train op as rewrites of an Everstep graph.
#![doc = include_str!("../README.md")]

mod accumulation;
mod adafactor;
mod adagrad;
mod adam;
mod adamw;
mod apply;
mod clip;
mod global_norm;
mod gradient_summaries;
mod hyperparameters;
mod lamb;
mod learning_rate;
mod lion;
mod loss_scale;
mod mask;
mod moments;
mod momentum;
mod moving_average;
mod multiply;
mod optimizer;
mod parameter_groups;
mod rms_prop;
mod schedule;
mod schedules;
mod sgd;
mod slot;
mod train_op;
mod train_op_options;
mod updating;

pub use adafactor::Adafactor;
pub use adagrad::Adagrad;
pub use adam::Adam;
pub use adamw::AdamW;
pub use clip::{
    clip_by_global_norm, clip_by_global_norm_fn, clip_gradient_norms, clip_gradient_norms_fn, clip_gradient_values,
    clip_gradient_values_fn,
};
pub use global_norm::global_norm;
pub use gradient_summaries::add_gradients_summaries;
pub use lamb::Lamb;
pub use learning_rate::LearningRate;
pub use lion::Lion;
pub use loss_scale::LossScale;
pub use mask::Mask;
pub use momentum::Momentum;
pub use moving_average::{ExponentialMovingAverage, averaged, averages_to_restore};
pub use multiply::multiply_gradients;
pub use optimizer::Optimizer;
pub use parameter_groups::ParameterGroups;
pub use rms_prop::RmsProp;
pub use schedule::Schedule;
pub use schedules::{
    Anneal, CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, Join, LinearWarmup, NaturalExpDecay,
    OneCycle, PiecewiseConstantDecay, PolynomialDecay, Product,
};
pub use sgd::Sgd;
pub use train_op::{TrainOp, create_train_op, create_train_op_with};
pub use train_op_options::{TrainOpOptions, TransformGradients, VariableGradient};
