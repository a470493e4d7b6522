//! What it costs to write scalars to an event file.

use std::{
    error::Error,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use everstep::{
    event::{Event, EventSink},
    summary::EventWriter,
};
use serde_json::{Map, Value, json};

use crate::peers;

const SCALARS: u32 = 2_000_000;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 7;
const CALLS: usize = 1_000_001;

/// The writers beside ours: their names in `bench_events.py`.
const PEERS: [&str; 4] = ["tensorflow", "tensorflow-encoded", "torch", "tensorboardX"];

/// Measures and prints.
pub(crate) fn bench(json: bool) -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("everstep-bench-{}", std::process::id()));
    let measured = throughput(&directory).and_then(|throughput| Ok((throughput, call(&directory)?)));
    fs::remove_dir_all(&directory)?;
    let ((scalars_per_s, mb_per_s), call_median_ns) = measured?;

    println!("scalars from one thread to a file, until it is closed; median of {ROUNDS} rounds of {SCALARS}");
    println!("  scalars                   {scalars_per_s:>12.0} /s         goal: at least 2000000");
    println!("  bytes                     {mb_per_s:>12.1} MB/s");
    println!("  a call, the median        {call_median_ns:>12.0} ns         goal: at most 200, the clock included");
    let peers = peers();
    for (name, scalars_per_s) in &peers {
        println!("  {name:<24}  {scalars_per_s:>12.0} /s");
    }
    let fastest = peers.iter().map(|(_, scalars_per_s)| *scalars_per_s).reduce(f64::max);
    match fastest {
        Some(fastest) => {
            println!("  ratio to the fastest      {:>12.1}            goal: at least 10", scalars_per_s / fastest);
        }
        None => println!("  none of {} is installed for python3: nothing to compare with", PEERS.join(", ")),
    }
    if json {
        let peers: Map<String, Value> = peers.into_iter().map(|(name, rate)| (name.to_owned(), json!(rate))).collect();
        let report = json!({
            "scalars_per_s": scalars_per_s,
            "mb_per_s": mb_per_s,
            "call_median_ns": call_median_ns,
            "peers_scalars_per_s": peers,
            "ratio_to_fastest_peer": fastest.map(|fastest| scalars_per_s / fastest),
        });
        println!("{report}");
    }
    Ok(())
}

/// Scalars and megabytes a second, from the first call until everything is in the file.
fn throughput(directory: &Path) -> Result<(f64, f64), Box<dyn Error>> {
    let tag: Arc<str> = "loss".into();
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let writer = EventWriter::create(directory)?;
        let began = Instant::now();
        for step in 0..SCALARS {
            writer.emit(Event::scalar(step.into(), tag.clone(), 0.5 * f64::from(step)))?;
        }
        writer.close()?;
        let seconds = began.elapsed().as_secs_f64();
        let bytes = fs::metadata(writer.path())?.len();
        rounds.push((f64::from(SCALARS) / seconds, bytes as f64 / seconds / 1e6));
        fs::remove_file(writer.path())?;
    }
    rounds.sort_by(|left, right| left.0.total_cmp(&right.0));
    Ok(rounds[ROUNDS / 2])
}

/// Nanoseconds that the caller waits for one call: the median.
fn call(directory: &Path) -> Result<f64, Box<dyn Error>> {
    let tag: Arc<str> = "loss".into();
    let writer = EventWriter::create(directory)?;
    let mut calls = Vec::with_capacity(CALLS);
    for step in 0..CALLS as u64 {
        let began = Instant::now();
        writer.emit(Event::scalar(step, tag.clone(), 0.5))?;
        calls.push(began.elapsed());
    }
    writer.close()?;
    let (_, median, _): (_, &mut Duration, _) = calls.select_nth_unstable(CALLS / 2);
    Ok(median.as_nanos() as f64)
}

/// Scalars a second of the peers that are installed.
fn peers() -> Vec<(&'static str, f64)> {
    let measure = |name| Some((name, peers::ask("bench_events.py", &[name])?["scalars_per_s"].as_f64()?));
    PEERS.into_iter().filter_map(measure).collect()
}
