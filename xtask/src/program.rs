//! `cargo xtask train`, `bench`, `checkpoint`, `events`, `plot` and `killed-events`: programs that are built with optimisation.

use std::{
    ffi::{OsStr, OsString},
    process::Command,
};

use crate::{
    Outcome,
    process::{self, cargo},
};

/// Builds the train program and becomes it, so that its exit code and the signals it gets are its own.
pub(crate) fn train(words: Vec<OsString>) -> Outcome {
    announce("train");
    replace(&mut command("train", &words))
}

/// Builds the benches and becomes them.
pub(crate) fn bench(words: Vec<OsString>) -> Outcome {
    announce("bench");
    replace(&mut command("bench", &words))
}

/// Builds the program that kills writers of events and becomes it.
pub(crate) fn killed_events(words: Vec<OsString>) -> Outcome {
    announce("killed_events");
    replace(&mut command("killed_events", &words))
}

/// Builds the program that looks at checkpoints and becomes it.
pub(crate) fn checkpoint(words: Vec<OsString>) -> Outcome {
    announce("checkpoint");
    replace(&mut command("checkpoint", &words))
}

/// Builds the reader of events and becomes it.
pub(crate) fn events(words: Vec<OsString>) -> Outcome {
    announce("events");
    replace(&mut command("events", &words))
}

/// The same, which draws.
pub(crate) fn plot(mut words: Vec<OsString>) -> Outcome {
    words.insert(0, "plot".into());
    events(words)
}

fn announce(name: &str) {
    log::info!("building the {name} program with optimisation (minutes the first time, a moment afterwards)");
}

/// The command that builds a program of the package `everstep-tests` with optimisation and runs it with `words`.
fn command(program: &str, words: &[impl AsRef<OsStr>]) -> Command {
    program_of(&["run", "--quiet", "--release"], program, words)
}

/// The command that runs such a program as the tests have built it, which saves the minutes of another build.
pub(crate) fn tested(program: &str, words: &[impl AsRef<OsStr>]) -> Command {
    program_of(&["run", "--quiet"], program, words)
}

fn program_of(run: &[&str], program: &str, words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = cargo();
    command.args(run).args(["--package", "everstep-tests", "--bin", program, "--"]).args(words);
    command
}

#[cfg(unix)]
fn replace(command: &mut Command) -> Outcome {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    Err(process::absent(command, &error).into())
}

#[cfg(not(unix))]
fn replace(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|error| process::absent(command, &error))?;
    std::process::exit(status.code().unwrap_or(1))
}
