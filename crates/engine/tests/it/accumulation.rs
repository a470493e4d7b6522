//! Several runs for one update, and losses that are scaled.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer, Input};
use everstep_optim::{
    Adam, AdamW, CosineDecay, LossScale, Optimizer, Sgd, TrainOp, TrainOpOptions, clip_by_global_norm_fn,
    create_train_op_with,
};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{CopyRules, DType, Element, Snapshot, Tensor, copy};

/// A linear model of some width.
struct Model {
    graph: Graph,
    x: Input,
    y: Input,
    train: TrainOp,
    width: usize,
}

impl Model {
    fn new(dtype: DType, width: usize, optimizer: &dyn Optimizer, options: TrainOpOptions<'_>) -> Self {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", dtype, [None, Some(width)]).unwrap();
        let y = graph.placeholder("y", dtype, [None, Some(1)]).unwrap();
        let weight = graph.variable("weight", dtype, [width, 1], Initializer::Constant(0.25)).unwrap();
        let predicted = graph.matmul(x, weight).unwrap();
        let error = graph.sub(predicted, y).unwrap();
        let squares = graph.square(error).unwrap();
        let loss = graph.mean(squares, Axes::all()).unwrap();
        let train = create_train_op_with(&mut graph, loss, optimizer, options).unwrap();
        graph.verify().unwrap();
        Self { graph, x, y, train, width }
    }

    fn open(&self, threads: usize) -> GraphSession {
        let config = SessionConfig { intra_op_threads: threads, ..SessionConfig::default() };
        let mut session = GraphSession::new(self.graph.clone(), &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        session
    }

    /// A run on examples of that many numbers from the first one on.
    fn run(&self, session: &mut GraphSession, first: usize, rows: usize) {
        let number = |index: usize| ((index * 37 + 11) % 23) as f64 / 23.0 - 0.5;
        let dtype = weights(session).dtype();
        let numbers = |start: usize, count: usize, columns: usize| {
            let values = (start * columns..(start + count) * columns).map(number);
            match dtype {
                DType::F64 => Tensor::from_vec([count, columns], values.collect::<Vec<f64>>()).unwrap(),
                _ => Tensor::from_vec([count, columns], values.map(|value| value as f32).collect()).unwrap(),
            }
        };
        let feeds = vec![(self.x, numbers(first, rows, self.width)), (self.y, numbers(first + 5, rows, 1))];
        let request = Request { feeds, ..Request::train(vec![self.train.output]) };
        session.run(&request, &mut Outcome::default()).unwrap();
    }
}

fn pairs<T: Element>(one: &Tensor, other: &Tensor) -> Vec<(T, T)> {
    one.as_slice::<T>().unwrap().iter().copied().zip(other.as_slice::<T>().unwrap().iter().copied()).collect()
}

fn in_runs(steps: u64) -> TrainOpOptions<'static> {
    TrainOpOptions { gradient_accumulation_steps: steps, ..TrainOpOptions::default() }
}

fn weights(session: &GraphSession) -> Tensor {
    session.variables().read("weight").unwrap()
}

#[test]
fn the_runs_of_an_update_equal_one_large_batch() {
    // A schedule that stepped more than once an update would go elsewhere; so would a clip of each run.
    let adam = AdamW { learning_rate: CosineDecay::new(0.1, 6).into(), ..AdamW::default() };
    let clipped =
        |steps| TrainOpOptions { transform_grads_fn: Some(Box::new(clip_by_global_norm_fn(0.1))), ..in_runs(steps) };
    let whole = Model::new(DType::F64, 3, &adam, clipped(1));
    let parts = Model::new(DType::F64, 3, &adam, clipped(4));
    let (mut of_whole, mut of_parts) = (whole.open(1), parts.open(1));
    for update in 0..5 {
        whole.run(&mut of_whole, update * 8, 8);
        for part in 0..4 {
            assert_eq!(of_parts.global_step(), update as u64);
            parts.run(&mut of_parts, update * 8 + part * 2, 2);
        }
        assert_eq!(of_parts.global_step(), of_whole.global_step());
        for (found, expected) in pairs::<f64>(&weights(&of_parts), &weights(&of_whole)) {
            assert!((found - expected).abs() < 1e-12, "update {update}: {found}, in one batch {expected}");
        }
    }
}

