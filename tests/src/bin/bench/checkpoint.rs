//! What saving and restoring a large model costs.

mod measure;
mod peers;
mod training;

use std::{fs, time::Duration};

use serde_json::json;

use measure::{ROUNDS, Report, SAVES, median};
use training::TENSORS;

type Failure = Box<dyn std::error::Error>;

/// The median, as samples of different sizes have it alike.
fn p50(times: &[Duration]) -> f64 {
    median(&mut times.to_vec()).as_secs_f64() * 1e3
}

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
    let step = p50(&report.steps);
    let (usual, usual_alone, usual_beside) = (p50(&report.stalls), p50(&report.alone), p50(&report.beside_raw));
    let (alone, beside) = (p99(&report.alone), p99(&report.beside_raw));
    let Report { write, raw, restore, .. } = report;
    println!("1 GiB in {TENSORS} tensors, every one rewritten in every step of {step:.1} ms; {SAVES} saves");
    println!("  stall: the longest gap, less the median step            p99    median");
    println!("    of {SAVES} saves                              {stall:>9.3} {usual:>9.3} ms    goal: p99 at most 1");
    println!(
        "    without any save, {ROUNDS} times               {alone:>9.3} {usual_alone:>9.3} ms    what this machine does by itself"
    );
    println!(
        "    beside a plain write and fsync, {ROUNDS} times {beside:>9.3} {usual_beside:>9.3} ms    what any writer does to it"
    );
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
            "stall_median_ms": usual,
            "stall_without_saves_ms": alone,
            "stall_without_saves_median_ms": usual_alone,
            "stall_beside_raw_write_ms": beside,
            "stall_beside_raw_write_median_ms": usual_beside,
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
