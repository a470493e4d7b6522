//! `cargo xtask checkpoint`: looks at checkpoints of every format, compares, converts and prunes them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod arguments;
mod convert;
mod diff;
mod found;
mod list;
mod prune;
mod show;
mod table;
mod torch;
mod verify;

use std::process::ExitCode;

use arguments::{Arguments, USAGE};
use everstep_tensor::Result;

fn main() -> ExitCode {
    let filter = env_logger::Env::default().default_filter_or("warn");
    env_logger::Builder::from_env(filter).format_target(false).init();
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is in order: what `verify` and `diff` tell by the exit code.
fn run(arguments: &Arguments) -> Result<bool> {
    let paths: Vec<&std::path::Path> = arguments.paths.iter().map(AsRef::as_ref).collect();
    match (arguments.command.as_str(), &paths[..]) {
        ("list", [dir]) => list::list(dir, arguments.json),
        ("show", [path]) => show::show(path, arguments.json),
        ("verify", [path]) => verify::verify(path, arguments.quick, arguments.json),
        ("diff", [left, right]) => diff::diff(left, right, arguments.json),
        ("convert", [from, into]) => convert::convert(from, into, arguments.json),
        ("prune", [dir]) => prune::prune(dir, arguments),
        (command, paths) => {
            let message = format!("{command} does not take {} paths; see --help", paths.len());
            Err(everstep_tensor::Error::new(everstep_tensor::ErrorKind::InvalidArgument, message))
        }
    }
}
