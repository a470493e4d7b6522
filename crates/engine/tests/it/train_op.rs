//! Train ops: what a run of one changes, and what it gives.

use std::{collections::BTreeMap, sync::Arc};

use everstep_engine::{
    GraphSession,
    ops::{Cpu, Kernels, Reference},
};
use everstep_graph::{Axes, Graph, Initializer, Input, Output, Variable};
use everstep_optim::{
    Sgd, TrainOpOptions, VariableGradient, clip_by_global_norm, clip_by_global_norm_fn, clip_gradient_norms,
    clip_gradient_norms_fn, clip_gradient_values_fn, create_train_op, create_train_op_with, multiply_gradients,
};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor};

fn open(graph: Graph) -> GraphSession {
    let config = SessionConfig { seed: 3, ..SessionConfig::default() };
    let mut session = GraphSession::new(graph, &config).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

/// The value of the last of `steps` runs.
fn train(session: &mut GraphSession, fetch: Output, steps: usize) -> f64 {
    let mut outcome = Outcome::default();
    for _ in 0..steps {
        session.run(&Request::train(vec![fetch]), &mut outcome).unwrap();
    }
    outcome.values[0].to_f64().unwrap()
}

fn read(session: &mut GraphSession, fetches: &[Output]) -> Vec<Vec<f64>> {
    let mut outcome = Outcome::default();
    session.run(&Request::read(fetches.to_vec()), &mut outcome).unwrap();
    outcome.values.iter().map(|value| value.as_slice::<f64>().unwrap().to_vec()).collect()
}

fn variable(session: &GraphSession, name: &str) -> Vec<f64> {
    session.variables().read(name).unwrap().as_slice::<f64>().unwrap().to_vec()
}

/// A logistic regression of sixteen examples that can be told apart.
struct Classifier {
    graph: Graph,
    loss: Output,
    weights: Variable,
    bias: Variable,
}

/// Four places, of which two are for each class.
fn examples() -> (Tensor, Tensor) {
    let class = |row: usize| (row * 7 / 4) % 2;
    let place = |row: usize| 2 * class(row) + row % 2;
    let input = |index: usize| f64::from(u8::from(place(index / 4) == index % 4));
    let inputs = Tensor::from_vec([16, 4], (0..64).map(input).collect()).unwrap();
    (inputs, Tensor::from_vec([16, 1], (0..16).map(|row| class(row) as f64).collect()).unwrap())
}

impl Classifier {
    fn new() -> Self {
        Self::build(|_, inputs| inputs)
    }

    /// With what `prepare` makes of the inputs.
    fn build(prepare: impl FnOnce(&mut Graph, Output) -> Output) -> Self {
        let mut graph = Graph::new();
        let (inputs, labels) = examples();
        let inputs = graph.constant("inputs", inputs).unwrap();
        let labels = graph.constant("labels", labels).unwrap();
        let inputs = prepare(&mut graph, inputs);
        let spread = Initializer::Uniform { low: -0.5, high: 0.5 };
        let weights = graph.variable("weights", DType::F64, [4, 1], spread).unwrap();
        let bias = graph.variable("bias", DType::F64, [1], Initializer::ZEROS).unwrap();
        let product = graph.matmul(inputs, weights).unwrap();
        let logits = graph.add(product, bias).unwrap();
        let predictions = graph.sigmoid(logits).unwrap();
        let loss = log_loss(&mut graph, predictions, labels);
        Self { graph, loss, weights, bias }
    }
}

/// The mean of `-ln(p)` over what is predicted of the true class, as TensorFlow's `log_loss`.
fn log_loss(graph: &mut Graph, predictions: Output, labels: Output) -> Output {
    let epsilon = graph.scalar("epsilon", DType::F64, 1e-7).unwrap();
    let one = graph.scalar("one", DType::F64, 1.0).unwrap();
    let mut term = |labels: Output, predictions: Output| {
        let shifted = graph.add(predictions, epsilon).unwrap();
        let logarithm = graph.log(shifted).unwrap();
        graph.mul(labels, logarithm).unwrap()
    };
    let positive = term(labels, predictions);
    let mut not = |value: Output| graph.sub(one, value).unwrap();
    let (labels, predictions) = (not(labels), not(predictions));
    let shifted = graph.add(predictions, epsilon).unwrap();
    let logarithm = graph.log(shifted).unwrap();
    let negative = graph.mul(labels, logarithm).unwrap();
    let sum = graph.add(positive, negative).unwrap();
    let mean = graph.mean(sum, Axes::all()).unwrap();
    graph.neg(mean).unwrap()
}

/// Inputs normalised by the mean and the variance of the batch, whose moving averages are registered to be updated.
fn batch_norm(graph: &mut Graph, inputs: Output) -> Output {
    let mean = graph.mean(inputs, [0]).unwrap();
    let centred = graph.sub(inputs, mean).unwrap();
    let squares = graph.square(centred).unwrap();
    let variance = graph.mean(squares, [0]).unwrap();
    for (name, batch, start) in [("moving_mean", mean, 0.0), ("moving_variance", variance, 1.0)] {
        let moving = graph.state(name, DType::F64, [4], Initializer::Constant(start)).unwrap();
        let rest = graph.scalar("rest", DType::F64, 0.9).unwrap();
        let gap = graph.sub(batch, moving).unwrap();
        let change = graph.mul(gap, rest).unwrap();
        let update = graph.assign_add(moving, change).unwrap();
        graph.add_update_op(update).unwrap();
    }
    let epsilon = graph.scalar("epsilon", DType::F64, 1e-3).unwrap();
    let shifted = graph.add(variance, epsilon).unwrap();
    let deviation = graph.sqrt(shifted).unwrap();
    graph.div(centred, deviation).unwrap()
}

/// The gradient of `y = 4 x` by x, and what `clip` makes of it.
#[track_caller]
fn check_clipped(clip: impl FnOnce(&mut Graph, Vec<VariableGradient>) -> Vec<VariableGradient>) {
    let mut graph = Graph::new();
    let x = graph.variable("x", DType::F64, [], Initializer::ZEROS).unwrap();
    let four = graph.scalar("four", DType::F64, 4.0).unwrap();
    let y = graph.mul(four, x).unwrap();
    let gradient = graph.gradients(y, &[x.output()]).unwrap()[0].unwrap();
    let clipped = clip(&mut graph, vec![(x, gradient.into())]);
    assert_eq!((clipped.len(), clipped[0].0), (1, x));
    graph.verify().unwrap();
    assert_eq!(read(&mut open(graph), &[gradient, clipped[0].1.values()]), [[4.0], [3.0]]);
}

#[test]
fn case_1_a_gradient_is_clipped() {
    check_clipped(|graph, gradients| clip_gradient_norms(graph, &gradients, 3.0).unwrap());
}

#[test]
fn case_2_the_function_form_clips_alike() {
    check_clipped(|graph, gradients| clip_gradient_norms_fn(3.0)(graph, gradients).unwrap());
}

#[track_caller]
fn moving_averages(update_ops: Option<Vec<everstep_graph::Update>>) -> [Vec<f64>; 2] {
    let mut model = Classifier::build(batch_norm);
    let options = TrainOpOptions { update_ops, ..TrainOpOptions::default() };
    let train_op =
        create_train_op_with(&mut model.graph, model.loss, &Sgd { learning_rate: 1.0.into() }, options).unwrap();
    model.graph.verify().unwrap();
    let mut session = open(model.graph);
    assert_eq!(
        (variable(&session, "moving_mean"), variable(&session, "moving_variance")),
        (vec![0.0; 4], vec![1.0; 4])
    );
    train(&mut session, train_op.output, 10);
    assert_eq!(session.global_step(), 10);
    ["moving_mean", "moving_variance"].map(|name| variable(&session, name))
}

#[test]
fn case_4_registered_updates_are_applied() {
    let [means, variances] = moving_averages(None);
    let (inputs, _) = examples();
    for (place, (mean, variance)) in means.iter().zip(variances).enumerate() {
        let share = inputs.as_slice::<f64>().unwrap().iter().skip(place).step_by(4).sum::<f64>() / 16.0;
        assert!((mean - share).abs() < 1e-8, "mean {place} is {mean}, of the batch {share}");
        let expected = share * (1.0 - share);
        assert!((variance - expected).abs() < 1e-8, "variance {place} is {variance}, of the batch {expected}");
    }
}

#[test]
fn case_5_no_updates_are_applied_if_none_are_named() {
    assert_eq!(moving_averages(Some(Vec::new())), [vec![0.0; 4], vec![1.0; 4]]);
}

#[test]
fn case_7_the_global_step_may_stand_still() {
    let mut model = Classifier::new();
    let options = TrainOpOptions { global_step: false, ..TrainOpOptions::default() };
    let train_op =
        create_train_op_with(&mut model.graph, model.loss, &Sgd { learning_rate: 1.0.into() }, options).unwrap();
    let mut session = open(model.graph);
    let first = train(&mut session, train_op.output, 1);
    assert!(train(&mut session, train_op.output, 9) < first);
    assert_eq!(session.global_step(), 0);
}

#[test]
fn case_16_only_the_named_variables_change() {
    let mut model = Classifier::new();
    let mut of = |variable: Variable| {
        let options = TrainOpOptions { variables_to_train: Some(vec![variable]), ..TrainOpOptions::default() };
        create_train_op_with(&mut model.graph, model.loss, &Sgd { learning_rate: 1.0.into() }, options).unwrap().output
    };
    let (weights, bias) = (of(model.weights), of(model.bias));
    let mut session = open(model.graph);
    let values = |session: &GraphSession| (variable(session, "weights"), variable(session, "bias"));
    let start = values(&session);
    let first = train(&mut session, weights, 1);
    let moved = values(&session);
    assert!(moved.0 != start.0 && moved.1 == start.1, "{start:?} became {moved:?}");
    let second = train(&mut session, bias, 1);
    let end = values(&session);
    assert!(end.0 == moved.0 && end.1 != moved.1, "{moved:?} became {end:?}");
    assert!(second < first && session.global_step() == 2);
}

#[test]
fn case_17_multiplied_gradients_learn_faster() {
    let loss_after = |multiplier: f64| {
        let mut model = Classifier::new();
        let multipliers = BTreeMap::from([(model.weights, multiplier), (model.bias, multiplier)]);
        let options = TrainOpOptions {
            transform_grads_fn: Some(Box::new(|graph, gradients| multiply_gradients(graph, &gradients, &multipliers))),
            ..TrainOpOptions::default()
        };
        let sgd = Sgd { learning_rate: 0.001.into() };
        let train_op = create_train_op_with(&mut model.graph, model.loss, &sgd, options).unwrap();
        train(&mut open(model.graph), train_op.output, 10)
    };
    let (slow, fast) = (loss_after(1.0), loss_after(1000.0));
    assert!(slow > 0.5 && fast < 0.5, "{slow} and {fast}");
}

#[test]
fn case_178_a_read_is_from_before_the_increments() {
    let mut graph = Graph::new();
    let step = graph.create_global_step().unwrap();
    let read = graph.identity("read", step).unwrap();
    let mut increment = |by: f64| {
        let by = graph.scalar("by", DType::I64, by).unwrap();
        let update = graph.assign_add(step, by).unwrap();
        graph.after("incremented", step, &[update]).unwrap()
    };
    let (one, three) = (increment(1.0), increment(3.0));
    let mut session = open(graph);
    let mut run = |fetches: Vec<Output>| {
        let mut outcome = Outcome::default();
        session.run(&Request::train(fetches), &mut outcome).unwrap();
        outcome.values[0].item::<i64>().unwrap()
    };
    assert_eq!((run(vec![read, one]), run(vec![read, three]), run(vec![read])), (0, 1, 4));
}

/// Gradients that are given as numbers: of `a` of two elements, of `b` of one.
struct Given {
    graph: Graph,
    gradients: Vec<VariableGradient>,
    feeds: [Input; 2],
}

impl Given {
    fn new() -> Self {
        let mut graph = Graph::new();
        let a = graph.variable("a", DType::F64, [2], Initializer::ZEROS).unwrap();
        let b = graph.variable("b", DType::F32, [1], Initializer::ZEROS).unwrap();
        let of_a = graph.placeholder("of_a", DType::F64, [Some(2)]).unwrap();
        let of_b = graph.placeholder("of_b", DType::F32, [Some(1)]).unwrap();
        let gradients = vec![(a, of_a.output().into()), (b, of_b.output().into())];
        Self { graph, gradients, feeds: [of_a, of_b] }
    }

    /// What the values become, given the gradients.
    fn run(&self, fetches: &[VariableGradient], a: [f64; 2], b: f32) -> Vec<f64> {
        let fetches: Vec<Output> = fetches.iter().map(|(_, gradient)| gradient.values()).collect();
        let request = Request::read(fetches)
            .feed(self.feeds[0], Tensor::from_vec([2], a.to_vec()).unwrap())
            .feed(self.feeds[1], Tensor::from_vec([1], vec![b]).unwrap());
        let mut outcome = Outcome::default();
        open(self.graph.clone()).run(&request, &mut outcome).unwrap();
        let mut values = outcome.values[0].as_slice::<f64>().unwrap().to_vec();
        values.push(f64::from(outcome.values[1].as_slice::<f32>().unwrap()[0]));
        values
    }
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
    assert!(found.len() == expected.len() && close, "{found:?}, by the formula {expected:?}");
}

#[test]
fn each_gradient_is_clipped_for_itself() {
    let mut given = Given::new();
    let clipped = clip_gradient_norms(&mut given.graph, &given.gradients, 0.7).unwrap();
    // Of norm 5, and of norm 0.1; a shorter one stays bit for bit.
    assert_close(&given.run(&clipped, [3.0, -4.0], 0.1)[..2], &[3.0 * 0.7 / 5.0, -4.0 * 0.7 / 5.0]);
    assert_eq!(given.run(&clipped, [3.0, -4.0], 0.1)[2], f64::from(0.1f32));
    assert_eq!(given.run(&clipped, [0.1, 0.3], -7.0)[..2], [0.1, 0.3]);
    assert_eq!(given.run(&clipped, [0.0, 0.0], 0.0), [0.0, 0.0, 0.0], "a norm of 0 is safe");
    for not_finite in [f64::NAN, f64::INFINITY, 1e200] {
        let [first, second, other] = given.run(&clipped, [not_finite, 1.0], 0.1)[..] else { panic!("three values") };
        assert!(first.is_nan() && second.is_nan() && other == f64::from(0.1f32), "{first} {second} {other}");
    }
}

#[test]
fn all_gradients_are_clipped_by_their_global_norm() {
    let mut given = Given::new();
    let (clipped, _) = clip_by_global_norm(&mut given.graph, &given.gradients, 6.5).unwrap();
    assert_close(&given.run(&clipped, [3.0, -4.0], 12.0), &[1.5, -2.0, 6.0]);
    assert_eq!(given.run(&clipped, [0.1, 0.3], 0.5), [0.1, 0.3, 0.5]);
    assert!(given.run(&clipped, [1.0, f64::INFINITY], 1.0).iter().all(|value| value.is_nan()));
}

#[test]
fn some_gradients_are_multiplied() {
    let mut given = Given::new();
    let multipliers = BTreeMap::from([(given.gradients[1].0, -2.5)]);
    let multiplied = multiply_gradients(&mut given.graph, &given.gradients, &multipliers).unwrap();
    assert_eq!(multiplied[0], given.gradients[0], "an unlisted one is the same value");
    assert_eq!(given.run(&multiplied, [3.0, -4.0], 2.0), [3.0, -4.0, -5.0]);
}

#[test]
fn the_norm_is_of_the_computed_gradients() {
    let mut graph = Graph::new();
    let x = graph.variable("x", DType::F64, [], Initializer::ONES).unwrap();
    let loss = graph.square(x).unwrap();
    let options = TrainOpOptions {
        transform_grads_fn: Some(Box::new(clip_gradient_norms_fn(0.5))),
        summarize_gradients: true,
        ..TrainOpOptions::default()
    };
    let train_op = create_train_op_with(&mut graph, loss, &Sgd { learning_rate: 1.0.into() }, options).unwrap();
    let norm = graph.summaries().iter().find(|summary| summary.tag().ends_with("_gradient_norm"));
    let reported = norm.unwrap().fetches()[0];
    let mut session = open(graph);
    assert_eq!(read(&mut session, &[train_op.gradient_norm, reported]), [[2.0], [0.5]]);
    train(&mut session, train_op.output, 1);
    assert_eq!(variable(&session, "x"), [0.5]);
}

/// A step on `loss = mean(x * w)`, for a fed x; by each kernels.
fn fed(check_numerics: bool, check: impl Fn(&mut GraphSession, Input, Output)) {
    let kernels: [Arc<dyn Kernels>; 2] = [Arc::new(Cpu::new(1).unwrap()), Arc::new(Reference)];
    for kernels in kernels {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None]).unwrap();
        let w = graph.variable("w", DType::F32, [], Initializer::ONES).unwrap();
        let product = graph.mul(x, w).unwrap();
        let loss = graph.scope("loss", |graph| graph.mean(product, [0])).unwrap();
        let options = TrainOpOptions { check_numerics, ..TrainOpOptions::default() };
        let train_op = create_train_op_with(&mut graph, loss, &Sgd { learning_rate: 0.5.into() }, options).unwrap();
        let mut session = GraphSession::with_kernels(graph, &SessionConfig::default(), kernels).unwrap();
        session.initialize(Scope::Global).unwrap();
        check(&mut session, x, train_op.output);
    }
}

