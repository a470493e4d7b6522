//! The one error that ends a writer, told to everyone who asks.

use std::{
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

/// The first error of the thread that writes, and whether somebody has been told.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    error: OnceLock<io::Error>,
    told: AtomicBool,
}

impl Failure {
    /// Keeps the error, unless there is an earlier one.
    pub(crate) fn set(&self, error: io::Error) {
        // A later error follows from the first, which is the one to mend.
        let _ = self.error.set(error);
    }

    /// Tells the error, if there is one.
    pub(crate) fn check(&self) -> io::Result<()> {
        let Some(error) = self.error.get() else { return Ok(()) };
        self.told.store(true, Ordering::Relaxed);
        Err(io::Error::new(error.kind(), error.to_string()))
    }

    /// The error, if there is one and nobody was told.
    pub(crate) fn untold(&self) -> Option<&io::Error> {
        self.error.get().filter(|_| !self.told.load(Ordering::Relaxed))
    }
}
