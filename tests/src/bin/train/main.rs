//! `cargo xtask train`: trains a classifier on real data, or a writer on a text, shows progress and reports.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod arguments;
mod classifier;
mod classify;
mod cnn;
mod perceptron;
mod report;
mod text;
mod watch;

use std::{io::IsTerminal, path::Path, process::ExitCode};

use everstep::{
    hooks::Signals,
    prelude::*,
    session::Stop,
    tensor::{Checkpoint, Which},
};

use crate::arguments::{Arguments, USAGE};

fn main() -> ExitCode {
    // Lines between the frames of a bar leave traces of it, and the bar tells the speed itself.
    let default = if shows_bar() { "info,everstep_hooks::step_counter=warn" } else { "info" };
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(default)).format_target(false).init();
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A bar needs a terminal; a log gets lines.
fn shows_bar() -> bool {
    std::io::stderr().is_terminal()
}

fn run() -> std::result::Result<ExitCode, Box<dyn std::error::Error>> {
    let stop = Stop::default();
    let mut signals = Signals::watch(&stop)?;
    let mut words = std::env::args_os().skip(1).peekable();
    if words.next_if(|word| word == "text").is_some() {
        return text::run(words, &mut signals, stop);
    }
    let arguments = Arguments::parse(words)?;
    if arguments.help {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(report) = classify::classify(&arguments, &mut signals, stop)? {
        println!("{report}");
        if arguments.json {
            println!("{}", report.json());
        }
    }
    Ok(exit_code(&signals))
}

/// What a training has saved last; after one that has ended there is something.
fn newest(saver: &Saver, logdir: &Path) -> Result<Checkpoint> {
    saver.open(Which::Newest)?.ok_or_else(|| {
        let directory = logdir.display();
        Error::new(ErrorKind::NotFound, format!("{directory} holds no checkpoint, although the training has ended"))
    })
}

fn exit_code(signals: &Signals) -> ExitCode {
    signals.received().map_or(ExitCode::SUCCESS, |signal| ExitCode::from(signal.exit_code()))
}