fn step(x: Input, values: &[f32], train_op: Output) -> Request<Output, Input> {
    Request::train(vec![train_op]).feed(x, Tensor::from_vec([values.len()], values.to_vec()).unwrap())
}

#[test]
fn a_loss_that_is_not_finite_changes_nothing() {
    fed(true, |session, x, train_op| {
        let mut outcome = Outcome::default();
        session.run(&step(x, &[1.0, 3.0], train_op), &mut outcome).unwrap();
        let before = Snapshot::of(session.variables()).unwrap();
        for (bad, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
            // The first weight is 1 - 0.5 * 2.
            session.variables_mut().assign("w", Tensor::scalar(1.0f32)).unwrap();
            let before = Snapshot::of(session.variables()).unwrap();
            let error = session.run(&step(x, &[1.0, bad], train_op), &mut outcome).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Diverged);
            let message = format!(
                "loss/Mean is not finite, and the run changed nothing (check numerics: element 0 of shape [] is {shown}); \
                 lower the learning rate, clip the gradients or look for bad input"
            );
            assert_eq!(error.to_string(), message);
            assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&before));
        }
        assert_eq!(session.global_step(), 1);
        copy_back(session, &before);
        session.run(&step(x, &[1.0, 3.0], train_op), &mut outcome).unwrap();
        assert_eq!((session.global_step(), outcome.values[0].item::<f32>().unwrap()), (2, 0.0));
    });
}

