//! The safetensors format: named tensors and a training step, written and read.
#![doc = include_str!("../README.md")]

mod codec;
mod dtype;
mod format;
mod header;

pub use codec::{read, write};
pub use format::Safetensors;

/// The error for a file that is not as the format says.
fn fault(message: impl Into<String>) -> everstep_tensor::Error {
    everstep_tensor::Error::new(everstep_tensor::ErrorKind::DataLoss, message)
}
