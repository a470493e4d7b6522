//! The tensors of PyTorch .pt files, read without executing their pickle.
#![doc = include_str!("../README.md")]

mod archive;
mod flatten;
mod global;
mod pickle;
mod rebuild;
mod value;

pub use flatten::read;

use everstep_tensor::{Error, ErrorKind};

/// The error for a file that is not as the format says.
fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::DataLoss, message)
}

/// The error for a file that may be in order, but is no state dictionary.
fn unknown(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::FailedPrecondition, message)
}