fn copy_back(session: &mut GraphSession, values: &Snapshot) {
    let assign = |(name, value): (&str, &Tensor)| session.variables_mut().assign(name, value.clone()).unwrap();
    values.iter().for_each(assign);
}

#[test]
fn an_unchecked_loss_is_for_a_guard_to_see() {
    fed(false, |session, x, train_op| {
        let mut outcome = Outcome::default();
        session.run(&step(x, &[1.0, f32::NAN], train_op), &mut outcome).unwrap();
        assert!(outcome.values[0].item::<f32>().unwrap().is_nan());
        assert_eq!(session.global_step(), 1);
    });
}

#[test]
fn a_checked_value_is_the_value() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F64, [None, Some(2)]).unwrap();
    let checked_input = graph.check_numerics(x).unwrap();
    let square = graph.square(checked_input).unwrap();
    let checked = graph.check_numerics(square).unwrap();
    let sum = graph.sum(checked, Axes::all()).unwrap();
    let mut session = open(graph);
    let mut run = |values: [f64; 4], fetches: Vec<Output>| {
        let mut outcome = Outcome::default();
        let request = Request::read(fetches).feed(x, Tensor::from_vec([2, 2], values.to_vec()).unwrap());
        session.run(&request, &mut outcome).map(|()| outcome.values)
    };
    let values = run([1.0, 2.0, 3.0, 4.0], vec![sum, checked, checked_input, checked]).unwrap();
    assert_eq!(values[0].item::<f64>().unwrap(), 30.0);
    assert_eq!(values[1].as_slice::<f64>().unwrap(), [1.0, 4.0, 9.0, 16.0]);
    assert_eq!(values[2].as_slice::<f64>().unwrap(), [1.0, 2.0, 3.0, 4.0]);
    let error = run([1.0, 2.0, 1e200, 4.0], vec![sum]).unwrap_err().to_string();
    assert!(error.starts_with("Square is not finite"), "{error}");
    assert!(error.contains("element 2 of shape [2, 2] is inf"), "{error}");
    let error = run([1.0, f64::NAN, 3.0, 4.0], vec![sum]).unwrap_err().to_string();
    assert!(error.starts_with("x is not finite"), "{error}");
    assert_eq!(run([0.0; 4], vec![sum]).unwrap()[0].item::<f64>().unwrap(), 0.0);
}

