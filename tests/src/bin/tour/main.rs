//! `tour DIR`: trains a few small classifiers of handwritten digits that say something of every kind of event, and prints
//! as JSON what a reader of the log directory must find. `cargo xtask interop` compares that with what TensorBoard finds.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod exhibits;
mod expected;
mod model;
mod training;

use std::{error::Error, path::Path, process::ExitCode, sync::Arc};

use everstep::{
    data::{self, DIGITS_SPLIT_SEED, stratified_split},
    event::{Dataset, Domain, Experiment, Hparam, Metric, What},
    prelude::{Event, EventSink, EventWriter},
};
use serde_json::Value;

use crate::{expected::Expected, training::Trial};

/// The trials of the search: name, learning rate, width of the hidden layer.
const TRIALS: [(&str, f64, usize); 3] = [("slow", 0.0005, 32), ("good", 0.005, 64), ("wild", 0.05, 16)];

fn main() -> ExitCode {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).format_target(false).init();
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let [logdir] = &*words else {
        eprintln!("usage: tour DIR");
        return ExitCode::FAILURE;
    };
    match tour(Path::new(logdir)) {
        Ok(expected) => {
            println!("{expected}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn tour(logdir: &Path) -> Result<Value, Box<dyn Error>> {
    let (train_set, test_set) = stratified_split(&data::digits(), "labels", 0.2, DIGITS_SPLIT_SEED)?;
    let mut expected = Expected::default();
    let writer = EventWriter::create(logdir)?;
    writer.emit(Event::now(0, What::Experiment(Arc::new(experiment()))))?;
    writer.close()?;
    for (name, learning_rate, width) in TRIALS {
        let trial = Trial { name, learning_rate, width, logdir };
        for events in trial.run(&train_set, &test_set)? {
            expected.add(name, events);
        }
    }
    exhibits::projector(&logdir.join("good"), &test_set)?;
    Ok(expected.into_json())
}

/// What the search varies and measures.
fn experiment() -> Experiment {
    let hparam = |name: &str, description: &str, domain| {
        let (name, description) = (name.to_owned(), description.to_owned());
        Hparam { name, description, domain, ..Hparam::default() }
    };
    let metric = |tag: &str, display_name: &str, dataset| {
        let (tag, display_name) = (tag.to_owned(), display_name.to_owned());
        Metric { tag, display_name, dataset, ..Metric::default() }
    };
    let widths = TRIALS.iter().map(|(.., width)| (*width as f64).into()).collect();
    Experiment {
        name: "digits".to_owned(),
        description: "A perceptron of one hidden layer on handwritten digits.".to_owned(),
        hparams: vec![
            hparam("learning_rate", "Adam's", Domain::Interval { min: 0.0001, max: 0.1 }),
            hparam("width", "units of the hidden layer", Domain::OneOf(widths)),
            hparam("activation", "of the hidden layer", Domain::OneOf(vec!["relu".into()])),
            hparam("shuffled", "whether batches are drawn at random", Domain::Bool),
        ],
        metrics: vec![
            metric("loss", "loss", Dataset::Training),
            metric("accuracy/test", "accuracy on unseen digits", Dataset::Validation),
        ],
        ..Experiment::default()
    }
}
