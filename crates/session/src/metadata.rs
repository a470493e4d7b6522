//! What an engine tells of a run that was traced.

use std::time::Duration;

use everstep_tensor::{DType, Shape};

/// What an engine tells of a run that was traced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunMetadata {
    /// The kernels that ran, in order of their start.
    pub kernels: Vec<KernelStats>,
    /// The most bytes of tensors that the session held at once for the run: variables with their second buffers, the
    /// memory of intermediate results, fetched results.
    pub peak_bytes: u64,
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
    /// What it wrote: its results, or the variables it updated.
    pub outputs: Vec<OutputStats>,
    /// Bytes of what it wrote.
    pub bytes: u64,
    /// Bytes of intermediate results that were needed while it ran, its own among them.
    pub live_bytes: u64,
}

/// A tensor that a kernel wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputStats {
    /// The type of its elements.
    pub dtype: DType,
    /// The lengths of its axes.
    pub shape: Shape,
}
