//! What saving and restoring a large model costs.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use everstep::{
    checkpoint::{Keep, Options, Saver},
    engine::GraphSession,
    graph::{Graph, Initializer, Output},
    prelude::{Result, Save, Session, SessionConfig, Tensor},
    session::{Outcome, Request, Scope},
    tensor::{DType, Saving, Snapshot, Variables, Which},
};
use serde_json::{Value, json};

const TENSORS: usize = 100;
/// So that all together are a GiB, and a few bytes.
const ELEMENTS: usize = (1_usize << 28).div_ceil(TENSORS);
const SAVES: usize = 50;
/// Odd, so that the median is one of them.
const ROUNDS: usize = 5;

type Failure = Box<dyn std::error::Error>;

/// What was measured; rates in GB (10^9 bytes) a second.
struct Report {
    stalls: Vec<Duration>,
    calls: Vec<Duration>,
    steps: Vec<Duration>,
    write: f64,
    raw: f64,
    restore: f64,
}

/// A model every variable of which is rewritten in every step, and what trains it.
fn model() -> Result<(Arc<Graph>, Output)> {
    let mut graph = Graph::new();
    let change = graph.constant("change", Tensor::from_vec([ELEMENTS], vec![1.0f32; ELEMENTS])?)?;
    let mut updates = Vec::new();
    for index in 0..TENSORS {
        let variable = graph.variable(&format!("v{index:02}"), DType::F32, [ELEMENTS], Initializer::ZEROS)?;
        updates.push(graph.assign_add(variable, change)?);
    }
    let step = graph.global_step()?;
    let one = graph.scalar("one", DType::I64, 1.0)?;
    updates.push(graph.assign_add(step, one)?);
    let train_op = graph.after("train_op", one, &updates)?;
    Ok((Arc::new(graph), train_op))
}

/// Trains, and saves again as soon as the save before is durable; the bare disk is measured before and in between.
fn measure(directory: &Path) -> std::result::Result<Report, Failure> {
    let (graph, train_op) = model()?;
    // One core is the writer's.
    let cores = std::thread::available_parallelism()?.get();
    let config = SessionConfig { intra_op_threads: cores.saturating_sub(1).max(1), ..Default::default() };
    let mut session = GraphSession::new(graph, &config)?;
    session.initialize(Scope::Global)?;
    let request = Request::train(vec![train_op]);
    let mut outcome = Outcome::default();
    let saver = Saver::new(directory, Options { keep: Keep::Last(1), ..Default::default() });
    let bytes = bytes_of(session.variables())? as f64;

    // The second buffers are made and touched, as after the first save of any training.
    save(&saver, &session)?;
    session.run(&request, &mut outcome)?;
    saver.finish()?;
    saver.take_reports();

    let (mut steps, mut stalls, mut calls, mut writes, mut raws) = (vec![], vec![], vec![], vec![], vec![]);
    for round in 0..SAVES {
        if round % (SAVES / ROUNDS) == 0 {
            raws.push(raw_rate(directory, session.variables())?);
        }
        for _ in 0..3 {
            steps.push(timed(|| session.run(&request, &mut outcome))?);
        }
        let mut last = Instant::now();
        calls.push(timed(|| save(&saver, &session))?);
        let mut longest = Duration::ZERO;
        let report = loop {
            session.run(&request, &mut outcome)?;
            let gap = last.elapsed();
            last = Instant::now();
            longest = longest.max(gap);
            steps.push(gap);
            if let Some(report) = saver.take_reports().pop() {
                break report;
            }
        };
        stalls.push(longest);
        writes.push(report.bytes as f64 / report.duration.as_nanos() as f64);
    }
    saver.finish()?;
    let median_step = median(&mut steps.clone());
    stalls.iter_mut().for_each(|stall| *stall = stall.saturating_sub(median_step));
    drop(session);
    let restore = restore_rate(&saver, bytes)?;
    Ok(Report { stalls, calls, steps, write: median_rate(writes), raw: median_rate(raws), restore })
}

