//! Whole trainings of small classifiers by `train`, each on a graph of its own.

use std::path::Path;

use everstep_checkpoint::{Options, Saver};
use everstep_engine::connect;
use everstep_graph::{Graph, Initializer, Output};
use everstep_hook::Every;
use everstep_hooks::{CheckpointSaver, StopAtStep};
use everstep_nn::{Dense, Layer, sparse_softmax_cross_entropy};
use everstep_optim::{Sgd, create_train_op};
use everstep_session::Session;
use everstep_tensor::{CopyRules, DType, Result, Save, Tensor, Which, copy};
use everstep_train::{Scaffold, TrainOptions, train};

/// The train op of a classifier of sixteen examples that can be told apart: four places, of which two are for each class.
///
/// `prepare` makes the features of the inputs, `finish` the logits of what the layer gives.
fn classifier(
    prepare: fn(&mut Graph, Output) -> Result<Output>,
    finish: fn(&mut Graph, Output) -> Result<Output>,
) -> Result<(Graph, Output)> {
    let mut graph = Graph::new();
    let class = |row: usize| (row * 7 / 4) % 2;
    let input = |index: usize| f32::from(u8::from(2 * class(index / 4) + index / 4 % 2 == index % 4));
    let inputs = graph.constant("inputs", Tensor::from_vec([16, 4], (0..64).map(input).collect())?)?;
    let labels = graph.constant("labels", Tensor::from_vec([16], (0..16).map(|row| class(row) as i64).collect())?)?;
    let features = prepare(&mut graph, inputs)?;
    let given = Dense::new(2).build(&mut graph, "classes", features)?;
    let logits = finish(&mut graph, given)?;
    let loss = sparse_softmax_cross_entropy(&mut graph, logits, labels)?;
    let train_op = create_train_op(&mut graph, loss, &Sgd { learning_rate: 1.0.into() })?.output;
    Ok((graph, train_op))
}

fn plain() -> (Graph, Output) {
    classifier(|_, inputs| Ok(inputs), |_, logits| Ok(logits)).unwrap()
}

/// The inputs normalised by the mean and the variance of the batch, whose moving averages are registered to be updated.
fn batch_norm(graph: &mut Graph, inputs: Output) -> Result<Output> {
    let mean = graph.mean(inputs, [0])?;
    let centred = graph.sub(inputs, mean)?;
    let squares = graph.square(centred)?;
    let variance = graph.mean(squares, [0])?;
    for (name, batch, start) in [("moving_mean", mean, 0.0), ("moving_variance", variance, 1.0)] {
        let moving = graph.state(name, DType::F32, [4], Initializer::Constant(start))?;
        let rest = graph.scalar("rest", DType::F32, 0.9)?;
        let gap = graph.sub(batch, moving)?;
        let change = graph.mul(gap, rest)?;
        let update = graph.assign_add(moving, change)?;
        graph.add_update_op(update)?;
    }
    let epsilon = graph.scalar("epsilon", DType::F32, 1e-3)?;
    let shifted = graph.add(variance, epsilon)?;
    let deviation = graph.sqrt(shifted)?;
    graph.div(centred, deviation)
}

/// The last loss of `steps` steps more; with a directory they are saved there.
fn trained(
    (graph, train_op): (Graph, Output),
    steps: u64,
    logdir: Option<&Path>,
    scaffold: Scaffold<'_, everstep_engine::GraphSession>,
) -> f32 {
    let mut options = TrainOptions {
        scaffold,
        save_checkpoint_secs: None,
        save_summaries_steps: None,
        hooks: vec![Box::new(StopAtStep::num_steps(steps))],
        ..TrainOptions::default()
    };
    if logdir.is_some() {
        options.hooks.push(Box::new(CheckpointSaver::new(Every::steps(50))));
    }
    train(connect(graph), train_op, logdir, options).unwrap().expect("some steps are run").item().unwrap()
}

fn newest_step(logdir: &Path) -> u64 {
    Saver::new(logdir, Options::default()).open(Which::Newest).unwrap().expect("it was saved").step
}

#[test]
fn case_8_a_batch_norm_classifier_is_trained_without_a_directory() {
    let model = classifier(batch_norm, |_, logits| Ok(logits)).unwrap();
    let loss = trained(model, 300, None, Scaffold::default());
    assert!(loss < 0.1, "{loss}");
}

#[test]
fn case_10_local_variables_are_initialised() {
    let times_a_local = |graph: &mut Graph, logits| {
        let multiplier = graph.local_variable("multiplier", DType::F32, [], Initializer::ONES)?;
        graph.mul(logits, multiplier)
    };
    let model = classifier(|_, inputs| Ok(inputs), times_a_local).unwrap();
    let loss = trained(model, 300, None, Scaffold::default());
    assert!(loss < 0.015, "{loss}");
}

#[test]
fn case_11_a_resumed_training_has_the_same_loss() {
    let directory = tempfile::tempdir().unwrap();
    for (steps, last) in [(300, 300), (1, 301), (5, 306)] {
        let loss = trained(plain(), steps, Some(directory.path()), Scaffold::default());
        assert!(loss < 0.015, "{loss} after {last} steps");
        assert_eq!(newest_step(directory.path()), last);
    }
}

#[test]
fn case_13_14_a_training_starts_from_a_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    for last in [300, 600] {
        let loss = trained(plain(), 300, Some(directory.path()), Scaffold::default());
        assert!(loss < 0.02, "{loss}");
        assert_eq!(newest_step(directory.path()), last);
    }

    let fresh = trained(plain(), 1, None, Scaffold::default());
    assert!(fresh > 0.02, "{fresh} at the first step of all");
    let saver = Saver::new(directory.path(), Options::default());
    let warm_start = Scaffold {
        init_fn: Some(Box::new(|session: &mut everstep_engine::GraphSession| {
            let checkpoint = saver.open(Which::Newest)?.expect("it was saved");
            copy(&*checkpoint.variables, session.variables_mut(), &CopyRules::default()).map(|_| ())
        })),
        ..Scaffold::default()
    };
    let loss = trained(plain(), 1, None, warm_start);
    assert!(loss < 0.02, "{loss}");
}
