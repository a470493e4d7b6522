//! The chores of the workspace: `cargo xtask help` lists them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks to its terminal")]

mod cases;
mod ci;
mod cross_read;
mod data;
mod fuzz;
mod help;
mod interop;
mod killed_saves;
mod ops;
mod process;
mod program;
mod suite;
mod tidy;
mod workspace;

use std::{env, error::Error, ffi::OsString, process::ExitCode};

/// What a chore returns; the error's text is the one line that the caller reads.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A chore, given the words after its name.
type Command = fn(Vec<OsString>) -> Outcome;

/// Every chore; `help` describes them in this order.
const COMMANDS: &[(&str, Command)] = &[
    ("train", program::train),
    ("bench", program::bench),
    ("killed-events", program::killed_events),
    ("events", program::events),
    ("plot", program::plot),
    ("checkpoint", program::checkpoint),
    ("data", data::data),
    ("test", suite::test),
    ("tidy", tidy::tidy),
    ("cases", cases::cases),
    ("ops", ops::ops),
    ("fuzz", fuzz::fuzz),
    ("killed-saves", killed_saves::killed_saves),
    ("interop", interop::interop),
    ("ci", ci::ci),
    ("help", help::help),
];

fn main() -> ExitCode {
    let filter = env_logger::Env::default().default_filter_or("info");
    env_logger::Builder::from_env(filter).format_target(false).init();
    match dispatch(env::args_os().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut words: Vec<OsString>) -> Outcome {
    if words.is_empty() {
        return help::help(words);
    }
    let name = words.remove(0).to_string_lossy().into_owned();
    if asks_for_help(&name)
        || (!matches!(&*name, "train" | "bench" | "checkpoint" | "killed-events" | "events" | "plot")
            && words.iter().any(|word| asks_for_help(&word.to_string_lossy())))
    {
        return help::help(Vec::new());
    }
    match COMMANDS.iter().find(|(known, _)| *known == name) {
        Some((_, command)) => command(words),
        None => Err(format!("unknown command `{name}`; the commands are {}", help::names()).into()),
    }
}

fn asks_for_help(word: &str) -> bool {
    matches!(word, "--help" | "-h")
}

/// The error for a chore that takes no options and got some.
fn no_options(words: &[OsString]) -> Outcome {
    match words.first() {
        Some(word) => Err(format!("unexpected argument `{}`; see `cargo xtask help`", word.display()).into()),
        None => Ok(()),
    }
}
