//! What an engine tells of a run that was traced.

use std::time::Duration;

/// What an engine tells of a run that was traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunMetadata {
    /// The kernels that ran, in order of their start.
    pub kernels: Vec<KernelStats>,
}

/// One kernel of a traced run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelStats {
    /// The node of the model it computed.
    pub node: String,
    /// The kernel's name.
    pub kernel: String,
    /// The thread that ran it, counted from 0.
    pub thread: u64,
    /// When it began, from the start of the run.
    pub start: Duration,
    /// How long it took.
    pub elapsed: Duration,
    /// Bytes of its results.
    pub bytes: u64,
}
