//! What one run of a graph took.

use std::time::Duration;

/// What one run of a graph took, by device and node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunStats {
    /// The devices that took part.
    pub devices: Vec<DeviceStats>,
}

/// What a device did in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceStats {
    /// Its name, such as `/device:CPU:0`.
    pub name: String,
    /// The nodes it computed, in order of their start.
    pub nodes: Vec<NodeStats>,
}

/// What a node took in a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStats {
    /// The name of the node in the graph.
    pub name: String,
    /// What to call it in a timeline: in TensorFlow `name = Op(input, input)`.
    pub label: String,
    /// The thread that computed it.
    pub thread: u32,
    /// When it began, since 1970; kept to the nanosecond.
    pub start: Duration,
    /// How long it took; kept to the nanosecond.
    pub elapsed: Duration,
    /// Bytes that were allocated for it.
    pub bytes: u64,
    /// Bytes that were in use while it ran.
    pub live_bytes: u64,
    /// What it wrote.
    pub outputs: Vec<OutputStats>,
}

/// A result of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputStats {
    /// The type of its elements.
    pub element: Element,
    /// The lengths of its axes.
    pub shape: Vec<u64>,
    /// Its bytes.
    pub bytes: u64,
}

/// The type of an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Element {
    /// One that is not here.
    #[default]
    Other,
    /// A truth value.
    Bool,
    /// An unsigned byte.
    U8,
    /// A 32-bit integer.
    I32,
    /// A 64-bit integer.
    I64,
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// The upper half of single precision.
    Bf16,
    /// Half precision.
    F16,
    /// Bytes of any length.
    Bytes,
}
