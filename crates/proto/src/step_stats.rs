//! What a run of a graph took: TensorFlow's `step_stats.proto`, and `RunMetadata` of its `config.proto`.

use prost::Message;

use crate::{tensor_shape::TensorShapeProto, types::DataType};

/// What was measured of a run.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RunMetadata {
    /// Times and memory.
    #[prost(message, optional, tag = "1")]
    pub step_stats: Option<StepStats>,
}

/// Times and memory of a run.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct StepStats {
    /// Those of each device.
    #[prost(message, repeated, tag = "1")]
    pub dev_stats: Vec<DeviceStepStats>,
}

/// Times and memory of a device.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DeviceStepStats {
    /// Its name.
    #[prost(string, tag = "1")]
    pub device: String,
    /// Those of each node that it computed.
    #[prost(message, repeated, tag = "2")]
    pub node_stats: Vec<NodeExecStats>,
}

/// Times and memory of a node; relative times count from its start.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct NodeExecStats {
    /// Its name in the graph.
    #[prost(string, tag = "1")]
    pub node_name: String,
    /// When it was taken up, in microseconds since 1970.
    #[prost(int64, tag = "2")]
    pub all_start_micros: i64,
    /// When its kernel began.
    #[prost(int64, tag = "3")]
    pub op_start_rel_micros: i64,
    /// When its kernel ended.
    #[prost(int64, tag = "4")]
    pub op_end_rel_micros: i64,
    /// When it was done with.
    #[prost(int64, tag = "5")]
    pub all_end_rel_micros: i64,
    /// What was allocated.
    #[prost(message, repeated, tag = "6")]
    pub memory: Vec<AllocatorMemoryUsed>,
    /// What it wrote.
    #[prost(message, repeated, tag = "7")]
    pub output: Vec<NodeOutput>,
    /// What to call it in a timeline: `name = Op(input, input)`.
    #[prost(string, tag = "8")]
    pub timeline_label: String,
    /// When it could have begun, in microseconds since 1970.
    #[prost(int64, tag = "9")]
    pub scheduled_micros: i64,
    /// The thread that computed it.
    #[prost(uint32, tag = "10")]
    pub thread_id: u32,
    /// `all_start_micros` in nanoseconds.
    #[prost(int64, tag = "13")]
    pub all_start_nanos: i64,
    /// `op_start_rel_micros` in nanoseconds.
    #[prost(int64, tag = "14")]
    pub op_start_rel_nanos: i64,
    /// `op_end_rel_micros` in nanoseconds.
    #[prost(int64, tag = "15")]
    pub op_end_rel_nanos: i64,
    /// `all_end_rel_micros` in nanoseconds.
    #[prost(int64, tag = "16")]
    pub all_end_rel_nanos: i64,
    /// `scheduled_micros` in nanoseconds.
    #[prost(int64, tag = "17")]
    pub scheduled_nanos: i64,
}

/// What was allocated for a node by one allocator, in bytes.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AllocatorMemoryUsed {
    /// The name of the allocator.
    #[prost(string, tag = "1")]
    pub allocator_name: String,
    /// All that was allocated.
    #[prost(int64, tag = "2")]
    pub total_bytes: i64,
    /// The most at once.
    #[prost(int64, tag = "3")]
    pub peak_bytes: i64,
    /// What is still in use.
    #[prost(int64, tag = "4")]
    pub live_bytes: i64,
    /// What the allocator had given out in all.
    #[prost(int64, tag = "5")]
    pub allocator_bytes_in_use: i64,
}

/// A result of a node.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct NodeOutput {
    /// Which of its results.
    #[prost(int32, tag = "1")]
    pub slot: i32,
    /// What it is.
    #[prost(message, optional, tag = "3")]
    pub tensor_description: Option<TensorDescription>,
}

/// A tensor without its elements: TensorFlow's `tensor_description.proto`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct TensorDescription {
    /// The type of its elements.
    #[prost(enumeration = "DataType", tag = "1")]
    pub dtype: i32,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<TensorShapeProto>,
    /// Its memory.
    #[prost(message, optional, tag = "4")]
    pub allocation_description: Option<AllocationDescription>,
}

/// The memory of a tensor: TensorFlow's `allocation_description.proto`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AllocationDescription {
    /// The bytes it needs.
    #[prost(int64, tag = "1")]
    pub requested_bytes: i64,
    /// The bytes it got; 0 if that is not known.
    #[prost(int64, tag = "2")]
    pub allocated_bytes: i64,
    /// Who gave them.
    #[prost(string, tag = "3")]
    pub allocator_name: String,
}
