//! Why a kernel did not run.

use std::{error::Error, fmt};

/// A refusal by a kernel: its inputs, outputs or attributes do not fit; nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelError(String);

impl KernelError {
    /// An error with a message for people: lower case, naming the thing, the value and the remedy.
    pub fn new(message: impl Into<String>) -> Self {
        KernelError(message.into())
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for KernelError {}
