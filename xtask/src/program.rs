//! `cargo xtask train`: the train program, built with optimisation.

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
    log::info!("building the train program with optimisation (minutes the first time, a moment afterwards)");
    replace(&mut command(&words))
}

/// The command that builds the train program and runs it with `words`.
pub(crate) fn command(words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "xtask", "--features", "train", "--bin", "xtask-train", "--"]);
    command.args(words);
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
