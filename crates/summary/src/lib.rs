//! A writer and reader of TensorBoard event files.
#![doc = include_str!("../README.md")]

mod decode;
mod encode;
mod failure;
mod file;
mod host;
mod reader;
pub mod record;
mod worker;
mod writer;

pub use file::event_files;
pub use reader::EventReader;
pub use writer::{EventWriter, Options};
