//! One thing that is wrong, where, and what to do about it.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Printed as `path: what: remedy`.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    path: PathBuf,
    what: String,
    remedy: String,
}

impl Fault {
    /// A fault of the file at `path`.
    pub(super) fn new(path: impl AsRef<Path>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.as_ref().to_path_buf(), what: what.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.path.display(), self.what, self.remedy)
    }
}
