//! `cargo xtask train`: trains a classifier on real data, shows progress and reports.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program prints")]

mod arguments;
mod perceptron;
mod report;
mod test_accuracy;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use everstep::{
    data::{self, DIGITS_SPLIT_SEED, FASHION_MNIST_DIR, stratified_split},
    hook::StartedFrom,
    hooks::{Progress, Signals},
    prelude::*,
    session::Stop,
    tensor::{CopyRules, Which},
    train::restore,
};

use crate::{
    arguments::{Arguments, Data, USAGE},
    perceptron::Perceptron,
    report::Report,
    test_accuracy::{TestAccuracy, measure, request},
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
    let arguments = Arguments::parse(std::env::args_os().skip(1))?;
    if arguments.help {
        println!("{USAGE}");
        return Ok(ExitCode::SUCCESS);
    }
    let (train_set, test_set) = load(&arguments)?;
    let report = train_and_test(&arguments, train_set, &test_set, &mut signals, stop)?;
    println!("{report}");
    if arguments.json {
        println!("{}", report.json());
    }
    Ok(signals.received().map_or(ExitCode::SUCCESS, |signal| ExitCode::from(signal.exit_code())))
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

fn train_and_test(
    arguments: &Arguments,
    train_set: Dataset,
    test_set: &Dataset,
    signals: &mut Signals,
    stop: Stop,
) -> Result<Report> {
    let model = Perceptron::new(arguments.data)?;
    let Perceptron { images, labels, loss, accuracy, train_op, gradient_norm, .. } = model;
    let config = SessionConfig { intra_op_threads: arguments.threads, seed: arguments.seed, ..Default::default() };
    let events = Arc::new(EventWriter::create(&arguments.logdir)?);
    let saver = Arc::new(Saver::new(&arguments.logdir, Default::default()));
    let test = request(accuracy, [images, labels], test_set.all())?;
    let options = LoaderOptions { batch: arguments.batch, seed: arguments.seed, ..Default::default() };
    let loader = Loader::new(train_set, options)?;
    let scaffold = Scaffold {
        summaries: model.graph.summaries().iter().map(|summary| (summary.tag.clone(), summary.output)).collect(),
        graph: Some(model.graph.to_graph_def().into()),
        saver: Some(saver.clone()),
        events: Some(events.clone()),
        ..Default::default()
    };
    let graph = Arc::new(model.graph);

    let mut watch = Watch::new();
    let feed = Feed::new("feed", move |position| loader.batch(position)?.feeds([images, labels]));
    let save = Every { steps: arguments.save_steps, time: Duration::from_secs(600) };
    let mut hooks: Vec<Box<dyn Hook<GraphSession> + '_>> = vec![
        Box::new(&mut watch),
        Box::new(signals),
        Box::new(feed),
        Box::new(NanGuard::new([("loss", loss), ("gradient norm", gradient_norm)])),
        Box::new(TestAccuracy::new(test.clone(), Every::steps(100), events.clone())),
        Box::new(CheckpointSaver::new(save)),
        Box::new(StopAtStep::last_step(arguments.steps)),
    ];
    if shows_bar() {
        hooks.push(Box::new(Progress::new(Some(arguments.steps)).loss(loss)));
    } else {
        let every = Every::steps(arguments.steps.div_ceil(10));
        hooks.push(Box::new(LogValues::new(every, [("loss", loss), ("accuracy", accuracy)]).at_end()));
    }
    // The saving hook above minds steps as well as seconds, so the facade's own is off.
    let options = TrainOptions {
        scaffold,
        hooks,
        config: config.clone(),
        save_checkpoint_secs: None,
        stop,
        ..Default::default()
    };
    let last_loss = train(connect(graph.clone()), train_op, Some(&arguments.logdir), options)?;

    let mut session = GraphSession::new(graph, &config)?;
    let checkpoint = restore(&*saver, Which::Newest, &mut session, &CopyRules::default())?.ok_or_else(|| {
        let directory = arguments.logdir.display();
        Error::new(ErrorKind::NotFound, format!("{directory} holds no checkpoint, although the training has ended"))
    })?;
    Ok(Report {
        resumed_at: watch.resumed_at,
        global_step: checkpoint.step,
        steps_run: watch.steps,
        time: watch.time(),
        loss: last_loss.map(|loss| loss.to_f64()).transpose()?,
        test_accuracy: measure(&mut session, &test)?,
        checkpoint: checkpoint.location,
        events: events.path().to_owned(),
        logdir: Path::new(&arguments.logdir).to_owned(),
    })
}

/// Sees where the training began and how long it took.
struct Watch {
    resumed_at: Option<u64>,
    steps: u64,
    began: Instant,
    ended: Option<Instant>,
}

impl Watch {
    fn new() -> Self {
        Self { resumed_at: None, steps: 0, began: Instant::now(), ended: None }
    }

    fn time(&self) -> Duration {
        self.ended.unwrap_or_else(Instant::now) - self.began
    }
}

impl<S: Session> Hook<S> for Watch {
    fn name(&self) -> &str {
        "watch"
    }
    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        if let StartedFrom::Restored(step) = start.from {
            println!("resumed at step {step}");
            self.resumed_at = Some(step);
        }
        self.began = Instant::now();
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.steps += run.global_step() - run.step_before();
        Ok(())
    }
    fn end(&mut self, _session: &mut S) -> Result<()> {
        self.ended = Some(Instant::now());
        Ok(())
    }
}
