//! A checkpoint saver for named tensors: atomic, verified, in the background, a chosen few kept.
#![doc = include_str!("../README.md")]

mod codec;
mod commit;
mod directory;
mod fact;
mod files;
mod format;
mod keep;
mod kept;
mod local;
mod name;
mod native;
mod options;
mod platform;
mod queue;
mod report;
mod retention;
mod saver;
mod state;
mod storage;
mod tensors;

pub use files::{Draft, Files, load, read, write};
pub use format::{Contents, Description, Format, Manifest};
pub use keep::{Better, Keep};
pub use kept::Kept;
pub use local::Local;
pub use native::Native;
pub use options::{Options, Overlap, Writing};
pub use report::{SaveReport, Saved};
pub use saver::Saver;
pub use storage::{Claim, Listed, Output, Storage, Stored};
