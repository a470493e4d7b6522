//! A writer and reader of TensorBoard event files.
#![doc = include_str!("../README.md")]

mod decode;
mod encode;
mod failure;
mod file;
mod follower;
mod history;
mod host;
mod kinds;
mod png;
mod reader;
pub mod record;
mod runs;
mod wav;
mod worker;
mod writer;

pub use file::event_files;
pub use follower::Follower;
pub use history::History;
pub use reader::EventReader;
pub use runs::{Run, runs};
pub use writer::{EventWriter, Options};
