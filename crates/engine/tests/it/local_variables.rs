//! Local variables: each session makes them anew, runs see them, nothing saves them.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Initializer, Input, Output};
use everstep_optim::{Adam, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor};
use everstep_testkit::laws::SessionLaws;

/// `loss = (x * weight * scale)^2`, where `scale` is local; `counted` counts its runs in the local variable `a/count`.
struct Model {
    graph: Arc<Graph>,
    x: Input,
    loss: Output,
    train_op: Output,
    counted: Output,
}

impl Model {
    fn new() -> Self {
        let mut graph = Graph::new();
        let count =
            graph.scope("a", |graph| graph.local_variable("count", DType::I64, [], Initializer::ZEROS)).unwrap();
        let x = graph.placeholder("x", DType::F32, [None]).unwrap();
        let weight = graph.variable("weight", DType::F32, [], Initializer::ONES).unwrap();
        let scale = graph.local_variable("scale", DType::F32, [], Initializer::Constant(0.5)).unwrap();
        let scaled = graph.mul(weight, scale).unwrap();
        let product = graph.mul(x, scaled).unwrap();
        let squares = graph.square(product).unwrap();
        let loss = graph.mean(squares, [0]).unwrap();
        let train_op = create_train_op(&mut graph, loss, &Adam::default()).unwrap().output;
        let one = graph.scalar("one", DType::I64, 1.0).unwrap();
        let counting = graph.assign_add(count, one).unwrap();
        let counted = graph.after("counted", count, &[counting]).unwrap();
        Self { graph: Arc::new(graph), x, loss, train_op, counted }
    }

    fn open(&self) -> GraphSession {
        GraphSession::new(self.graph.clone(), &SessionConfig::default()).unwrap()
    }

    fn feeds(&self, position: u64) -> Vec<(Input, Tensor)> {
        vec![(self.x, Tensor::from_vec([2], vec![1.0, position as f32]).unwrap())]
    }
}

#[test]
fn a_session_with_local_variables_obeys_the_laws() {
    let model = Model::new();
    SessionLaws {
        open: &|| model.open(),
        train: model.train_op,
        reads: vec![model.loss, model.graph.find_variable("scale").unwrap().output()],
        feeds: &|position| model.feeds(position),
        wrong_feeds: vec![vec![]],
    }
    .check(3);
}

#[test]
fn local_variables_are_initialised_apart() {
    let model = Model::new();
    let mut session = model.open();
    let uninitialised = |session: &mut GraphSession| {
        [Scope::Global, Scope::Local].map(|scope| session.uninitialized(scope).unwrap().join(" "))
    };
    let globals = "beta1_power beta2_power global_step weight weight/Adam weight/Adam_1";
    assert_eq!(uninitialised(&mut session), [globals, "a/count scale"]);
    session.initialize(Scope::Global).unwrap();
    assert_eq!(uninitialised(&mut session), ["", "a/count scale"]);

    let request = Request { feeds: model.feeds(0), ..Request::train(vec![model.train_op]) };
    let error = session.run(&request, &mut Outcome::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.to_string().starts_with("variable scale is not initialised"), "{error}");

    session.initialize(Scope::Local).unwrap();
    assert_eq!(uninitialised(&mut session), ["", ""]);
    session.run(&request, &mut Outcome::default()).unwrap();
}

#[test]
fn nobody_reads_or_saves_local_variables() {
    let model = Model::new();
    let mut session = model.open();
    session.initialize(Scope::Global).unwrap();
    session.initialize(Scope::Local).unwrap();
    let saved = Snapshot::of(session.variables()).unwrap();
    assert_eq!(saved.iter().map(|(name, _)| name).filter(|name| ["a/count", "scale"].contains(name)).count(), 0);
    for name in ["a/count", "scale"] {
        assert_eq!(session.variables().read(name).unwrap_err().kind(), ErrorKind::NotFound);
        let error = session.variables_mut().assign(name, Tensor::scalar(1.0f32)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
}

#[test]
fn updates_change_local_variables_until_the_session_ends() {
    let model = Model::new();
    let run = |session: &mut GraphSession| {
        let mut outcome = Outcome::default();
        session.run(&Request::train(vec![model.counted]), &mut outcome).unwrap();
        outcome.values[0].item::<i64>().unwrap()
    };
    for _ in 0..2 {
        let mut session = model.open();
        session.initialize(Scope::Local).unwrap();
        assert_eq!([run(&mut session), run(&mut session), run(&mut session)], [0, 1, 2]);
        session.initialize(Scope::Global).unwrap();
        assert_eq!(run(&mut session), 3, "the global variables are others");
        session.initialize(Scope::Local).unwrap();
        assert_eq!(run(&mut session), 0);
    }
}
