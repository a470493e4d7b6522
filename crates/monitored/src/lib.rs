//! The loop driver: sessions that call hooks, save, recover when a session is lost, and stop cleanly.
#![doc = include_str!("../README.md")]

mod coordinator;
mod create;
mod hooks;
mod monitored;
mod recovery;
mod step;
mod step_fn;
mod stopwatch;
mod union;

pub use coordinator::Coordinator;
pub use create::{Attempt, Create, Created};
pub use monitored::{Monitored, Options, Ran};
pub use recovery::Recovery;
pub use step_fn::StepContext;
pub use union::Union;
