//! Chrome's trace event format, after its specification of the JSON object form: complete events (`X`) with a lane for
//! each thread, a counter (`C`) of memory, names (`M`); times in microseconds.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    time::Duration,
};

use everstep_session::{KernelStats, RunMetadata};
use serde_json::{Value, json};

/// What a viewer still opens without effort: some ten megabytes.
const MOST_KERNELS: usize = 50_000;

/// Writes the trace of one run, event by event.
pub(super) fn write(out: &mut impl Write, step: u64, metadata: &RunMetadata) -> io::Result<()> {
    let kept = &metadata.kernels[..metadata.kernels.len().min(MOST_KERNELS)];
    let left_out = metadata.kernels.len() - kept.len();
    if left_out > 0 {
        log::warn!("step {step}: the trace holds {MOST_KERNELS} kernels; {left_out} later ones are left out");
    }
    let about = json!({"step": step, "peak_bytes": metadata.peak_bytes, "kernels_left_out": left_out});
    writeln!(out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":{about},\"traceEvents\":[")?;
    write!(out, "{}", name("process_name", 0, format!("training run to step {step}")))?;
    let threads: BTreeSet<u64> = kept.iter().map(|kernel| kernel.thread).collect();
    for thread in threads {
        write!(out, ",\n{}", name("thread_name", thread, format!("thread {thread}")))?;
    }
    for kernel in kept {
        write!(out, ",\n{},\n{}", complete(kernel), memory(kernel))?;
    }
    writeln!(out, "\n]}}")
}

fn name(what: &str, thread: u64, name: String) -> Value {
    json!({"ph": "M", "pid": 0, "tid": thread, "name": what, "args": {"name": name}})
}

fn complete(kernel: &KernelStats) -> Value {
    let outputs = kernel.outputs.iter().map(|output| format!("{}{}", output.dtype, output.shape));
    json!({
        "ph": "X",
        "cat": "Op",
        "pid": 0,
        "tid": kernel.thread,
        "ts": micros(kernel.start),
        "dur": micros(kernel.elapsed),
        "name": kernel.kernel,
        "args": {"node": kernel.node, "outputs": outputs.collect::<Vec<_>>(), "bytes": kernel.bytes},
    })
}

fn memory(kernel: &KernelStats) -> Value {
    let live = json!({"bytes": kernel.live_bytes});
    json!({"ph": "C", "cat": "Memory", "pid": 0, "ts": micros(kernel.start), "name": "intermediate results", "args": live})
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1e3
}
