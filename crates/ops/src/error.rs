//! Why a kernel did not run.

use std::{error::Error, fmt};

/// A refusal by a kernel: its inputs, outputs or attributes do not fit, or numbers that it checks are not finite;
/// nothing was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KernelError {
    message: String,
    is_divergence: bool,
}

impl KernelError {
    /// An error with a message for people: lower case, naming the thing, the value and the remedy.
    pub fn new(message: impl Into<String>) -> Self {
        KernelError { message: message.into(), is_divergence: false }
    }

    /// The same for a call that is in order, but whose numbers are not finite.
    pub fn divergence(message: impl Into<String>) -> Self {
        KernelError { message: message.into(), is_divergence: true }
    }

    /// Whether the call is in order, but its numbers are not finite.
    pub fn is_divergence(&self) -> bool {
        self.is_divergence
    }
}

impl fmt::Display for KernelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for KernelError {}
