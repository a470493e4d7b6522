//! SIGTERM and SIGINT: the step is finished and saved, the exit code tells, and a resume goes on to the same bits.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use everstep::checkpoint::Saver;
use everstep_tensor::{Save as _, Snapshot, Which};

/// A second, a step, a save, and the breath of a machine that does other work too.
const PATIENCE: Duration = Duration::from_secs(10);

fn program(directory: &Path, steps: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    command.args(["digits", "--save-steps", "20", "--steps", &steps.to_string(), "--logdir"]).arg(directory);
    command.env("RUST_LOG", "error").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Goes on when the program has logged such a line; the rest of its log is read too, so that it does not wait for its
/// reader.
#[track_caller]
fn await_line(child: &mut Child, part: &str) {
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(part)), "the log does not tell of {part}");
    thread::spawn(move || lines.count());
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[track_caller]
fn ends_soon(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::yield_now();
    }
    child.kill().unwrap();
    panic!("the process did not end");
}

fn newest(directory: &Path) -> Option<(u64, Snapshot)> {
    let checkpoint = Saver::new(directory, Default::default()).open(Which::Newest).unwrap()?;
    Some((checkpoint.step, Snapshot::of(&*checkpoint.variables).unwrap()))
}

/// Ends a training with `signal` when `moment` has come, and compares the end of its resume with an uninterrupted one.
#[track_caller]
fn check(signal: &str, code: i32, moment: impl Fn(&Path) -> bool) {
    check_with(&[], signal, code, moment);
}

/// The same of a program that is given more arguments.
#[track_caller]
fn check_with(arguments: &[&str], signal: &str, code: i32, moment: impl Fn(&Path) -> bool) {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let mut child = program(directory, 1_000_000).args(arguments).spawn().unwrap();
    let began = Instant::now();
    while !moment(directory) {
        assert!(began.elapsed() < Duration::from_secs(60), "the moment does not come");
        thread::yield_now();
    }
    send(signal, &child);
    let status = ends_soon(&mut child);
    assert!(status.code() == Some(code) || status.signal() == Some(code - 128), "{status}");
    let ended = newest(directory).map_or(0, |(step, _)| step);
    resumes_to_the_same_bits(directory, ended + 50, arguments);
}

#[track_caller]
fn resumes_to_the_same_bits(directory: &Path, last: u64, arguments: &[&str]) {
    let whole = tempfile::tempdir().unwrap();
    for directory in [directory, whole.path()] {
        assert!(program(directory, last).args(arguments).status().unwrap().success());
    }
    let (resumed, whole) = (newest(directory).unwrap(), newest(whole.path()).unwrap());
    assert_eq!((resumed.0, whole.0), (last, last));
    assert!(resumed.1.bit_eq(&whole.1), "the resume to step {last} ended with other bits");
}

fn has(directory: &Path, fits: impl Fn(&str) -> bool) -> bool {
    let names =
        fs::read_dir(directory).into_iter().flatten().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.into_iter().any(|name| fits(&name))
}

#[test]
fn in_training() {
    check("-TERM", 143, |directory| has(directory, |name| name == "checkpoint-40.everstep"));
    check("-INT", 130, |directory| has(directory, |name| name == "checkpoint-60.everstep"));
}

#[test]
fn in_a_save() {
    check("-TERM", 143, |directory| has(directory, |name| name.contains(".tmp") && !name.contains("checkpoint-0.")));
}

#[test]
fn before_the_first_step() {
    check("-TERM", 143, |_| true);
    check("-TERM", 143, |directory| has(directory, |name| name.contains("tfevents")));
}

/// A step of one sample, and a test of all that were held out after each: nearly all the time goes into tests.
#[test]
fn in_an_evaluation() {
    let arguments = ["--batch", "1", "--test-steps", "1"];
    check_with(&arguments, "-TERM", 143, |directory| has(directory, |name| name == "checkpoint-40.everstep"));
}

#[test]
fn while_a_worker_waits() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    assert!(program(directory, 40).status().unwrap().success());
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let mut command = program(directory, 80);
        let mut child = command.arg("--worker").env("RUST_LOG", "info").stderr(Stdio::piped()).spawn().unwrap();
        await_line(&mut child, "waiting for the chief");
        send(signal, &child);
        assert_eq!(ends_soon(&mut child).code(), Some(code));
    }
    resumes_to_the_same_bits(directory, 80, &[]);
}

#[test]
fn the_last_step_is_saved() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path(), 1_000_000);
    command.args(["--save-steps", "100000"]).env("RUST_LOG", "info").stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    await_line(&mut child, "step 101:");
    send("-TERM", &child);
    assert_eq!(ends_soon(&mut child).code(), Some(143));
    assert!(newest(directory.path()).unwrap().0 >= 101);
}
