//! What a run says about itself, as plain data, and where it may go.
#![doc = include_str!("../README.md")]

mod event;
mod memory;
mod sink;
mod tee;

pub use event::{Event, What};
pub use memory::Memory;
pub use sink::EventSink;
pub use tee::Tee;
