//! Processes that are told to end: each test runs its own program, with a variable set, as the process.

#![allow(clippy::print_stdout, reason = "a child tells its parent by its output")]

use std::{
    env,
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, ExitStatus, Stdio, exit},
    sync::Arc,
    thread,
    time::Duration,
};

use everstep_hook::StartedFrom;
use everstep_hooks::{GlobalStepWaiter, Signal, Signals};
use everstep_session::{Deadline, Monotonic, Stop};
use everstep_tensor::{Error, ErrorKind, Result};

use crate::driver::Driver;

const CHILD: &str = "EVERSTEP_TEST_IS_TOLD_TO_END";
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;
/// A child that is never told anything ends after so long, and its test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process of this very test.
struct Process(Child);

impl Process {
    /// Runs `body` if this is the child; else gives the child that does.
    fn of(test: &str, body: impl FnOnce() -> Result<()>) -> Result<Self> {
        if env::var_os(CHILD).is_some() {
            exit(body().map_or_else(|error| fail(&error), |()| 0));
        }
        let mut command = Command::new(env::current_exe()?);
        command.args([&format!("signals::{test}"), "--exact", "--nocapture"]).env(CHILD, "1").stdout(Stdio::piped());
        Ok(Self(command.spawn()?))
    }

    /// Returns when the child has said so.
    fn wait_for(&mut self, said: &str) -> Result<()> {
        let stdout = self.0.stdout.as_mut().expect("the child's output is piped");
        let mut lines = BufReader::with_capacity(1, stdout).lines();
        match lines.find(|line| line.as_ref().map_or(true, |line| line == said)) {
            Some(line) => Ok(line.map(drop)?),
            None => Err(Error::new(ErrorKind::Internal, format!("the child ended without saying {said}"))),
        }
    }

    fn send(&self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").args([signal, &self.0.id().to_string()]).status()?;
        assert!(sent.success());
        Ok(())
    }

    fn end(mut self) -> Result<ExitStatus> {
        Ok(self.0.wait()?)
    }
}

fn fail(error: &Error) -> i32 {
    println!("{error}");
    1
}

fn park() -> Result<()> {
    thread::park_timeout(PATIENCE);
    Err(Error::new(ErrorKind::DeadlineExceeded, "nothing ended the child"))
}

/// Trains until it is told to end, and ends as a program should.
fn train() -> Result<()> {
    let mut driver = Driver::new();
    let mut signals = Signals::watch(&driver.stop)?;
    driver.start(&mut signals, StartedFrom::Fresh)?;
    println!("\ntraining");
    while !driver.stop.is_requested() {
        driver.train(&mut signals, 1)?;
    }
    driver.end(&mut signals)?;
    println!("\n{}; a save at the end: {}", driver.stop.reason().unwrap_or_default(), driver.save.is_at_end());
    exit(signals.received().map_or(0, |signal| signal.exit_code().into()));
}

#[test]
fn sigterm_ends_a_training_after_the_step() -> Result<()> {
    let mut child = Process::of("sigterm_ends_a_training_after_the_step", train)?;
    child.wait_for("training")?;
    child.send("-TERM")?;
    child.wait_for("SIGTERM was received; a save at the end: true")?;
    assert_eq!(child.end()?.code(), Some(143));
    Ok(())
}

#[test]
fn sigint_ends_a_training_after_the_step() -> Result<()> {
    let mut child = Process::of("sigint_ends_a_training_after_the_step", train)?;
    child.wait_for("training")?;
    child.send("-INT")?;
    child.wait_for("SIGINT was received; a save at the end: true")?;
    assert_eq!(child.end()?.code(), Some(130));
    Ok(())
}

#[test]
fn a_second_signal_ends_the_process_at_once() -> Result<()> {
    let mut child = Process::of("a_second_signal_ends_the_process_at_once", || {
        let stop = Stop::default();
        let signals = Signals::watch(&stop)?;
        println!("\nhanging");
        while signals.received().is_none() {
            thread::yield_now();
        }
        println!("\nsaving for ever");
        park()
    })?;
    child.wait_for("hanging")?;
    child.send("-TERM")?;
    child.wait_for("saving for ever")?;
    child.send("-INT")?;
    assert_eq!(child.end()?.signal(), Some(SIGINT));
    Ok(())
}

