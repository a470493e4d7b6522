//! Host tensors; named sets of them that can be listed, read, assigned and saved; the error type.
#![doc = include_str!("../README.md")]

mod cast;
mod convert;
mod copy;
mod dtype;
mod encoding;
mod error;
mod half;
mod memory;
#[cfg(feature = "ndarray")]
mod ndarray;
mod prefixed;
mod save;
mod shape;
mod snapshot;
mod storage;
mod tensor;
mod variables;

pub use copy::{CopyReport, CopyRules, compare, copy};
pub use dtype::{DType, Element};
pub use encoding::{ByteOrder, Encoding};
pub use error::{Error, ErrorKind, Result};
pub use half::{Bf16, F16};
pub use prefixed::Prefixed;
pub use save::{Checkpoint, Save, Saving, Which};
pub use shape::Shape;
pub use snapshot::Snapshot;
pub use storage::Shared;
pub use tensor::Tensor;
pub use variables::{Spec, Variables, VariablesMut};
