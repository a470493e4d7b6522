//! The error that a writer has, told to everyone who asks.

use std::io;

/// Why nothing is written at present, and whether somebody has been told.
#[derive(Debug)]
pub(crate) struct Failure {
    error: io::Error,
    /// What the user can do.
    remedy: &'static str,
    told: bool,
}

impl Failure {
    /// One after which writing goes on, once its cause is gone.
    pub(crate) fn passing(error: io::Error) -> Self {
        Self { error, remedy: "mend that, and what waits is written", told: false }
    }

    /// One after which nothing is written any more.
    pub(crate) fn lasting(error: io::Error) -> Self {
        Self { error, remedy: "mend that and make another writer", told: false }
    }

    /// The error, for somebody who is told by it.
    pub(crate) fn tell(&mut self, path: &std::path::Path) -> io::Error {
        self.told = true;
        let message = format!("cannot write events to `{}`: {}; {}", path.display(), self.error, self.remedy);
        io::Error::new(self.error.kind(), message)
    }

    pub(crate) fn is_told(&self) -> bool {
        self.told
    }
}
