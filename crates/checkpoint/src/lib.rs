//! A checkpoint saver for named tensors: atomic, verified, in the background, the last few kept.
#![doc = include_str!("../README.md")]

mod codec;
mod directory;
mod format;
mod native;
mod platform;
mod saver;

pub use format::{Contents, Format};
pub use native::Native;
pub use saver::{Options, Saver, Writing};
