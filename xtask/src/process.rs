//! Other programs: how the chores start them and what they say when one fails.

use std::{
    env,
    io::{self, Write},
    process::{Command, Output},
};

use crate::Outcome;

/// The cargo that runs this chore, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Whether `command` is there and succeeds; what it prints is dropped.
pub(crate) fn answers(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs `command`; what it prints goes to the terminal.
pub(crate) fn run(command: &mut Command) -> Outcome {
    log::info!("{}", line(command));
    let status = command.status().map_err(|error| absent(command, &error))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", line(command)).into()) }
}

/// Runs `command`; what it prints is shown only if it fails.
pub(crate) fn run_quietly(command: &mut Command) -> Outcome<Output> {
    log::debug!("{}", line(command));
    let output = command.output().map_err(|error| absent(command, &error))?;
    if output.status.success() {
        return Ok(output);
    }
    io::stderr().write_all(&output.stdout)?;
    io::stderr().write_all(&output.stderr)?;
    Err(format!("`{}` failed: {}", line(command), output.status).into())
}

/// The error for a program that could not be started.
pub(crate) fn absent(command: &Command, error: &io::Error) -> String {
    format!("cannot start `{}`: {error}; install it or put it on the path", command.get_program().display())
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let words = [name].into_iter().chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
