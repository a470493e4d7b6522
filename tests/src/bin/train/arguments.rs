//! What the program is asked to do.

use std::{ffi::OsString, path::PathBuf, str::FromStr};

use everstep::prelude::{LoaderOptions, SessionConfig};
use lexopt::{Arg, Parser, ValueExt};

/// How the program is called.
pub(crate) const USAGE: &str = "\
usage: cargo xtask train [digits|fashion-mnist] [options]
       cargo xtask train text [options]   a transformer on a text; its own --help lists its options
  --model MODEL     perceptron, or cnn          [perceptron]
  --logdir DIR      checkpoints and events      [runs/<data set>, runs/<data set>-cnn]
  --steps N         the last step               [digits 1500, fashion-mnist 6000; cnn 600, 4000]
  --save-steps N    steps between checkpoints   [200; and every 10 minutes]
  --test-steps N    steps between tests on samples held out   [100; cnn 500]
  --trace-steps N   steps between traces of kernels, for ui.perfetto.dev, in DIR/traces   [0: none]
  --batch B         samples a step              [digits 64, fashion-mnist 128]
  --threads T       threads; 0 is all cores     [0]
  --seed S          initial values and order    [0]
  --data DIR        where Fashion-MNIST is      [target/data/fashion-mnist, /usr/share/datasets/fashion-mnist]
  --worker          wait for the model of a chief, which the embedded engine has only in its own process
  --json            end the output with one line of JSON
Ctrl-C or SIGTERM finishes the step, saves it and exits with 130 or 143; a second one ends at once.";

/// Which data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    Digits,
    FashionMnist,
}

/// Which model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Model {
    Perceptron,
    Cnn,
}

impl FromStr for Model {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "perceptron" => Ok(Self::Perceptron),
            "cnn" => Ok(Self::Cnn),
            _ => Err(format!("unknown model {name}; there are perceptron and cnn")),
        }
    }
}

/// What the program is asked to do.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) data: Data,
    pub(crate) model: Model,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) logdir: PathBuf,
    pub(crate) steps: u64,
    pub(crate) save_steps: u64,
    pub(crate) test_steps: u64,
    pub(crate) trace_steps: u64,
    pub(crate) batch: usize,
    pub(crate) threads: usize,
    pub(crate) seed: u64,
    pub(crate) worker: bool,
    pub(crate) json: bool,
    pub(crate) help: bool,
}

impl FromStr for Data {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "digits" => Ok(Self::Digits),
            "fashion-mnist" => Ok(Self::FashionMnist),
            _ => Err(format!("unknown data set {name}; there are digits, fashion-mnist and text")),
        }
    }
}

impl Data {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::FashionMnist => "fashion-mnist",
        }
    }
}

impl Arguments {
    /// How the session is opened.
    pub(crate) fn config(&self) -> SessionConfig {
        SessionConfig { intra_op_threads: self.threads, seed: self.seed, ..SessionConfig::default() }
    }

    /// How the samples are dealt out.
    pub(crate) fn loader(&self) -> LoaderOptions {
        LoaderOptions { batch: self.batch, seed: self.seed, ..LoaderOptions::default() }
    }

    /// # Errors
    /// What cannot be understood, and what can be said instead.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        let mut parser = Parser::from_args(arguments);
        let mut data = None;
        let (mut data_dir, mut logdir, mut steps, mut test_steps, mut batch) = (None, None, None, None, None);
        let (mut model, mut save_steps, mut trace_steps, mut threads, mut seed) = (Model::Perceptron, 200, 0, 0, 0);
        let (mut worker, mut json, mut help) = (false, false, false);
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Value(name) if data.is_none() => data = Some(name.string()?.parse::<Data>()?),
                Arg::Long("model") => model = parser.value()?.string()?.parse()?,
                Arg::Long("data") => data_dir = Some(PathBuf::from(parser.value()?)),
                Arg::Long("logdir") => logdir = Some(PathBuf::from(parser.value()?)),
                Arg::Long("steps") => steps = Some(parser.value()?.parse()?),
                Arg::Long("save-steps") => save_steps = parser.value()?.parse()?,
                Arg::Long("test-steps") => test_steps = Some(parser.value()?.parse()?),
                Arg::Long("trace-steps") => trace_steps = parser.value()?.parse()?,
                Arg::Long("batch") => batch = Some(parser.value()?.parse()?),
                Arg::Long("threads") => threads = parser.value()?.parse()?,
                Arg::Long("seed") => seed = parser.value()?.parse()?,
                Arg::Long("worker") => worker = true,
                Arg::Long("json") => json = true,
                Arg::Long("help") | Arg::Short('h') => help = true,
                other => return Err(format!("{}; --help lists what there is", other.unexpected()).into()),
            }
        }
        let data = data.unwrap_or(Data::Digits);
        let (default_steps, default_batch) = match (data, model) {
            (Data::Digits, Model::Perceptron) => (1500, 64),
            (Data::Digits, Model::Cnn) => (600, 64),
            (Data::FashionMnist, Model::Perceptron) => (6000, 128),
            (Data::FashionMnist, Model::Cnn) => (4000, 128),
        };
        let (default_logdir, default_test_steps) = match model {
            Model::Perceptron => (data.name().to_owned(), 100),
            Model::Cnn => (format!("{}-cnn", data.name()), 500),
        };
        Ok(Self {
            data,
            model,
            data_dir,
            logdir: logdir.unwrap_or_else(|| PathBuf::from("runs").join(default_logdir)),
            steps: steps.unwrap_or(default_steps),
            save_steps,
            test_steps: test_steps.unwrap_or(default_test_steps),
            trace_steps,
            batch: batch.unwrap_or(default_batch),
            threads,
            seed,
            worker,
            json,
            help,
        })
    }
}
