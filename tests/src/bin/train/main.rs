//! `cargo xtask train`: trains a classifier on real data, or a writer on a text, shows progress and reports.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod arguments;
mod perceptron;
mod report;
mod text;
mod watch;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use everstep::{
    data::{self, DIGITS_SPLIT_SEED, FASHION_MNIST_DIR, stratified_split},
    hooks::{Evaluation, Profiler, Progress, Signals},
    prelude::*,
    session::{Request, Stop},
    tensor::Which,
    train::{EvaluateOptions, evaluate_once},
};

use crate::{
    arguments::{Arguments, Data, USAGE},
    perceptron::Perceptron,
    report::Report,
    watch::Watch,
};

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
    let (train_set, test_set) = load(&arguments)?;
    if arguments.worker {
        work(&arguments, train_set, &mut signals, stop)?;
        return Ok(exit_code(&signals));
    }
    let report = train_and_test(&arguments, train_set, &test_set, &mut signals, stop)?;
    println!("{report}");
    if arguments.json {
        println!("{}", report.json());
    }
    Ok(exit_code(&signals))
}

fn exit_code(signals: &Signals) -> ExitCode {
    signals.received().map_or(ExitCode::SUCCESS, |signal| ExitCode::from(signal.exit_code()))
}

/// The samples to learn from, and those held out.
fn load(arguments: &Arguments) -> Result<(Dataset, Dataset)> {
    match arguments.data {
        Data::Digits => stratified_split(&data::digits(), "labels", 0.2, DIGITS_SPLIT_SEED),
        Data::FashionMnist => {
            let brought = PathBuf::from("target/data/fashion-mnist");
            let usual = || if brought.is_dir() { brought } else { PathBuf::from(FASHION_MNIST_DIR) };
            data::fashion_mnist(arguments.data_dir.clone().unwrap_or_else(usual))
        }
    }
}

/// Trains the model of a chief: nothing is saved or recorded here.
fn work(arguments: &Arguments, train_set: Dataset, signals: &mut Signals, stop: Stop) -> Result<()> {
    let Perceptron { graph, images, labels, train_op, .. } = Perceptron::new(arguments.data)?;
    let loader = Loader::new(train_set, arguments.loader())?;
    let feed = Feed::new("feed", move |position| loader.batch(position)?.feeds([images, labels]));
    let hooks: Vec<Box<dyn Hook<GraphSession> + '_>> =
        vec![Box::new(signals), Box::new(feed), Box::new(StopAtStep::last_step(arguments.steps))];
    let options = TrainOptions { is_chief: false, hooks, config: arguments.config(), stop, ..Default::default() };
    train(connect(graph), train_op, None, options).map(drop)
}

fn train_and_test(
    arguments: &Arguments,
    train_set: Dataset,
    test_set: &Dataset,
    signals: &mut Signals,
    stop: Stop,
) -> Result<Report> {
    let model = Perceptron::new(arguments.data)?;
    let Perceptron { images, labels, loss, accuracy, train_op, gradient_norm, .. } = model;
    let config = arguments.config();
    let events = Arc::new(EventWriter::create(&arguments.logdir)?);
    let saver = Arc::new(Saver::new(&arguments.logdir, Default::default()));
    let test = test_set.all().clone().feeds([images, labels])?;
    let loader = Loader::new(train_set, arguments.loader())?;
    let scaffold = Scaffold {
        summaries: model.graph.summaries().to_vec(),
        samples_per_step: Some(arguments.batch as u64),
        graph: Some(model.graph.to_graph_def().into()),
        saver: Some(saver.clone()),
        events: Some(events.clone()),
        ..Default::default()
    };
    let graph = Arc::new(model.graph);

    let mut watch = Watch::new();
    let feed = Feed::new("feed", move |position| loader.batch(position)?.feeds([images, labels]));
    let tested = Evaluation::new(
        Every::steps(arguments.test_steps),
        events.clone(),
        [("accuracy/test", accuracy)],
        test.clone(),
    );
    let mut hooks: Vec<Box<dyn Hook<GraphSession> + '_>> = vec![
        Box::new(&mut watch),
        Box::new(signals),
        Box::new(feed),
        Box::new(NanGuard::new([("loss", loss), ("gradient norm", gradient_norm)])),
        Box::new(tested),
        Box::new(StopAtStep::last_step(arguments.steps)),
    ];
    if arguments.trace_steps > 0 {
        hooks.push(Box::new(Profiler::new(Every::steps(arguments.trace_steps), arguments.logdir.join("traces"))));
    }
    if shows_bar() {
        hooks.push(Box::new(Progress::new(Some(arguments.steps)).loss(loss)));
    } else {
        let every = Every::steps(arguments.steps.div_ceil(10));
        hooks.push(Box::new(LogValues::new(every, [("loss", loss), ("accuracy", accuracy)]).at_end()));
    }
    let options = TrainOptions {
        scaffold,
        hooks,
        config: config.clone(),
        save_checkpoint_steps: Some(arguments.save_steps),
        stop,
        ..Default::default()
    };
    let last_loss = train(connect(graph.clone()), train_op, Some(&arguments.logdir), options)?;

    let checkpoint = saver.open(Which::Newest)?.ok_or_else(|| {
        let directory = arguments.logdir.display();
        Error::new(ErrorKind::NotFound, format!("{directory} holds no checkpoint, although the training has ended"))
    })?;
    let final_ops = Some(Request { feeds: test, ..Request::read(vec![accuracy]) });
    let tested =
        evaluate_once(connect(graph), &checkpoint, EvaluateOptions { config, final_ops, ..Default::default() })?;
    Ok(Report {
        resumed_at: watch.resumed_at,
        restarts: watch.restarts,
        global_step: checkpoint.step,
        steps_run: watch.steps,
        time: watch.time(),
        loss: last_loss.map(|loss| loss.to_f64()).transpose()?,
        held_out_nats: None,
        test_accuracy: tested.iter().flatten().next().map(|accuracy| accuracy.to_f64()).transpose()?,
        checkpoint: checkpoint.location,
        events: events.path().to_owned(),
        logdir: Path::new(&arguments.logdir).to_owned(),
    })
}
