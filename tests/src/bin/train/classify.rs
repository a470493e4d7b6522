//! Trains a classifier, and tests what was saved on samples held out.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use everstep::{
    data::{self, DIGITS_SPLIT_SEED, FASHION_MNIST_DIR, LastBatch, Shuffle, stratified_split},
    hooks::{Evaluation, Profiler, Progress, Signals},
    prelude::*,
    session::{Request, Stop},
    train::{EvaluateOptions, evaluate_once},
};

use crate::{
    arguments::{Arguments, Data},
    classifier::Classifier,
    newest,
    report::Report,
    shows_bar,
    watch::Watch,
};

/// Trains, and tells what came of it; a worker tells nothing.
pub(crate) fn classify(arguments: &Arguments, signals: &mut Signals, stop: Stop) -> Result<Option<Report>> {
    let (train_set, test_set) = load(arguments)?;
    if arguments.worker {
        work(arguments, train_set, signals, stop)?;
        return Ok(None);
    }
    train_and_test(arguments, train_set, test_set, signals, stop).map(Some)
}

/// The samples held out, once.
fn test_batches() -> LoaderOptions {
    LoaderOptions {
        batch: 500,
        shuffle: Shuffle::None,
        last: LastBatch::Partial,
        epochs: Some(1),
        ..Default::default()
    }
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
    let Classifier { graph, images, labels, train_op, .. } = Classifier::new(arguments.data, arguments.model)?;
    let loader = Loader::new(train_set, arguments.loader())?;
    let feed = Feed::new("feed", move |position| loader.batch(position)?.feeds([images, labels]));
    let hooks: Vec<Box<dyn Hook<GraphSession> + '_>> =
        vec![Box::new(signals), Box::new(feed), Box::new(StopAtStep::last_step(arguments.steps))];
    let options = TrainOptions { is_chief: false, hooks, config: arguments.config(), stop, ..Default::default() };
    train(connect(graph), train_op, None, options).map(drop)
}

/// Trains, saves and tests what was saved.
fn train_and_test(
    arguments: &Arguments,
    train_set: Dataset,
    test_set: Dataset,
    signals: &mut Signals,
    stop: Stop,
) -> Result<Report> {
    let model = Classifier::new(arguments.data, arguments.model)?;
    let Classifier { images, labels, loss, accuracy, tested, train_op, gradient_norm, .. } = model;
    let config = arguments.config();
    let events = Arc::new(EventWriter::create(&arguments.logdir)?);
    let saver = Arc::new(Saver::new(&arguments.logdir, Default::default()));
    let test = Loader::new(test_set, test_batches())?;
    let test = move |position| test.batch(position)?.feeds([images, labels]);
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
    let evaluation = Evaluation::over(
        Every::steps(arguments.test_steps),
        events.clone(),
        [("accuracy/test", tested.value)],
        vec![tested.update],
        test.clone(),
    );
    let mut hooks: Vec<Box<dyn Hook<GraphSession> + '_>> = vec![
        Box::new(&mut watch),
        Box::new(signals),
        Box::new(feed),
        Box::new(NanGuard::new([("loss", loss), ("gradient norm", gradient_norm)])),
        Box::new(evaluation),
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

    let checkpoint = newest(&saver, &arguments.logdir)?;
    let evaluate = EvaluateOptions {
        config,
        eval_ops: vec![tested.update],
        hooks: vec![Box::new(Feed::new("test", test))],
        final_ops: Some(Request::read(vec![tested.value])),
        ..Default::default()
    };
    let tested = evaluate_once(connect(graph), &checkpoint, evaluate)?;
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
