//! Requests that make no sense: each is refused by name before anything runs.

use everstep_engine::{GraphSession, connect};
use everstep_graph::{Graph, Initializer, Input, Output, PartialShape};
use everstep_optim::Sgd;
use everstep_session::{Connect, Deadline, Monotonic, Outcome, Request, Scope, Session, SessionConfig, Stop};
use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor};

use crate::mlp::Mlp;

fn mlp() -> Mlp {
    Mlp::new(&Sgd { learning_rate: 0.1.into() }, 4)
}

#[track_caller]
fn check(request: &Request<Output, Input>, kind: ErrorKind, message: &str) {
    let mlp = mlp();
    let mut session = mlp.ready(1);
    let before = Snapshot::of(session.variables()).unwrap();
    let error = session.run(request, &mut Outcome::default()).expect_err("a request without sense was run");
    assert_eq!((error.kind(), error.to_string().as_str()), (kind, message));
    assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&before), "a refused request changed a variable");
}

#[track_caller]
fn check_feeds(feeds: Vec<(Input, Tensor)>, message: &str) {
    check(&Request { feeds, ..Request::train(vec![mlp().train.output]) }, ErrorKind::InvalidArgument, message);
}

fn images(rows: usize) -> (Input, Tensor) {
    mlp().feeds(rows, 0)[0].clone()
}

fn labels(rows: usize) -> (Input, Tensor) {
    mlp().feeds(rows, 0)[1].clone()
}

#[test]
fn an_input_is_not_fed() {
    check_feeds(vec![images(4)], "input labels is not fed, fetch train/train_op needs it; feed i64[?]");
}

#[test]
fn an_input_is_fed_twice() {
    check_feeds(vec![images(4), labels(4), images(4)], "input images is fed twice; feed it once");
}

#[test]
fn another_dtype_or_shape_is_fed() {
    let feeds = |value| vec![(mlp().images, value), labels(4)];
    let doubles = Tensor::zeros(DType::F64, [4, 5]).unwrap();
    check_feeds(feeds(doubles), "input images takes f32[?, 5], it was fed f64[4, 5]");
    let wide = Tensor::zeros(DType::F32, [4, 6]).unwrap();
    check_feeds(feeds(wide), "input images takes f32[?, 5], it was fed f32[4, 6]");
    let flat = Tensor::zeros(DType::F32, [5]).unwrap();
    check_feeds(feeds(flat), "input images takes f32[?, 5], it was fed f32[5]");
}

#[test]
fn batches_of_different_sizes_are_fed() {
    let session = &mut mlp().ready(1);
    let request = Request { feeds: vec![images(32), labels(31)], ..Request::train(vec![mlp().train.output]) };
    let error = session.run(&request, &mut Outcome::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let message = error.to_string();
    for part in ["logits/AddV2 f32[32, 3]", "labels i64[31]", "fed were images f32[32, 5], labels i64[31]"] {
        assert!(message.contains(part), "{message}");
    }
}

/// A graph with more nodes than the perceptron's, none of which fits in it.
fn foreign() -> (Input, Output) {
    let mut graph = Graph::new();
    for _ in 0..1000 {
        graph.placeholder("padding", DType::F32, PartialShape::SCALAR).unwrap();
    }
    let input = graph.placeholder("foreign", DType::F32, PartialShape::SCALAR).unwrap();
    (input, input.output())
}

#[test]
fn a_fetch_or_input_is_of_another_graph() {
    let message = "Output { node: NodeId(1000), index: 0 } is not of this graph; use the handles that this graph gave";
    check(&Request::read(vec![foreign().1]), ErrorKind::InvalidArgument, message);
    let message = "Input(NodeId(1000)) is not an input of this graph; feed images, labels";
    check_feeds(vec![images(4), labels(4), (foreign().0, Tensor::scalar(0f32))], message);
}

#[test]
fn a_reading_run_fetches_an_update() {
    let request = Request { feeds: mlp().feeds(4, 0), ..Request::read(vec![mlp().loss, mlp().train.output]) };
    let update = "train/GradientDescent/update_logits/bias/ApplyGradientDescent (ApplyGradientDescent)";
    let message = format!(
        "fetch train/train_op applies update {update}, and a reading run changes nothing; fetch it in a training run"
    );
    check(&request, ErrorKind::InvalidArgument, &message);
}

#[test]
fn a_label_is_no_class() {
    let wrong = Tensor::from_vec([4], vec![0i64, 1, 7, 2]).unwrap();
    let mlp = mlp();
    let mut session = mlp.ready(1);
    let before = Snapshot::of(session.variables()).unwrap();
    let request = Request { feeds: vec![images(4), (mlp.labels, wrong)], ..Request::train(vec![mlp.train.output]) };
    let mut outcome = Outcome::default();
    let error = session.run(&request, &mut outcome).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().starts_with("loss/SparseSoftmaxCrossEntropyWithLogits ("), "{error}");
    assert!(error.to_string().contains("label 7 of row 2"), "{error}");
    assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&before), "a failed run changed a variable");
    assert!(outcome.values.is_empty());
    session.run(&mlp.step(4, 0), &mut outcome).unwrap();
    assert_eq!(session.global_step(), 1);
}

#[test]
fn a_variable_is_not_initialised() {
    let mlp = mlp();
    let mut session = mlp.open(1);
    let names =
        ["global_step", "hidden/bias", "hidden/kernel", "logits/bias", "logits/kernel", "top/bias", "top/kernel"];
    assert_eq!(session.uninitialized(Scope::Global).unwrap(), names);
    assert_eq!(session.uninitialized(Scope::Local).unwrap(), [""; 0]);
    let error = session.run(&mlp.step(4, 0), &mut Outcome::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    let message = "variable global_step is not initialised; initialise or restore the session";
    assert_eq!(error.to_string(), message);
    assert_eq!(session.variables().read("global_step").unwrap_err().to_string(), message);
    assert_eq!(session.global_step(), 0);
}

#[test]
fn a_master_is_named() {
    let mlp = mlp();
    let config = SessionConfig::default();
    let until = Deadline::new("opening", None, std::sync::Arc::new(Monotonic), Stop::default());
    let mut connect = connect(mlp.graph.clone());
    assert!(connect.connect("", &config, &until).is_ok());
    let error = connect.connect("grpc://chief:2222", &config, &until).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let message = "there is no engine for master \"grpc://chief:2222\"; leave it empty for the one in this process";
    assert_eq!(error.to_string(), message);
}

#[test]
fn the_step_is_a_variable_of_every_session() {
    let mut graph = Graph::new();
    let weight = graph.variable("weight", DType::F32, [], Initializer::ONES).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    assert_eq!(session.global_step(), 0);
    session.variables_mut().assign("global_step", Tensor::scalar(5i64)).unwrap();
    session.run(&Request::read(vec![weight.output()]), &mut Outcome::default()).unwrap();
    assert_eq!(session.global_step(), 5);

    let mut graph = Graph::new();
    graph.variable("global_step", DType::F32, [], Initializer::ZEROS).unwrap();
    let error = GraphSession::new(graph, &SessionConfig::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("global_step"), "{error}");
}
