//! The facade: scaffold, chief and worker, `train`.
#![doc = include_str!("../README.md")]

mod announced;
mod chief;
mod options;
mod restore;
mod scaffold;
mod train;
mod worker;

pub use chief::Chief;
pub use options::TrainOptions;
pub use restore::restore;
pub use scaffold::{InitFn, Scaffold};
pub use train::train;
pub use worker::Worker;
