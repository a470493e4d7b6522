//! `cargo xtask events` and `cargo xtask plot`: what event files hold, for people and for other programs.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod arguments;
mod curves;
mod export;
mod plot;
mod show;
mod tail;

use std::{error::Error, process::ExitCode};

use everstep_summary::{Follower, History, Run, runs};

use crate::arguments::{Arguments, Command, USAGE};

/// What a command returns; the error's text is the one line that the caller reads.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1)).map_err(Into::into).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads the output has seen enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Outcome {
    match arguments.command {
        Command::Help => {
            println!("{USAGE}");
            Ok(())
        }
        Command::Show => show::show(&arguments.one_place()?),
        Command::Tail => tail::tail(&arguments.one_place()?),
        Command::Scalars => curves::scalars(&arguments.one_place()?, &arguments.tags),
        Command::Export => export::export(&arguments.one_place()?, &arguments),
        Command::Plot => plot::plot(&arguments),
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// The runs below a log directory, or the one event file.
///
/// # Errors
/// Why it cannot be read, or that there is none.
fn runs_of(place: &std::path::Path) -> Outcome<Vec<Run>> {
    if place.is_file() {
        return Ok(vec![Run { name: ".".to_owned(), path: place.to_owned() }]);
    }
    let runs = runs(place)?;
    if runs.is_empty() {
        return Err(format!("`{}` holds no event files; name a log directory", place.display()).into());
    }
    Ok(runs)
}

/// The events of a run that hold; what cannot be read is told on stderr.
fn history(run: &Run) -> Outcome<History> {
    let mut history = History::new();
    let mut follower = Follower::open(&run.path)?;
    for event in follower.by_ref() {
        match event {
            Ok(event) => history.push(event),
            Err(error) => eprintln!("{error}"),
        }
    }
    for file in follower.torn() {
        eprintln!("`{}` ends within a record: its writer was stopped, or is still writing", file.display());
    }
    Ok(history)
}
