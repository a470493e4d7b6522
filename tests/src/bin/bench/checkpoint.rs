//! What saving and restoring a large model costs.

mod measure;
mod peers;
mod training;

use std::{fs, time::Duration};

use serde_json::json;

use measure::{ROUNDS, Report, SAVES, median};
use training::TENSORS;

type Failure = Box<dyn std::error::Error>;

/// The value that 99 of 100 do not exceed: of 50, the greatest.
fn p99(times: &[Duration]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[(times.len() * 99).div_ceil(100) - 1].as_secs_f64() * 1e3
}

/// The most memory that this process ever had, in bytes.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

/// Measures and prints.
pub(crate) fn bench(json: bool) -> std::result::Result<(), Failure> {
    let directory = std::env::temp_dir().join(format!("everstep-bench-{}", std::process::id()));
    fs::create_dir_all(&directory)?;
    let measured = measure::measure(&directory);
    fs::remove_dir_all(&directory)?;
    let report = measured?;
    let (stall, call, peak) = (p99(&report.stalls), p99(&report.calls), peak_memory());
    let step = median(&mut report.steps.clone()).as_secs_f64() * 1e3;
    let (alone, beside) = (p99(&report.alone), p99(&report.beside_raw));
    let Report { write, raw, restore, .. } = report;
    println!("1 GiB in {TENSORS} tensors, every one rewritten in every step of {step:.1} ms; {SAVES} saves");
    println!("  stall, p99: the longest gap, less the median step {stall:>9.3} ms    goal: at most 1");
    println!(
        "    the same without any save, of {ROUNDS} times       {alone:>9.3} ms    what this machine does by itself"
    );
    println!("    beside a plain write and fsync, of {ROUNDS} times  {beside:>9.3} ms    what any writer does to it");
    println!("  the call of `save` alone, p99                     {call:>9.3} ms");
    println!("  background write, until durable                   {write:>9.3} GB/s  goal: at least 80 % of the next");
    println!("  plain write and fsync of the same bytes           {raw:>9.3} GB/s  ratio {:.2}", write / raw);
    println!("  restore from the page cache, verified             {restore:>9.3} GB/s  goal: at least 3");
    if let Some(peak) = peak {
        println!("  most memory, with both buffers of each variable   {:>9.3} GB", peak as f64 / 1e9);
    }
    let peers = peers::run();
    peers::print(&peers);
    if json {
        let report = json!({
            "stall_p99_ms": stall,
            "stall_without_saves_ms": alone,
            "stall_beside_raw_write_ms": beside,
            "save_call_p99_ms": call,
            "step_median_ms": step,
            "write_gbps": write,
            "raw_write_fsync_gbps": raw,
            "restore_gbps": restore,
            "peak_memory_bytes": peak,
            "peers": peers,
        });
        println!("{report}");
    }
    Ok(())
}
