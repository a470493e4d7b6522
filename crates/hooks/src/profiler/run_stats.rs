//! A traced run as event data.

use std::time::{Duration, SystemTime};

use everstep_event::{DeviceStats, Element, NodeStats, OutputStats, RunStats};
use everstep_session::{KernelStats, RunMetadata};
use everstep_tensor::DType;

/// What a run took that ended just now.
pub(super) fn of(metadata: &RunMetadata, ended: SystemTime) -> RunStats {
    let elapsed = metadata.kernels.iter().map(|kernel| kernel.start + kernel.elapsed).max().unwrap_or_default();
    let ended = ended.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let began = ended.saturating_sub(elapsed);
    let nodes = metadata.kernels.iter().map(|kernel| node(kernel, began)).collect();
    RunStats { devices: vec![DeviceStats { name: "/device:CPU:0".to_owned(), nodes }] }
}

fn node(kernel: &KernelStats, began: Duration) -> NodeStats {
    let output = |output: &everstep_session::OutputStats| OutputStats {
        element: element(output.dtype),
        shape: output.shape.iter().map(|length| *length as u64).collect(),
        bytes: (output.shape.iter().product::<usize>() * output.dtype.size()) as u64,
    };
    NodeStats {
        name: kernel.node.clone(),
        label: format!("{} = {}()", kernel.node, kernel.kernel),
        thread: u32::try_from(kernel.thread).unwrap_or(u32::MAX),
        start: began + kernel.start,
        elapsed: kernel.elapsed,
        bytes: kernel.bytes,
        live_bytes: kernel.live_bytes,
        outputs: kernel.outputs.iter().map(output).collect(),
    }
}

fn element(dtype: DType) -> Element {
    match dtype {
        DType::Bool => Element::Bool,
        DType::U8 => Element::U8,
        DType::I32 => Element::I32,
        DType::I64 => Element::I64,
        DType::F32 => Element::F32,
        DType::F64 => Element::F64,
        DType::Bf16 => Element::Bf16,
        DType::F16 => Element::F16,
        _ => Element::Other,
    }
}
