//! A model that leaves the finite numbers ends the training, and no checkpoint holds what it left for.

use std::{path::Path, sync::Arc};

use everstep_checkpoint::{Keep, Options, Saver};
use everstep_data::{Loader, LoaderOptions, digits};
use everstep_engine::{GraphSession, connect};
use everstep_graph::{Graph, Input, Output};
use everstep_hook::{Every, Hook};
use everstep_hooks::{CheckpointSaver, Feed, NanGuard, OnBadStep, StopAtStep};
use everstep_nn::{Activation, Dense, Layer, sparse_softmax_cross_entropy};
use everstep_optim::{Adam, TrainOpOptions, create_train_op_with};
use everstep_tensor::{DType, Error, ErrorKind, Result, Save, Snapshot, Tensor, Which};
use everstep_train::{Scaffold, TrainOptions, train};

use crate::regression::{Feeds, Regression};

/// The run that is fed a NaN, counted from 0: it would be step 6.
const BAD_POSITION: u64 = 5;

/// Where in the whole list of hooks the guard stands; the saver saves at every step.
#[derive(Clone, Copy, Debug)]
enum Guard {
    First,
    Last,
}

/// A classifier of the digits, by Adam.
struct Classifier {
    graph: Arc<Graph>,
    inputs: [Input; 2],
    loss: Output,
    gradient_norm: Output,
    train_op: Output,
}

impl Classifier {
    fn new() -> Result<Self> {
        let mut graph = Graph::new();
        let images = graph.placeholder("images", DType::F32, [None, Some(64)])?;
        let labels = graph.placeholder("labels", DType::I64, [None])?;
        let hidden = Dense { activation: Activation::Relu, ..Dense::new(16) }.build(&mut graph, "hidden", images)?;
        let logits = Dense::new(10).build(&mut graph, "logits", hidden)?;
        let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels)?;
        // What is not finite is left to the guard.
        let unchecked = TrainOpOptions { check_numerics: false, ..TrainOpOptions::default() };
        let train = create_train_op_with(&mut graph, loss, &Adam::default(), unchecked)?;
        let (gradient_norm, train_op) = (train.gradient_norm, train.output);
        Ok(Self { graph: Arc::new(graph), inputs: [images, labels], loss, gradient_norm, train_op })
    }

    /// Batches of the digits; one pixel of the bad position is a NaN.
    fn feed(&self, is_damaged: bool) -> Result<Feed<impl FnMut(u64) -> Result<Feeds>>> {
        let loader = Loader::new(digits(), LoaderOptions { batch: 32, ..Default::default() })?;
        let inputs = self.inputs;
        Ok(Feed::new("feed", move |position| {
            let mut feeds = loader.batch(position)?.feeds(inputs)?;
            if is_damaged && position == BAD_POSITION {
                let mut pixels = feeds[0].1.as_slice::<f32>()?.to_vec();
                pixels[100] = f32::NAN;
                feeds[0].1 = Tensor::from_vec([32, 64], pixels)?;
            }
            Ok(feeds)
        }))
    }
}

/// Trains with a checkpoint at every step, all of which are kept.
fn train_in(
    directory: &Path,
    guard: (Guard, NanGuard<Output>),
    feed: impl Hook<GraphSession>,
    graph: Arc<Graph>,
    train_op: Output,
    last_step: u64,
) -> Result<()> {
    let saver = Saver::new(directory, Options { keep: Keep::All, ..Options::default() });
    let mut options = TrainOptions {
        scaffold: Scaffold { saver: Some(Arc::new(saver)), ..Default::default() },
        hooks: vec![
            Box::new(CheckpointSaver::new(Every::steps(1))),
            Box::new(feed),
            Box::new(StopAtStep::last_step(last_step)),
        ],
        ..Default::default()
    };
    match guard {
        (Guard::First, guard) => options.chief_only_hooks.push(Box::new(guard)),
        (Guard::Last, guard) => options.hooks.push(Box::new(guard)),
    }
    train(connect(graph), train_op, Some(directory), options).map(|_| ())
}

/// The steps of all checkpoints, oldest first; each of them restores and is finite.
#[track_caller]
fn finite_checkpoints(directory: &Path) -> Vec<u64> {
    let saver = Saver::new(directory, Options::default());
    let mut steps = Vec::new();
    let mut which = Which::Newest;
    while let Some(checkpoint) = saver.open(which).unwrap() {
        for (name, value) in Snapshot::of(&*checkpoint.variables).unwrap().iter() {
            let finite = value.dtype() != DType::F32 || value.as_slice::<f32>().unwrap().iter().all(|v| v.is_finite());
            assert!(finite, "{name} of checkpoint {} is not finite: {value:?}", checkpoint.step);
        }
        steps.insert(0, checkpoint.step);
        which = Which::NewestBefore(checkpoint.step);
    }
    steps
}

