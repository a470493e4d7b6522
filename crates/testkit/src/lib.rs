//! The laws of Everstep's traits as functions, scripted sessions, a virtual clock, a disk that fails and generators.
#![doc = include_str!("../README.md")]

mod clock;
mod disk;
pub mod generate;
pub mod laws;
mod memory_save;
mod recorder;
mod scripted;

pub use clock::VirtualClock;
pub use disk::{Crashes, Disk};
pub use memory_save::MemorySave;
pub use recorder::{Call, Calls, Recorder};
pub use scripted::{Fault, Fetch, Input, Scripted, Server};
