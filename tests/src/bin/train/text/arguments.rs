//! What the program that learns a text is asked to do.

use std::{ffi::OsString, path::PathBuf};

use everstep::prelude::SessionConfig;
use lexopt::{Arg, Parser};

/// How the program is called.
pub(crate) const USAGE: &str = "\
usage: cargo xtask train text [options]
  --file FILE       the text, UTF-8; its last tenth is held out   [nine plays of Shakespeare's First Folio]
  --layers L        blocks of the transformer   [4]
  --width W         of the vectors between them   [128]
  --heads H         of each attention; a divisor of the width   [4]
  --context C       characters that a prediction sees   [128]
  --batch B         pieces of text a step   [16]
  --steps N         the last step   [2000]
  --logdir DIR      checkpoints and events   [runs/text]
  --save-steps N    steps between checkpoints   [200; and every 10 minutes]
  --test-steps N    steps between samples, and tests on the text held out   [200]
  --temperature T   of the samples: below 1 likely characters become likelier   [0.8]
  --threads T       threads; 0 is all cores   [0]
  --seed S          initial values, pieces of text and samples   [0]
  --json            end the output with one line of JSON
Ctrl-C or SIGTERM finishes the step, saves it and exits with 130 or 143; a second one ends at once.";

/// What the program is asked to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) file: Option<PathBuf>,
    pub(crate) layers: usize,
    pub(crate) width: usize,
    pub(crate) heads: usize,
    pub(crate) context: usize,
    pub(crate) batch: usize,
    pub(crate) steps: u64,
    pub(crate) logdir: PathBuf,
    pub(crate) save_steps: u64,
    pub(crate) test_steps: u64,
    pub(crate) temperature: f64,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    pub(crate) json: bool,
    pub(crate) help: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            file: None,
            layers: 4,
            width: 128,
            heads: 4,
            context: 128,
            batch: 16,
            steps: 2000,
            logdir: "runs/text".into(),
            save_steps: 200,
            test_steps: 200,
            temperature: 0.8,
            threads: 0,
            seed: 0,
            json: false,
            help: false,
        }
    }
}

impl Arguments {
    /// How the session is opened.
    pub(crate) fn config(&self) -> SessionConfig {
        SessionConfig { intra_op_threads: self.threads, seed: self.seed, ..SessionConfig::default() }
    }

    /// # Errors
    /// What cannot be understood, and what can be said instead.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        use lexopt::ValueExt;

        let mut parser = Parser::from_args(arguments);
        let mut parsed = Self::default();
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("file") => parsed.file = Some(parser.value()?.into()),
                Arg::Long("layers") => parsed.layers = parser.value()?.parse()?,
                Arg::Long("width") => parsed.width = parser.value()?.parse()?,
                Arg::Long("heads") => parsed.heads = parser.value()?.parse()?,
                Arg::Long("context") => parsed.context = parser.value()?.parse()?,
                Arg::Long("batch") => parsed.batch = parser.value()?.parse()?,
                Arg::Long("steps") => parsed.steps = parser.value()?.parse()?,
                Arg::Long("logdir") => parsed.logdir = parser.value()?.into(),
                Arg::Long("save-steps") => parsed.save_steps = parser.value()?.parse()?,
                Arg::Long("test-steps") => parsed.test_steps = parser.value()?.parse()?,
                Arg::Long("temperature") => parsed.temperature = parser.value()?.parse()?,
                Arg::Long("threads") => parsed.threads = parser.value()?.parse()?,
                Arg::Long("seed") => parsed.seed = parser.value()?.parse()?,
                Arg::Long("json") => parsed.json = true,
                Arg::Long("help") | Arg::Short('h') => parsed.help = true,
                other => return Err(format!("{}; --help lists what there is", other.unexpected()).into()),
            }
        }
        parsed.check()
    }

    fn check(self) -> Result<Self, lexopt::Error> {
        let positive =
            [("layers", self.layers), ("width", self.width), ("context", self.context), ("batch", self.batch)];
        if let Some((name, _)) = positive.iter().find(|(_, value)| *value == 0) {
            return Err(format!("--{name} is 0; give at least 1").into());
        }
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return Err(format!("--temperature is {}; give a positive number", self.temperature).into());
        }
        Ok(self)
    }
}