fn save(saver: &Saver, session: &GraphSession) -> Result<()> {
    saver.save(&Saving { step: session.global_step(), variables: session.variables(), metrics: &[], pinned: false })
}

fn bytes_of(variables: &dyn Variables) -> Result<usize> {
    Ok(Snapshot::of(variables)?.iter().map(|(_, tensor)| tensor.bytes().len()).sum())
}

fn timed(run: impl FnOnce() -> Result<()>) -> Result<Duration> {
    let began = Instant::now();
    run()?;
    Ok(began.elapsed())
}

/// The same bytes, written plainly and synced.
fn raw_rate(directory: &Path, variables: &dyn Variables) -> std::result::Result<f64, Failure> {
    let snapshot = Snapshot::of(variables)?;
    let path = directory.join("raw");
    let began = Instant::now();
    let mut file = File::create(&path)?;
    for (_, tensor) in snapshot.iter() {
        file.write_all(tensor.bytes())?;
    }
    file.sync_all()?;
    let bytes: usize = snapshot.iter().map(|(_, tensor)| tensor.bytes().len()).sum();
    let rate = bytes as f64 / began.elapsed().as_nanos() as f64;
    drop(file);
    fs::remove_file(path)?;
    Ok(rate)
}

/// Every byte read from the page cache and verified; the first time brings it there.
fn restore_rate(saver: &Saver, bytes: f64) -> std::result::Result<f64, Failure> {
    fs::read(saver.list()?.last().ok_or("nothing was saved")?.location.as_str())?;
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let opened = saver.open(Which::Newest)?;
        rates.push(bytes / began.elapsed().as_nanos() as f64);
        drop(opened);
    }
    Ok(median_rate(rates))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn median_rate(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
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
    let measured = measure(&directory);
    fs::remove_dir_all(&directory)?;
    let report = measured?;
    let (stall, call, peak) = (p99(&report.stalls), p99(&report.calls), peak_memory());
    let step = median(&mut report.steps.clone()).as_secs_f64() * 1e3;
    let Report { write, raw, restore, .. } = report;
    println!("1 GiB in {TENSORS} tensors, every one rewritten in every step of {step:.1} ms; {SAVES} saves");
    println!("  stall, p99: the longest gap, less the median step {stall:>9.3} ms    goal: at most 1");
    println!("  the call of `save` alone, p99                     {call:>9.3} ms");
    println!("  background write, until durable                   {write:>9.3} GB/s  goal: at least 80 % of the next");
    println!("  plain write and fsync of the same bytes           {raw:>9.3} GB/s  ratio {:.2}", write / raw);
    println!("  restore from the page cache, verified             {restore:>9.3} GB/s  goal: at least 3");
    if let Some(peak) = peak {
        println!("  most memory, with both buffers of each variable   {:>9.3} GB", peak as f64 / 1e9);
    }
    let peers = peers();
    print_peers(&peers);
    if json {
        let report = json!({
            "stall_p99_ms": stall,
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

fn print_peers(peers: &[Value]) {
    for peer in peers {
        let number = |name: &str| peer[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "  {:<36} blocks {:>8.1} ms, write and fsync {:>6.3} GB/s, restore {:>6.3} GB/s",
            peer["name"].as_str().unwrap_or("?"),
            number("blocks_ms"),
            number("write_gbps"),
            number("restore_gbps"),
        );
    }
    if peers.is_empty() {
        println!("  neither PyTorch, TensorFlow nor Orbax is installed for python3: nothing to compare with");
    }
}

/// The same set through others' savers, where they are installed.
fn peers() -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../xtask/interop/bench_checkpoint.py");
    let run = |which: &str| {
        let output = Command::new("python3").arg(&script).arg(which).output().ok()?;
        output.status.success().then(|| serde_json::from_slice(&output.stdout).ok())?
    };
    ["torch", "tensorflow", "orbax"].into_iter().filter_map(run).collect()
}