#[test]
fn the_train_op_of_a_line_is_the_written_out_step() {
    let mut model = Classifier::new();
    let train_op = create_train_op(&mut model.graph, model.loss, &Sgd { learning_rate: 0.25.into() }).unwrap();
    let gradients = model.graph.gradients(model.loss, &[model.weights.output()]).unwrap()[0].unwrap();
    let mut session = open(model.graph);
    let (start, gradient) = (variable(&session, "weights"), read(&mut session, &[gradients]).remove(0));
    train(&mut session, train_op.output, 1);
    let expected: Vec<f64> = start.iter().zip(gradient).map(|(weight, gradient)| weight - 0.25 * gradient).collect();
    assert_eq!(variable(&session, "weights"), expected);
}

#[test]
fn clipped_values_and_norms_are_reported() {
    let mut graph = Graph::new();
    let weight = graph.variable("weight", DType::F64, [3], Initializer::ZEROS).unwrap();
    let slopes = |graph: &mut Graph, values: [f64; 3]| {
        let slopes = graph.constant("slopes", Tensor::from_vec([3], values.to_vec()).unwrap()).unwrap();
        vec![(weight, slopes.into())]
    };
    let steep = slopes(&mut graph, [-3.0, 0.5, f64::NAN]);
    let clipped = clip_gradient_values_fn(1.0)(&mut graph, steep).unwrap();
    let long = slopes(&mut graph, [3.0, 4.0, 0.0]);
    let shortened = clip_by_global_norm_fn(1.0)(&mut graph, long).unwrap();
    let reported = graph.summaries()[0].clone();
    assert_eq!(&**reported.tag(), "global_norm");
    let fetches = [clipped[0].1.values(), shortened[0].1.values(), reported.fetches()[0]];
    let found = read(&mut open(graph), &fetches);
    assert!(found[0][..2] == [-1.0, 0.5] && found[0][2].is_nan(), "{:?}", found[0]);
    assert!(found[1].iter().zip([0.6, 0.8, 0.0]).all(|(found, expected)| (found - expected).abs() < 1e-15));
    assert_eq!(found[2], [5.0]);
}
