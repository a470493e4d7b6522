//! What goes wrong outside the house: each message of `docs/errors.md`, provoked.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use everstep_checkpoint::{Options, Saver};
use everstep_data::fashion_mnist;
use everstep_engine::{GraphSession, connect};
use everstep_event::Memory;
use everstep_graph::{Graph, Initializer};
use everstep_hook::{Every, Hook};
use everstep_hooks::{CheckpointSaver, Feed, NanGuard, StopAtStep};
use everstep_nn::mean_squared_error;
use everstep_optim::{Sgd, create_train_op};
use everstep_tensor::{DType, ErrorKind, Result, Save, Tensor, Which};
use everstep_train::{TrainOptions, train};

use crate::regression::{Feeds, Regression};

/// Every message of the page, in its order, with what provokes it in an empty directory.
const PROVOKED: &[fn(&Path) -> String] = &[
    no_logdir_for_summaries,
    no_logdir_for_checkpoints,
    an_empty_logdir,
    a_negative_period,
    another_master,
    events_below_a_file,
    checkpoints_below_a_file,
    a_truncated_checkpoint,
    a_flipped_bit,
    a_checkpoint_of_another_model,
    a_wrong_shape,
    a_wrong_dtype,
    an_input_that_is_not_fed,
    an_input_that_two_hooks_feed,
    a_nan_in_the_input,
    a_checked_loss,
    an_unknown_data_set,
    an_unknown_model,
    an_unknown_option,
    fashion_mnist_that_is_not_there,
    a_damaged_idx_file,
];

#[test]
fn the_page_shows_what_is_said() {
    let shown = messages(include_str!("../../../docs/errors.md"));
    assert_eq!(shown.len(), PROVOKED.len(), "messages on the page and in the test");
    for (shown, provoke) in shown.iter().zip(PROVOKED) {
        assert_eq!(*shown, said(*provoke));
    }
}

/// The first column of the table, out of its code spans.
fn messages(page: &str) -> Vec<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `"));
    cells.filter_map(|row| row.split(" | ").next()).map(|cell| cell.trim_matches(['`', ' ']).to_owned()).collect()
}

/// The message, one line, with the directory's name left out.
#[track_caller]
fn said(provoke: fn(&Path) -> String) -> String {
    let directory = tempfile::tempdir().unwrap();
    let message = provoke(directory.path());
    assert!(!message.contains('\n'), "not one line: {message}");
    assert!(!message.ends_with('.') && !message.starts_with(char::is_uppercase), "{message}");
    message.replace(directory.path().to_str().unwrap(), "DIR")
}