#[test]
fn a_signal_ends_a_wait_before_the_first_step() -> Result<()> {
    let mut child = Process::of("a_signal_ends_a_wait_before_the_first_step", || {
        let mut driver = Driver::new();
        let signals = Signals::watch(&driver.stop)?;
        let mut waiter = GlobalStepWaiter::new(1).no_longer_than(PATIENCE);
        driver.start(&mut waiter, StartedFrom::Fresh)?;
        println!("\nwaiting");
        let error = driver.train(&mut waiter, 1).expect_err("nobody else makes a step");
        println!("\n{error}");
        exit(signals.received().map_or(0, |signal| signal.exit_code().into()));
    })?;
    child.wait_for("waiting")?;
    child.send("-TERM")?;
    child.wait_for("waiting for step 1 was given up because a stop was requested: SIGTERM was received")?;
    assert_eq!(child.end()?.code(), Some(143));
    Ok(())
}

#[test]
fn a_signal_of_before_the_first_session_leaves_no_step() -> Result<()> {
    let mut child = Process::of("a_signal_of_before_the_first_session_leaves_no_step", || {
        let stop = Stop::default();
        let mut signals = Signals::watch(&stop)?;
        println!("\nopening a session");
        let until = Deadline::new("opening a session", Some(PATIENCE), Arc::new(Monotonic), stop);
        let error = until.wait(PATIENCE).expect_err("the wait is ended");
        // A training whose stop is another one is told by the hook.
        let mut driver = Driver::new();
        driver.start(&mut signals, StartedFrom::Fresh)?;
        println!("\n{:?}, {:?}", error.kind(), driver.stop.reason());
        exit(signals.received().map_or(0, |signal| signal.exit_code().into()));
    })?;
    child.wait_for("opening a session")?;
    child.send("-INT")?;
    child.wait_for("Cancelled, Some(\"SIGINT was received\")")?;
    assert_eq!(child.end()?.code(), Some(130));
    Ok(())
}

#[test]
fn one_signal_is_seen_by_all_who_watch() -> Result<()> {
    let mut child = Process::of("one_signal_is_seen_by_all_who_watch", || {
        drop(Signals::watch(&Stop::default())?);
        let (first, second) = (Stop::default(), Stop::default());
        let watching = (Signals::watch(&first)?, Signals::watch(&second)?);
        println!("\nwatching");
        while !first.is_requested() || !second.is_requested() {
            thread::yield_now();
        }
        let later = Signals::watch(&Stop::default())?;
        println!("\n{:?} {:?} {:?}", watching.0.received(), watching.1.received(), later.received());
        Ok(())
    })?;
    child.wait_for("watching")?;
    child.send("-TERM")?;
    child.wait_for("Some(Terminate) Some(Terminate) None")?;
    assert_eq!(child.end()?.code(), Some(0));
    Ok(())
}

#[test]
fn a_signal_ends_the_process_again_when_nobody_watches() -> Result<()> {
    let mut child = Process::of("a_signal_ends_the_process_again_when_nobody_watches", || {
        let (first, second) = (Signals::watch(&Stop::default())?, Signals::watch(&Stop::default())?);
        drop(first);
        drop(second);
        println!("\nnot watching");
        park()
    })?;
    child.wait_for("not watching")?;
    child.send("-TERM")?;
    assert_eq!(child.end()?.signal(), Some(SIGTERM));
    Ok(())
}

#[test]
fn the_exit_code_tells_the_signal() {
    let told = [Signal::Interrupt, Signal::Terminate].map(|signal| (signal.to_string(), signal.exit_code()));
    assert_eq!(told, [("SIGINT".into(), 130), ("SIGTERM".into(), 143)]);
}
