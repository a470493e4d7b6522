//! What a run of a graph took, as TensorBoard's graph page reads it.

use std::time::Duration;

use everstep_event::{DeviceStats, Element, NodeStats, OutputStats, RunStats};
use everstep_proto::{
    DecodeError, Message,
    step_stats::{
        AllocationDescription, AllocatorMemoryUsed, DeviceStepStats, NodeExecStats, NodeOutput, RunMetadata, StepStats,
        TensorDescription,
    },
    types::DataType,
};

pub(crate) fn encode(stats: &RunStats) -> Vec<u8> {
    let step_stats = Some(StepStats { dev_stats: stats.devices.iter().map(device).collect() });
    RunMetadata { step_stats }.encode_to_vec()
}

fn device(device: &DeviceStats) -> DeviceStepStats {
    let node_stats = device.nodes.iter().map(|stats| node(&device.name, stats)).collect();
    DeviceStepStats { device: device.name.clone(), node_stats }
}

fn node(device: &str, stats: &NodeStats) -> NodeExecStats {
    let (start, elapsed) = (stats.start, stats.elapsed);
    NodeExecStats {
        node_name: stats.name.clone(),
        all_start_micros: signed(start.as_micros()),
        op_start_rel_micros: 0,
        op_end_rel_micros: signed(elapsed.as_micros()),
        all_end_rel_micros: signed(elapsed.as_micros()),
        memory: vec![AllocatorMemoryUsed {
            allocator_name: device.to_owned(),
            total_bytes: signed(stats.bytes.into()),
            peak_bytes: signed(stats.bytes.into()),
            live_bytes: 0,
            allocator_bytes_in_use: signed(stats.live_bytes.into()),
        }],
        output: stats.outputs.iter().zip(0..).map(|(stats, slot)| output(device, slot, stats)).collect(),
        timeline_label: stats.label.clone(),
        scheduled_micros: signed(start.as_micros()),
        thread_id: stats.thread,
        all_start_nanos: signed(start.as_nanos()),
        op_start_rel_nanos: 0,
        op_end_rel_nanos: signed(elapsed.as_nanos()),
        all_end_rel_nanos: signed(elapsed.as_nanos()),
        scheduled_nanos: signed(start.as_nanos()),
    }
}

fn output(device: &str, slot: i32, stats: &OutputStats) -> NodeOutput {
    let bytes = signed(stats.bytes.into());
    let allocation_description = Some(AllocationDescription {
        requested_bytes: bytes,
        allocated_bytes: bytes,
        allocator_name: device.to_owned(),
    });
    let description = TensorDescription {
        dtype: dtype(stats.element) as i32,
        shape: super::shape(stats.shape.iter().copied()),
        allocation_description,
    };
    NodeOutput { slot, tensor_description: Some(description) }
}

fn dtype(element: Element) -> DataType {
    match element {
        Element::Bool => DataType::Bool,
        Element::U8 => DataType::Uint8,
        Element::I32 => DataType::Int32,
        Element::I64 => DataType::Int64,
        Element::F32 => DataType::Float,
        Element::F64 => DataType::Double,
        Element::Bf16 => DataType::Bfloat16,
        Element::F16 => DataType::Half,
        Element::Bytes => DataType::String,
        _ => DataType::Invalid,
    }
}

/// Times and sizes beyond what the format can hold are its largest.
fn signed(value: u128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

pub(crate) fn decode(bytes: &[u8]) -> Result<RunStats, DecodeError> {
    let devices = RunMetadata::decode(bytes)?.step_stats.unwrap_or_default().dev_stats;
    Ok(RunStats { devices: devices.into_iter().map(read_device).collect() })
}

fn read_device(proto: DeviceStepStats) -> DeviceStats {
    DeviceStats { name: proto.device, nodes: proto.node_stats.into_iter().map(read_node).collect() }
}

fn read_node(proto: NodeExecStats) -> NodeStats {
    let memory = proto.memory.first();
    NodeStats {
        name: proto.node_name,
        label: proto.timeline_label,
        thread: proto.thread_id,
        start: duration(proto.all_start_nanos, proto.all_start_micros),
        elapsed: duration(proto.all_end_rel_nanos, proto.all_end_rel_micros),
        bytes: memory.map_or(0, |memory| unsigned(memory.total_bytes)),
        live_bytes: memory.map_or(0, |memory| unsigned(memory.allocator_bytes_in_use)),
        outputs: proto.output.into_iter().filter_map(|output| output.tensor_description).map(read_output).collect(),
    }
}

fn read_output(proto: TensorDescription) -> OutputStats {
    let element = match proto.dtype() {
        DataType::Bool => Element::Bool,
        DataType::Uint8 => Element::U8,
        DataType::Int32 => Element::I32,
        DataType::Int64 => Element::I64,
        DataType::Float => Element::F32,
        DataType::Double => Element::F64,
        DataType::Bfloat16 => Element::Bf16,
        DataType::Half => Element::F16,
        DataType::String => Element::Bytes,
        DataType::Invalid => Element::Other,
    };
    OutputStats {
        element,
        shape: proto.shape.unwrap_or_default().dim.iter().map(|dim| unsigned(dim.size)).collect(),
        bytes: proto.allocation_description.map_or(0, |memory| unsigned(memory.requested_bytes)),
    }
}

/// Nanoseconds, which older writers leave out.
fn duration(nanos: i64, micros: i64) -> Duration {
    if nanos > 0 { Duration::from_nanos(unsigned(nanos)) } else { Duration::from_micros(unsigned(micros)) }
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
