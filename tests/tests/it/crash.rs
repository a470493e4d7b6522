//! Real processes, really killed: whatever the moment, a resumed training ends with the bits of an uninterrupted one.
#![allow(clippy::print_stdout, reason = "the seed of a failure must be seen")]

use std::{
    fs,
    io::Read as _,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use everstep_tensor::{Save as _, Snapshot, Which};

const PAIRS: u64 = 20;

/// A program that trains, saves often and says where it resumed.
struct Program {
    command: fn(&Path, u64) -> Command,
    last_step: u64,
    newest_step: fn(&Path) -> Option<u64>,
    is_temporary: fn(&str) -> bool,
    state: fn(&Path) -> String,
}

const DIGITS: Program = Program {
    command: |directory, threads| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
        command.args(["digits", "--steps", "300", "--save-steps", "7", "--json", "--logdir"]).arg(directory);
        command.args(["--threads", &threads.to_string()]).env("RUST_LOG", "error");
        command
    },
    last_step: 300,
    newest_step: |directory| {
        let step = |path: PathBuf| {
            path.file_name()?.to_str()?.strip_prefix("checkpoint-")?.strip_suffix(".everstep")?.parse().ok()
        };
        files(directory).into_iter().filter_map(step).max()
    },
    is_temporary: |name| name.contains(".tmp"),
    state: |directory| {
        let newest =
            everstep::checkpoint::Saver::new(directory, Default::default()).open(Which::Newest).unwrap().unwrap();
        let all = Snapshot::of(&*newest.variables).unwrap();
        assert!(
            all.iter().any(|(name, _)| name == "hook/feed/position")
                && all.iter().any(|(name, _)| name.ends_with("/Adam"))
        );
        all.iter()
            .map(|(name, value)| format!("{name} {}{:?} {:?}\n", value.dtype(), value.shape(), value.bytes()))
            .collect()
    },
};

const SPINE: Program = Program {
    command: |directory, _threads| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_spine"));
        command.arg(directory).arg("600");
        command
    },
    last_step: 600,
    newest_step: |directory| {
        let text = fs::read_to_string(directory.join("model.txt")).ok()?;
        let bytes = text.lines().find_map(|line| line.strip_prefix("global_step i64 "))?;
        let bytes: Vec<u8> = bytes.split(' ').map(|byte| byte.parse().unwrap()).collect();
        Some(u64::from_le_bytes(bytes.try_into().unwrap()))
    },
    is_temporary: |name| name == "model.tmp",
    state: |directory| fs::read_to_string(directory.join("model.txt")).unwrap(),
};

#[test]
fn the_digits_end_with_the_same_bits_however_they_are_killed() {
    check(&DIGITS);
}

#[test]
fn a_strangers_model_ends_with_the_same_bits_however_it_is_killed() {
    check(&SPINE);
}

fn check(program: &Program) {
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    println!("seed {seed}");
    let undisturbed: Vec<String> = [1, 2].map(|threads| finish_at_once(program, threads)).into();
    assert_eq!(undisturbed[0], undisturbed[1], "one thread and two end with other bits");
    for pair in 0..PAIRS {
        check_pair(program, &mut Random(seed ^ pair << 32), pair % 2 == 0, &undisturbed[0]);
    }
}

fn finish_at_once(program: &Program, threads: u64) -> String {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(Run::start(program, directory.path(), threads).finish(), None);
    (program.state)(directory.path())
}

/// Two kills, one of them while a checkpoint is being written, and then the end.
#[track_caller]
fn check_pair(program: &Program, random: &mut Random, first_while_saving: bool, undisturbed: &str) {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let first = kill(program, directory, random, first_while_saving);
    assert_eq!(first, None, "the first process starts anew");
    let resumed_first = kill(program, directory, random, !first_while_saving).expect("the second process resumes");
    let resumed_second =
        Run::start(program, directory, random.below(2) + 1).finish().expect("the third process resumes");
    let steps = [0, resumed_first, resumed_second, program.last_step];
    assert!(steps.is_sorted_by(|a, b| a < b), "the steps do not ascend: {steps:?}");
    let ended = (program.state)(directory);
    assert!(ended == undisturbed, "the end differs from an uninterrupted run's; resumed at {steps:?}");
}

/// Runs and kills a process, at a random moment or while a checkpoint is being written; gives the step it resumed at.
///
/// A rename that wins the race against the kill makes it another process's turn: the caller's is the first of them.
fn kill(program: &Program, directory: &Path, random: &mut Random, while_saving: bool) -> Option<u64> {
    let mut resumed_at = None;
    for turn in 0..100 {
        let before = (program.newest_step)(directory).unwrap_or(0);
        let mut run = Run::start(program, directory, random.below(2) + 1);
        run.wait_until(|| (program.newest_step)(directory).is_some_and(|step| step > before));
        if while_saving {
            run.wait_until(|| exists(directory, program.is_temporary));
        } else {
            std::thread::sleep(Duration::from_micros(random.below(60_000)));
        }
        let resumed = run.kill();
        resumed_at = if turn == 0 { resumed } else { resumed_at };
        if !while_saving || exists(directory, program.is_temporary) {
            return resumed_at;
        }
    }
    panic!("no kill of a hundred fell while a checkpoint was being written");
}

/// A process that trains.
struct Run {
    child: Child,
    began: Instant,
}

impl Run {
    fn start(program: &Program, directory: &Path, threads: u64) -> Self {
        let mut command = (program.command)(directory, threads);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        Self { child, began: Instant::now() }
    }

    /// Waits for the condition; a process that ends before is one that was too fast to be killed.
    #[track_caller]
    fn wait_until(&mut self, condition: impl Fn() -> bool) {
        while !condition() {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the process ended by itself: {ended:?}");
            assert!(self.began.elapsed() < Duration::from_secs(60), "nothing happens");
            std::thread::yield_now();
        }
    }

    #[track_caller]
    fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        assert_eq!(self.child.wait().unwrap().signal(), Some(9), "the process did not die of the kill");
        self.resumed_at()
    }

    #[track_caller]
    fn finish(mut self) -> Option<u64> {
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the process failed: {status}");
        self.resumed_at()
    }

    fn resumed_at(&mut self) -> Option<u64> {
        let mut output = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        output.lines().find_map(|line| line.strip_prefix("resumed at step ")?.parse().ok())
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn exists(directory: &Path, fits: fn(&str) -> bool) -> bool {
    files(directory).iter().any(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(fits))
}

/// SplitMix64, by Steele, Lea and Flood (2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ word >> 31) % limit
    }
}