/// Trains the regression to step 3 in the directory.
fn train_in(logdir: Option<&Path>, change: impl FnOnce(&mut TrainOptions<'_, GraphSession>)) -> Result<()> {
    let model = Regression::new();
    let mut options =
        TrainOptions { hooks: vec![Box::new(model.feed()), Box::new(StopAtStep::last_step(3))], ..Default::default() };
    change(&mut options);
    train(connect(model.graph.clone()), model.train_op, logdir, options).map(|_| ())
}

/// The message of an error of that kind.
#[track_caller]
fn message<T>(result: Result<T>, kind: ErrorKind) -> String {
    let error = result.err().expect("this goes wrong");
    assert_eq!(error.kind(), kind, "{error}");
    error.to_string()
}

fn no_logdir_for_summaries(_: &Path) -> String {
    message(train_in(None, |_| ()), ErrorKind::InvalidArgument)
}

fn no_logdir_for_checkpoints(_: &Path) -> String {
    message(train_in(None, |options| options.save_summaries_steps = None), ErrorKind::InvalidArgument)
}

fn an_empty_logdir(_: &Path) -> String {
    message(train_in(Some(Path::new("")), |_| ()), ErrorKind::InvalidArgument)
}

fn a_negative_period(directory: &Path) -> String {
    let message = message(
        train_in(Some(directory), |options| options.save_checkpoint_secs = Some(-1.0)),
        ErrorKind::InvalidArgument,
    );
    assert!(names(directory).is_empty(), "it was refused, and yet something was created");
    message
}

fn another_master(directory: &Path) -> String {
    let master = |options: &mut TrainOptions<'_, GraphSession>| options.master = "grpc://10.0.0.1:2222".into();
    message(train_in(Some(directory), master), ErrorKind::InvalidArgument)
}

/// A directory cannot be made below a file, whoever asks.
fn below_a_file(directory: &Path) -> PathBuf {
    fs::write(directory.join("notes"), "a file").unwrap();
    directory.join("notes/run")
}

fn events_below_a_file(directory: &Path) -> String {
    let no_saves = |options: &mut TrainOptions<'_, GraphSession>| options.save_checkpoint_secs = None;
    message(train_in(Some(&below_a_file(directory)), no_saves), ErrorKind::FailedPrecondition)
}

fn checkpoints_below_a_file(directory: &Path) -> String {
    let events = |options: &mut TrainOptions<'_, GraphSession>| options.scaffold.events = Some(Arc::new(Memory::new()));
    message(train_in(Some(&below_a_file(directory)), events), ErrorKind::FailedPrecondition)
}

/// A saver whose files are the same on every machine.
fn saver(directory: &Path) -> Arc<Saver> {
    Arc::new(Saver::new(directory, Options { instruction_set: String::new(), ..Options::default() }))
}

/// Leaves the checkpoints of steps 0 and 3, and gives the path of the one of `step`.
fn trained(directory: &Path, step: u64) -> PathBuf {
    let saver = saver(directory);
    train_in(Some(directory), |options| options.scaffold.saver = Some(saver.clone())).unwrap();
    path_of(directory, step)
}

fn path_of(directory: &Path, step: u64) -> PathBuf {
    directory.join(format!("checkpoint-{step}.everstep"))
}

/// The same, and the other checkpoint is gone.
fn trained_alone(directory: &Path, step: u64) -> PathBuf {
    let path = trained(directory, step);
    fs::remove_file(path_of(directory, 3 - step)).unwrap();
    path
}

fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - 10]).unwrap();
}

/// Changes the last variable, `weight`, behind which lies the table.
fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let foot = bytes.len() - 12;
    let table = u64::from_le_bytes(bytes[foot..foot + 8].try_into().unwrap());
    bytes[foot - table as usize - 1] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn a_truncated_checkpoint(directory: &Path) -> String {
    truncate(&trained_alone(directory, 0));
    message(train_in(Some(directory), |_| ()), ErrorKind::DataLoss)
}

fn a_flipped_bit(directory: &Path) -> String {
    flip_a_bit(&trained_alone(directory, 0));
    message(train_in(Some(directory), |_| ()), ErrorKind::DataLoss)
}

#[track_caller]
fn check_that_the_older_one_is_taken(damage: fn(&Path)) {
    let directory = tempfile::tempdir().unwrap();
    damage(&trained(directory.path(), 3));
    assert_eq!(saver(directory.path()).open(Which::Newest).unwrap().unwrap().step, 0);
    train_in(Some(directory.path()), |_| ()).unwrap();
    assert_eq!(saver(directory.path()).open(Which::Newest).unwrap().unwrap().step, 3, "trained again to the end");
}

#[test]
fn an_older_checkpoint_takes_the_place_of_a_truncated_one() {
    check_that_the_older_one_is_taken(truncate);
}

#[test]
fn an_older_checkpoint_takes_the_place_of_one_with_a_flipped_bit() {
    check_that_the_older_one_is_taken(flip_a_bit);
}

fn a_checkpoint_of_another_model(directory: &Path) -> String {
    trained(directory, 3);
    let mut graph = Graph::new();
    graph.variable("weight", DType::F32, [2], Initializer::ZEROS).unwrap();
    graph.variable("slope", DType::F32, [], Initializer::ZEROS).unwrap();
    let step = graph.global_step().unwrap();
    message(
        train(connect(graph), step.output(), Some(directory), TrainOptions::default()),
        ErrorKind::FailedPrecondition,
    )
}

/// Trains on what `feeds` gives.
fn train_on(directory: &Path, feeds: fn(&Regression) -> Result<Feeds>) -> Result<()> {
    let model = Regression::new();
    let loss = NanGuard::new([("loss", model.loss)]);
    let feed = Feed::new("feed", |_position| feeds(&model));
    let hooks: Vec<Box<dyn Hook<GraphSession> + '_>> =
        vec![Box::new(loss), Box::new(feed), Box::new(CheckpointSaver::new(Every::steps(1)))];
    train(connect(model.graph.clone()), model.train_op, Some(directory), TrainOptions { hooks, ..Default::default() })
        .map(|_| ())
}

