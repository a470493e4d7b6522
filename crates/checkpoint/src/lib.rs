//! A checkpoint saver for named tensors: atomic, verified, in the background, the last few kept.
#![doc = include_str!("../README.md")]

mod codec;
mod directory;
mod files;
mod format;
mod local;
mod name;
mod native;
mod platform;
mod saver;
mod storage;

pub use files::{Draft, Files, read, write};
pub use format::{Contents, Description, Format, Manifest};
pub use local::Local;
pub use native::Native;
pub use saver::{Options, Saver, Writing};
pub use storage::{Claim, Listed, Output, Storage, Stored};