#[test]
fn an_update_goes_on_where_it_was_saved() {
    let model = Model::new(DType::F32, 3000, &Adam::default(), in_runs(3));
    let mut whole = model.open(1);
    (0..8).for_each(|run| model.run(&mut whole, run, 2));
    let whole = Snapshot::of(whole.variables()).unwrap();
    for threads in [2, 3, 7] {
        let mut first = model.open(threads);
        (0..4).for_each(|run| model.run(&mut first, run, 2));
        assert_eq!(first.global_step(), 1);
        let mut second = model.open(threads);
        let saved = Snapshot::of(first.variables()).unwrap();
        copy(&saved, second.variables_mut(), &CopyRules::default()).unwrap();
        (4..8).for_each(|run| model.run(&mut second, run, 2));
        assert!(Snapshot::of(second.variables()).unwrap().bit_eq(&whole), "{threads} threads or the save change bits");
    }
}

#[test]
fn a_power_of_two_scales_without_a_trace() {
    let scaled = |loss_scale| {
        let options = TrainOpOptions { loss_scale, ..in_runs(2) };
        let model = Model::new(DType::F32, 3, &Sgd { learning_rate: 0.1.into() }, options);
        let mut session = model.open(1);
        (0..6).for_each(|run| model.run(&mut session, run, 2));
        weights(&session)
    };
    let plain = scaled(None);
    assert!(scaled(Some(LossScale::Fixed(1024.0))).bit_eq(&plain));
    assert!(scaled(Some(LossScale::Dynamic { initial_scale: 64.0, growth_steps: 1 })).bit_eq(&plain));
    let thirds = scaled(Some(LossScale::Fixed(3.0)));
    assert!(pairs::<f32>(&thirds, &plain).into_iter().all(|(third, plain)| (third - plain).abs() < 1e-6));
}

#[test]
fn a_scale_falls_when_gradients_overflow_and_grows_when_they_do_not() {
    let loss_scale = Some(LossScale::Dynamic { initial_scale: 2f64.powi(131), growth_steps: 2 });
    let options = TrainOpOptions { loss_scale, ..TrainOpOptions::default() };
    let model = Model::new(DType::F32, 3, &Adam { learning_rate: 0.01.into(), ..Adam::default() }, options);
    let mut session = model.open(1);
    let before = weights(&session);
    let exponent =
        |session: &GraphSession| session.variables().read("loss_scale").unwrap().item::<f64>().unwrap().log2();
    // The scale is beyond f32 at first, and so are the gradients.
    let mut overflows = 0;
    while session.global_step() == 0 {
        assert_eq!(exponent(&session), 131.0 - f64::from(overflows));
        assert!(weights(&session).bit_eq(&before));
        model.run(&mut session, 0, 4);
        overflows += 1;
    }
    assert!(overflows > 1, "the gradients do not overflow at first");
    assert!(!weights(&session).bit_eq(&before));
    let found = exponent(&session);
    model.run(&mut session, 4, 4);
    assert_eq!((exponent(&session), session.global_step()), (found + 1.0, 2));
}

#[test]
fn senseless_choices_are_refused() {
    let refused = |options| {
        let mut graph = Graph::new();
        let weight = graph.variable("weight", DType::F32, [], Initializer::ONES).unwrap();
        let loss = graph.square(weight).unwrap();
        let error = create_train_op_with(&mut graph, loss, &Adam::default(), options).unwrap_err().to_string();
        error.rsplit_once(": ").unwrap().1.to_owned()
    };
    let scaled = |scale| TrainOpOptions { loss_scale: Some(scale), ..TrainOpOptions::default() };
    let growth = LossScale::Dynamic { initial_scale: 2.0, growth_steps: 0 };
    assert_eq!(refused(in_runs(0)), "gradient_accumulation_steps is 0; give at least 1");
    assert_eq!(refused(scaled(LossScale::Fixed(0.0))), "the scale is 0; give a positive number");
    assert_eq!(refused(scaled(growth)), "growth_steps is 0; give at least 1");
}
