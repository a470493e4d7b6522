//! The laws of Everstep's traits as functions, scripted sessions, a virtual clock and generators.
#![doc = include_str!("../README.md")]

mod clock;
pub mod generate;
pub mod laws;
mod memory_save;
mod recorder;
mod scripted;

pub use clock::VirtualClock;
pub use memory_save::MemorySave;
pub use recorder::{Call, Calls, Recorder};
pub use scripted::{Fault, Fetch, Input, Scripted, Server};
