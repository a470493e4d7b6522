//! A process that saves without end is killed by the system; what it said was kept is there, whole.
#![cfg(unix)]

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::process::ExitStatusExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use everstep_checkpoint::{Keep, Options, Saver};
use everstep_tensor::{Save, Saving, Snapshot, Tensor, Which};

const DIRECTORY: &str = "EVERSTEP_KILLED_IN";
/// How many kills, if not 10: `cargo xtask killed-saves` sets it.
const ROUNDS: &str = "EVERSTEP_KILL_ROUNDS";
const KEEP: usize = 3;

fn saver(directory: &Path) -> Saver {
    Saver::new(directory, Options { keep: Keep::Last(KEEP), ..Default::default() })
}

/// What the process saves at a step: any two steps differ in every tensor.
fn model(step: u64) -> Snapshot {
    let tensor = |index| Tensor::from_vec([64, 64], vec![(step * 10 + index) as i64; 64 * 64]).unwrap();
    (0..5).map(|index| (format!("layer-{index}/kernel"), tensor(index))).collect()
}

/// Resumes, then saves step after step and says after each which is durable.
fn save_without_end(directory: &Path) -> ! {
    let (saver, mut stdout) = (saver(directory), io::stdout());
    let mut step = saver.open(Which::Newest).unwrap().map_or(0, |checkpoint| checkpoint.step);
    loop {
        step += 1;
        saver.save(&Saving { step, variables: &model(step), metrics: &[], pinned: false }).unwrap();
        // The save before this one has ended without an error.
        writeln!(stdout, "\ndurable {}", step - 1).unwrap();
        stdout.flush().unwrap();
    }
}

fn start(directory: &Path) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "killed::the_directory_restores_whenever_the_process_dies", "--nocapture"]);
    command.env(DIRECTORY, directory).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn has_temporary(directory: &Path) -> bool {
    let is_temporary = |name: &str| name.starts_with(".checkpoint-") && name.contains(".everstep.tmp-");
    fs::read_dir(directory).unwrap().any(|entry| is_temporary(&entry.unwrap().file_name().to_string_lossy()))
}

fn durable(line: &str) -> Option<u64> {
    line.strip_prefix("durable ")?.trim().parse().ok()
}

/// When a process is killed, once it has said enough.
enum Moment {
    /// While a temporary file exists.
    WhileItWrites,
    /// After so many microseconds.
    Random(u64),
}

/// A linear congruential generator: the moments need be no better.
fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

/// Kills the process after it has said so many lines; the last step that it said is durable.
fn kill(mut process: Child, lines: usize, moment: Moment, directory: &Path) -> u64 {
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut said: Vec<u64> = output.by_ref().lines().filter_map(|line| durable(&line.unwrap())).take(lines).collect();
    assert_eq!(said.len(), lines, "the process ended by itself");
    let began = Instant::now();
    let is_time = || match moment {
        Moment::WhileItWrites => has_temporary(directory),
        Moment::Random(micros) => began.elapsed() >= Duration::from_micros(micros),
    };
    while !is_time() {
        std::hint::spin_loop();
    }
    process.kill().unwrap();
    assert_eq!(process.wait().unwrap().signal(), Some(9));
    let mut rest = Vec::new();
    output.read_to_end(&mut rest).unwrap();
    // The last line may be cut short, and a cut number is no number that was said.
    let whole = &rest[..rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)];
    said.extend(String::from_utf8_lossy(whole).lines().filter_map(durable));
    *said.last().unwrap()
}

#[test]
fn the_directory_restores_whenever_the_process_dies() {
    if let Some(directory) = env::var_os(DIRECTORY) {
        save_without_end(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut before = 0;
    let rounds = env::var(ROUNDS).map_or(10, |rounds| rounds.parse().unwrap());
    let mut random = 1;
    for round in 0..rounds {
        let moment = if round % 2 == 0 { Moment::WhileItWrites } else { Moment::Random(next(&mut random) % 20_000) };
        let durable = kill(start(directory.path()), 2 + round % 10, moment, directory.path());
        let checkpoint = saver(directory.path()).open(Which::Newest).unwrap().unwrap();
        assert!(checkpoint.step >= durable && checkpoint.step > before, "{durable} was durable: {checkpoint:?}");
        assert!(Snapshot::of(&*checkpoint.variables).unwrap().bit_eq(&model(checkpoint.step)));
        before = checkpoint.step;
    }
    println!("{rounds} kills, each followed by a restore of a verified state; the last one is step {before}");
    let saver = saver(directory.path());
    saver.save(&Saving { step: before + 1, variables: &model(before + 1), metrics: &[], pinned: false }).unwrap();
    saver.finish().unwrap();
    assert!(!has_temporary(directory.path()));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), KEEP + 2);
}
