//! TensorFlow's checkpoint format, the tensor bundle, written and read without TensorFlow.
#![doc = include_str!("../README.md")]

mod block;
mod bundle;
mod checksum;
mod cursor;
mod dtype;
mod format;
mod index;
mod ordered_code;
mod slices;
mod state;
mod table;
mod writer;

pub use bundle::{Shard, read};
pub use format::TensorBundle;
pub use state::CheckpointState;
pub use writer::write;

use everstep_tensor::{Error, ErrorKind};

/// The error for a file that is not as the format says.
fn fault(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::DataLoss, message)
}
