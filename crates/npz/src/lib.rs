//! NumPy's .npz files: named tensors, written and read.
#![doc = include_str!("../README.md")]

mod archive;
mod codec;
mod format;
mod literal;
mod npy;

pub use codec::{read, write};
pub use format::Npz;

use everstep_tensor::{Error, ErrorKind};

/// The error for a file that is not as the format says.
fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::DataLoss, message)
}
