//! What the program is asked to do.

use std::{ffi::OsString, path::PathBuf};

use everstep_checkpoint::{Better, Keep};
use lexopt::{Arg, Parser, ValueExt};

/// How the program is called.
pub(crate) const USAGE: &str = "\
usage: cargo xtask checkpoint COMMAND PATH [OPTIONS]
  list DIR           every checkpoint of DIR: step, format, tensors, bytes, and what is wrong with it
  show PATH          what a checkpoint holds: step, notes of the run, tensors
  verify PATH        reads every byte; of a directory, all its checkpoints; exit code 1 if one is damaged
  diff LEFT RIGHT    what differs between two checkpoints; exit code 1 if anything does
  convert FROM INTO  writes FROM in the format that the name INTO ends in
  prune DIR          removes what no rule keeps, as the saver does
A PATH is a file, a TensorFlow prefix, or a directory, which stands for its newest checkpoint.
Formats by their endings: .everstep, .safetensors, .npz, .index (TensorFlow); .pt and .pth are only read.
options
  --json             one line of JSON in place of tables
  --quick            verify: only what can be told without reading the tensors
  --keep N           prune: the newest so many stay   [5]
  --every-steps N    prune: one in so many steps stays too
  --every-hours H    prune: one in so many hours stays too
  --lowest M=N       prune: the N of the lowest metric M stay too
  --highest M=N      prune: the N of the highest metric M stay too
  --dry-run          prune: tell, but remove nothing";

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) command: String,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) json: bool,
    pub(crate) quick: bool,
    pub(crate) dry_run: bool,
    last: Option<usize>,
    others: Vec<Keep>,
}

impl Arguments {
    /// `None` where help is asked for.
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Result<Option<Self>, lexopt::Error> {
        let mut arguments = Self::default();
        let mut parser = Parser::from_args(words);
        while let Some(word) = parser.next()? {
            match word {
                Arg::Long("help") | Arg::Short('h') => return Ok(None),
                Arg::Long("json") => arguments.json = true,
                Arg::Long("quick") => arguments.quick = true,
                Arg::Long("dry-run") => arguments.dry_run = true,
                Arg::Long("keep") => arguments.last = Some(parser.value()?.parse()?),
                Arg::Long("every-steps") => arguments.others.push(Keep::EverySteps(parser.value()?.parse()?)),
                Arg::Long("every-hours") => arguments.others.push(Keep::EveryHours(parser.value()?.parse()?)),
                Arg::Long("lowest") => arguments.others.push(best(&parser.value()?.string()?, Better::Lower)?),
                Arg::Long("highest") => arguments.others.push(best(&parser.value()?.string()?, Better::Higher)?),
                Arg::Value(value) if arguments.command.is_empty() => arguments.command = value.string()?,
                Arg::Value(value) => arguments.paths.push(value.into()),
                other => return Err(other.unexpected()),
            }
        }
        if arguments.command.is_empty() {
            return Err("name a command".into());
        }
        const COMMANDS: [&str; 6] = ["list", "show", "verify", "diff", "convert", "prune"];
        if !COMMANDS.contains(&arguments.command.as_str()) {
            let known = COMMANDS.join(", ");
            return Err(format!("unknown command {}; the commands are {known}", arguments.command).into());
        }
        Ok(Some(arguments))
    }

    /// The rules by which `prune` goes.
    pub(crate) fn keep(&self) -> Keep {
        self.others.iter().fold(Keep::Last(self.last.unwrap_or(5)), |rules, rule| rules.or(rule.clone()))
    }
}

/// Of `METRIC=N`.
fn best(rule: &str, better: Better) -> Result<Keep, lexopt::Error> {
    let parts = rule.rsplit_once('=').and_then(|(metric, count)| Some((metric, count.parse().ok()?)));
    let (metric, count) = parts.ok_or_else(|| format!("{rule} is not METRIC=N, such as loss=3"))?;
    Ok(Keep::best(metric, count, better))
}
