//! What the program is asked to do.

use std::{ffi::OsString, path::PathBuf};

use lexopt::{Arg, Parser, ValueExt};

/// How the program is called.
pub(crate) const USAGE: &str = "\
usage: cargo xtask events show|tail|scalars|export DIR [OPTIONS]
       cargo xtask plot DIR... [OPTIONS]
DIR is a log directory with its runs, one run, or one event file.
  events show DIR       each run: its tags with kind, number, first and last step, last value
  events tail DIR       prints events as they are written, until Ctrl-C
  events scalars DIR    a table: a row for each step, a column for each tag
    --tag TAG             only this tag; may be given several times
  events export DIR     every event to stdout; several runs need --out
    --format jsonl|csv    JSON lines of every kind, or CSV of scalars     [jsonl]
    --out DIR             a file for each run, in this folder
  plot DIR...           the curves of all runs, one over the other, a chart for each tag
    -o, --out FILE        the picture                                     [curves.svg]
    --tag TAG             only this tag; may be given several times       [loss, if there is one]
    --smooth WEIGHT       of the curve so far, from 0 to below 1          [0.6]
What a resumed training made again is left out, as TensorBoard does, but by tail.";

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Show,
    Tail,
    Scalars,
    Export,
    Plot,
    Help,
}

/// What the events are exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    JsonLines,
    Csv,
}

/// What the program is asked to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) command: Command,
    pub(crate) places: Vec<PathBuf>,
    pub(crate) tags: Vec<String>,
    pub(crate) format: Format,
    pub(crate) out: Option<PathBuf>,
    pub(crate) smooth: f64,
}

impl Arguments {
    /// # Errors
    /// What cannot be understood, and what can be said instead.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        let (mut command, mut places, mut tags) = (None, Vec::new(), Vec::new());
        let (mut format, mut out, mut smooth) = (Format::JsonLines, None, 0.6);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("help") | Arg::Short('h') => command = Some(Command::Help),
                Arg::Value(word) if command.is_none() => command = Some(self::command(&word.string()?)?),
                Arg::Value(place) => places.push(PathBuf::from(place)),
                Arg::Long("tag") => tags.push(parser.value()?.string()?),
                Arg::Long("format") => format = self::format(&parser.value()?.string()?)?,
                Arg::Long("out") | Arg::Short('o') => out = Some(PathBuf::from(parser.value()?)),
                Arg::Long("smooth") => smooth = weight(parser.value()?.parse()?)?,
                other => return Err(format!("{}; --help lists what there is", other.unexpected()).into()),
            }
        }
        let command = command.ok_or("say what is to be done; --help lists what there is")?;
        Ok(Self { command, places, tags, format, out, smooth })
    }

    /// # Errors
    /// That none is named, or several are.
    pub(crate) fn one_place(&self) -> Result<PathBuf, String> {
        match &*self.places {
            [place] => Ok(place.clone()),
            places => Err(format!("name one log directory, not {}", places.len())),
        }
    }
}

fn command(word: &str) -> Result<Command, String> {
    Ok(match word {
        "show" => Command::Show,
        "tail" => Command::Tail,
        "scalars" => Command::Scalars,
        "export" => Command::Export,
        "plot" => Command::Plot,
        _ => return Err(format!("unknown command {word}; there are show, tail, scalars and export")),
    })
}

fn format(word: &str) -> Result<Format, String> {
    match word {
        "jsonl" => Ok(Format::JsonLines),
        "csv" => Ok(Format::Csv),
        _ => Err(format!("unknown format {word}; there are jsonl and csv")),
    }
}

fn weight(weight: f64) -> Result<f64, String> {
    if (0.0..1.0).contains(&weight) {
        return Ok(weight);
    }
    Err(format!("a curve cannot be smoothed by {weight}; give a number from 0 to below 1"))
}
