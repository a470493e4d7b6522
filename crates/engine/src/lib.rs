//! GraphSession: plans an Everstep graph, places it in memory and executes it on the CPU.
#![doc = include_str!("../README.md")]

mod arena;
mod cache;
mod code;
mod connect;
mod custom;
mod draft;
mod execute;
mod feeds;
mod initial;
mod liveness;
mod lower;
mod memory;
mod orthogonal;
mod place;
mod plan;
mod session;
mod shapes;
mod variables;
mod view;
mod watch;

/// The kernels and their seam, for those who bring their own.
pub use everstep_ops as ops;

pub use connect::connect;
pub use custom::{CustomOp, custom};
pub use session::GraphSession;