fn a_wrong_shape(directory: &Path) -> String {
    let feeds = |model: &Regression| Ok(vec![(model.x, Tensor::from_vec([2, 2], vec![0f32; 4])?)]);
    message(train_on(directory, feeds), ErrorKind::InvalidArgument)
}

fn a_wrong_dtype(directory: &Path) -> String {
    let feeds = |model: &Regression| Ok(vec![(model.x, Tensor::from_vec([4], vec![0f64; 4])?)]);
    message(train_on(directory, feeds), ErrorKind::InvalidArgument)
}

fn an_input_that_is_not_fed(directory: &Path) -> String {
    let feeds = |model: &Regression| Ok(vec![(model.x, Tensor::from_vec([4], vec![0f32; 4])?)]);
    message(train_on(directory, feeds), ErrorKind::InvalidArgument)
}

fn an_input_that_two_hooks_feed(directory: &Path) -> String {
    let model = Regression::new();
    let again = Feed::new("again", |position| model.points(position));
    let hooks: Vec<Box<dyn Hook<GraphSession> + '_>> = vec![Box::new(model.feed()), Box::new(again)];
    let options = TrainOptions { hooks, ..Default::default() };
    message(train(connect(model.graph.clone()), model.train_op, Some(directory), options), ErrorKind::InvalidArgument)
}

fn a_nan_in_the_input(directory: &Path) -> String {
    let feeds = |model: &Regression| {
        let mut feeds = model.points(0)?;
        feeds[0].1 = Tensor::from_vec([4], vec![0.5, f32::NAN, 0.0, 1.0])?;
        Ok(feeds)
    };
    message(train_on(directory, feeds), ErrorKind::Diverged)
}

/// A train op checks the loss unless it is told not to.
fn a_checked_loss(directory: &Path) -> String {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None]).unwrap();
    let weight = graph.variable("weight", DType::F32, [], Initializer::ZEROS).unwrap();
    let predicted = graph.mul(x, weight).unwrap();
    let loss = mean_squared_error(&mut graph, predicted, x).unwrap();
    let train_op = create_train_op(&mut graph, loss, &Sgd { learning_rate: 0.1.into() }).unwrap().output;
    let feed = Feed::new("feed", move |_position| Ok(vec![(x, Tensor::from_vec([2], vec![0.5, f32::NAN])?)]));
    let options = TrainOptions { hooks: vec![Box::new(feed)], ..Default::default() };
    message(train(connect(graph), train_op, Some(directory), options), ErrorKind::Diverged)
}

/// What the program says on stderr when it fails: one line, behind `error: `.
#[track_caller]
fn program(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_train"));
    let output = command.args(arguments).current_dir(directory).env_remove("RUST_LOG").output().unwrap();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{stdout}{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(!directory.join("runs").exists(), "nothing was trained, and yet a log directory was made");
    stderr.trim_end().strip_prefix("error: ").expect("the line begins so").to_owned()
}

fn an_unknown_data_set(directory: &Path) -> String {
    program(directory, &["foo"])
}

fn an_unknown_model(directory: &Path) -> String {
    program(directory, &["digits", "--model", "foo"])
}

fn an_unknown_option(directory: &Path) -> String {
    program(directory, &["digits", "--stpes", "9"])
}

fn fashion_mnist_that_is_not_there(directory: &Path) -> String {
    let message = program(directory, &["fashion-mnist", "--data", directory.to_str().unwrap()]);
    assert_eq!(message, self::message(fashion_mnist(directory), ErrorKind::NotFound));
    message
}

/// Two images are promised, and ten bytes follow.
fn a_damaged_idx_file(directory: &Path) -> String {
    let images = [[0, 0, 8, 3], [0, 0, 0, 2], [0, 0, 0, 28], [0, 0, 0, 28]].concat();
    fs::write(directory.join("train-images-idx3-ubyte"), [images, vec![7; 10]].concat()).unwrap();
    fs::write(directory.join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 2, 1, 2]).unwrap();
    let message = program(directory, &["fashion-mnist", "--data", directory.to_str().unwrap()]);
    assert_eq!(message, self::message(fashion_mnist(directory), ErrorKind::DataLoss));
    message
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}
