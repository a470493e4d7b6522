//! What a training engine promises: open, initialise, run a request, tell the global step.
#![doc = include_str!("../README.md")]

mod clock;
mod config;
#[cfg(feature = "serde")]
mod config_file;
mod connect;
mod deadline;
mod metadata;
mod request;
mod session;
mod stop;

pub use clock::{Clock, Monotonic};
pub use config::{GraphOptimization, Replica, SessionConfig};
pub use connect::{Connect, ConnectFn, connect_fn};
pub use deadline::Deadline;
pub use metadata::{KernelStats, OutputStats, RunMetadata};
pub use request::{Outcome, Purpose, Request, RunOptions};
pub use session::{Scope, Session};
pub use stop::Stop;