#[track_caller]
fn check_nan_in_the_input(guard: Guard) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let model = Classifier::new()?;
    let run = |is_damaged, last_step| -> Result<()> {
        let nan_guard = NanGuard::new([("loss", model.loss), ("gradient norm", model.gradient_norm)]);
        let feed = model.feed(is_damaged)?;
        train_in(directory.path(), (guard, nan_guard), feed, model.graph.clone(), model.train_op, last_step)
    };
    let error = run(true, 10).expect_err("a NaN was fed");
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    assert!(error.to_string().starts_with("hook nan_guard: at step 6 loss is NaN; "), "{error}");
    assert_eq!(finite_checkpoints(directory.path()), [0, 1, 2, 3, 4, 5]);

    run(false, 10)?;
    assert_eq!(finite_checkpoints(directory.path()), (0..=10).collect::<Vec<u64>>());
    Ok(())
}

#[test]
fn a_nan_in_the_input_is_not_saved_if_the_guard_is_first() -> Result<()> {
    check_nan_in_the_input(Guard::First)
}

#[test]
fn a_nan_in_the_input_is_not_saved_if_the_guard_is_last() -> Result<()> {
    check_nan_in_the_input(Guard::Last)
}

/// The error of a training whose steps are too long, and the steps of its checkpoints.
#[track_caller]
fn too_long_steps(
    guard: Guard,
    learning_rate: f64,
    watched: fn(&Regression) -> (&'static str, Output),
) -> (Error, Vec<u64>) {
    let directory = tempfile::tempdir().unwrap();
    let model = Regression::with_learning_rate(learning_rate);
    let nan_guard = NanGuard::new([watched(&model)]);
    let (graph, feed) = (model.graph.clone(), model.feed());
    let result = train_in(directory.path(), (guard, nan_guard), feed, graph, model.train_op, 1000);
    let error = result.expect_err("the steps are too long");
    assert_eq!(error.kind(), ErrorKind::Diverged, "{error}");
    (error, finite_checkpoints(directory.path()))
}

#[test]
fn a_loss_that_overflows_is_not_saved() {
    for guard in [Guard::First, Guard::Last] {
        let (error, steps) = too_long_steps(guard, 10.0, |model| ("loss", model.loss));
        assert!(error.to_string().contains("loss is inf; "), "{error}");
        assert!(error.to_string().contains(&format!("at step {} ", steps.len())), "{error} after steps {steps:?}");
    }
}

#[test]
fn a_gradient_that_overflows_is_not_saved() {
    for guard in [Guard::First, Guard::Last] {
        let (error, steps) = too_long_steps(guard, 10.0, |model| ("gradient norm", model.gradient_norm));
        assert!(error.to_string().contains("gradient norm is inf; "), "{error}");
        assert!(error.to_string().contains(&format!("at step {} ", steps.len())), "{error} after steps {steps:?}");
    }
}

/// The model after ten steps, its batches given by a source of positions.
fn model_after_ten(guard: Guard, is_damaged: bool) -> Result<Snapshot> {
    let directory = tempfile::tempdir()?;
    let model = Classifier::new()?;
    let loader = Loader::new(digits(), LoaderOptions { batch: 32, ..Default::default() })?;
    let inputs = model.inputs;
    let feed = Feed::new("feed", move |position| {
        let skipped = u64::from(!is_damaged && position >= BAD_POSITION);
        let mut feeds: Feeds = loader.batch(position + skipped)?.feeds(inputs)?;
        if is_damaged && position == BAD_POSITION {
            let mut pixels = feeds[0].1.as_slice::<f32>()?.to_vec();
            pixels[100] = f32::NAN;
            feeds[0].1 = Tensor::from_vec([32, 64], pixels)?;
        }
        Ok(feeds)
    });
    let roll_back = OnBadStep::RollBack { in_a_row: 1, in_total: 1 };
    let nan_guard = NanGuard::new([("loss", model.loss)]).on_bad_step(roll_back);
    train_in(directory.path(), (guard, nan_guard), feed, model.graph.clone(), model.train_op, 10)?;
    let checkpoint = Saver::new(directory.path(), Options::default()).open(Which::Newest)?.expect("it was saved");
    let all = Snapshot::of(&*checkpoint.variables)?;
    Ok(all.iter().filter(|(name, _)| !name.starts_with("hook/")).map(|(n, v)| (n.to_owned(), v.clone())).collect())
}

#[test]
fn a_damaged_batch_that_is_rolled_back_leaves_the_bits_of_a_training_without_it() -> Result<()> {
    for guard in [Guard::First, Guard::Last] {
        let (expected, model) = (model_after_ten(guard, false)?, model_after_ten(guard, true)?);
        assert!(expected.len() > 4 && model.bit_eq(&expected), "{guard:?}");
    }
    Ok(())
}

#[test]
fn an_update_that_overflows_is_not_saved() -> Result<()> {
    for guard in [Guard::First, Guard::Last] {
        let directory = tempfile::tempdir()?;
        let model = Regression::with_learning_rate(3e38);
        let nan_guard = NanGuard::new([("loss", model.loss), ("gradient norm", model.gradient_norm)]);
        let (graph, feed) = (model.graph.clone(), model.feed());
        let error = train_in(directory.path(), (guard, nan_guard), feed, graph, model.train_op, 10).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Diverged);
        assert!(error.to_string().starts_with("hook nan_guard: at step 1 variable "), "{error}");
        assert_eq!(finite_checkpoints(directory.path()), [0]);
    }
    Ok(())
}
