//! A writer and reader of TensorBoard event files.
#![doc = include_str!("../README.md")]

mod batch;
mod decode;
mod encode;
mod failure;
mod file;
mod follower;
mod history;
mod host;
mod kinds;
mod options;
mod png;
mod profile;
mod projector;
mod queue;
mod reader;
pub mod record;
mod runs;
mod wav;
mod worker;
mod writer;

pub use file::event_files;
pub use follower::Follower;
pub use history::History;
pub use options::{Options, WhenFull};
pub use profile::write_profile;
pub use projector::{Embedding, write_projector};
pub use reader::EventReader;
pub use runs::{Run, runs};
pub use writer::EventWriter;
