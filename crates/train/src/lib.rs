//! The facade: scaffold, chief and worker, `train`.
#![doc = include_str!("../README.md")]

mod announced;
mod checkpoints;
mod chief;
mod evaluation;
mod metadata;
mod monitored_training_session;
mod options;
mod readiness;
mod restore;
mod scaffold;
mod train;
mod warm_start;
mod worker;

pub use checkpoints::{Checkpoints, CheckpointsOptions, checkpoints, wait_for_new_checkpoint};
pub use chief::Chief;
pub use evaluation::{EvaluateOptions, evaluate_once, evaluate_repeatedly};
pub use monitored_training_session::{MonitoredTrainingSession, Role};
pub use options::TrainOptions;
pub use restore::restore;
pub use scaffold::{CheckFn, InitFn, Scaffold};
pub use train::train;
pub use warm_start::WarmStart;
pub use worker::Worker;
