//! What random ops draw: by seed, name and training run alone.

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Initializer, Law, Output};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};

const UNIFORM: Law = Law::Uniform { low: 0.0, high: 1.0 };

fn open(graph: &Graph, seed: u64) -> GraphSession {
    let mut session = GraphSession::new(graph.clone(), &SessionConfig { seed, ..SessionConfig::default() }).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn fetch(
    session: &mut GraphSession,
    request: fn(Vec<Output>) -> Request<Output, everstep_graph::Input>,
    output: Output,
) -> Tensor {
    let mut outcome = Outcome::default();
    session.run(&request(vec![output]), &mut outcome).unwrap();
    outcome.values.remove(0)
}

fn run_of(session: &GraphSession) -> i64 {
    session.variables().read("training_run").unwrap().item().unwrap()
}

/// A value of ones that is dropped.
fn dropped(shape: [usize; 2]) -> (Graph, Output) {
    let mut graph = Graph::new();
    let ones = graph.variable("ones", DType::F32, shape, Initializer::ONES).unwrap();
    let output = graph.dropout(ones, 0.25).unwrap();
    (graph, output)
}

#[test]
fn each_training_run_draws_anew_and_reading_runs_draw_the_same() {
    let mut graph = Graph::new();
    let drawn = graph.random(UNIFORM, DType::F32, [3, 5]).unwrap();
    let mut session = open(&graph, 7);
    let first = fetch(&mut session, Request::read, drawn);
    assert!(fetch(&mut session, Request::read, drawn).bit_eq(&first));
    assert_eq!(run_of(&session), 0);
    assert!(fetch(&mut session, Request::train, drawn).bit_eq(&first));
    assert_eq!(run_of(&session), 1);
    let second = fetch(&mut session, Request::train, drawn);
    assert!(!second.bit_eq(&first));
    assert_eq!(run_of(&session), 2);

    let mut again = open(&graph, 7);
    again.variables_mut().assign("training_run", Tensor::scalar(1i64)).unwrap();
    assert!(fetch(&mut again, Request::read, drawn).bit_eq(&second), "a restored run draws what it drew");
    assert!(!fetch(&mut open(&graph, 8), Request::read, drawn).bit_eq(&first), "another seed draws something else");
}

#[test]
fn a_snapshot_keeps_the_number_of_its_run() {
    let (graph, output) = dropped([2, 3]);
    let mut session = open(&graph, 1);
    let before = session.variables().read("training_run").unwrap();
    fetch(&mut session, Request::train, output);
    fetch(&mut session, Request::train, output);
    assert_eq!((before.item::<i64>().unwrap(), run_of(&session)), (0, 2));
}

#[test]
fn values_are_dropped_in_training_runs_alone() {
    let (graph, output) = dropped([200, 100]);
    let mut session = open(&graph, 3);
    let share = |value: &Tensor| {
        let elements = value.as_slice::<f32>().unwrap();
        assert!(elements.iter().all(|x| *x == 0.0 || *x == 1.0 / 0.75));
        elements.iter().filter(|x| **x == 0.0).count() as f64 / elements.len() as f64
    };
    for _ in 0..3 {
        assert!((share(&fetch(&mut session, Request::train, output)) - 0.25).abs() < 0.02);
    }
    assert!(fetch(&mut session, Request::read, output).as_slice::<f32>().unwrap().iter().all(|x| *x == 1.0));
}

#[test]
fn two_ops_draw_different_numbers_and_one_name_the_same() {
    let mut graph = Graph::new();
    let one = graph.random(UNIFORM, DType::F64, [4]).unwrap();
    let other = graph.random(UNIFORM, DType::F64, [4]).unwrap();
    let mut session = open(&graph, 0);
    assert!(!fetch(&mut session, Request::read, one).bit_eq(&fetch(&mut session, Request::read, other)));
}

#[test]
fn laws_have_their_means_and_bounds() {
    let mut graph = Graph::new();
    let integers = graph.random(Law::UniformInt { low: -3, high: 4 }, DType::I64, [7000]).unwrap();
    let truths = graph.random(Law::Bernoulli { probability: 0.2 }, DType::Bool, [7000]).unwrap();
    let mut session = open(&graph, 5);
    let found = fetch(&mut session, Request::read, integers);
    let counts = (-3..4).map(|value| found.as_slice::<i64>().unwrap().iter().filter(|x| **x == value).count());
    assert!(counts.clone().all(|count| count.abs_diff(1000) < 150), "{:?}", counts.collect::<Vec<usize>>());
    let found = fetch(&mut session, Request::read, truths);
    assert!(found.as_slice::<bool>().unwrap().iter().filter(|holds| **holds).count().abs_diff(1400) < 150);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut graph = Graph::new();
    let one = graph.scalar("one", DType::F32, 1.0).unwrap();
    let check = |result: everstep_tensor::Result<Output>, message: &str| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    };
    check(graph.dropout(one, 1.0), "the rate 1 makes no sense; give one from 0 to below 1");
    check(graph.random(UNIFORM, DType::I32, [2]), "it takes floats (f32, f64, bf16 or f16), not i32");
    check(graph.random(Law::UniformInt { low: 3, high: 3 }, DType::I32, [2]), "no whole number in 3..3");
    check(graph.random(Law::Bernoulli { probability: 1.5 }, DType::Bool, [2]), "1.5 is no probability");
    assert_eq!(graph.nodes().len(), 1, "what was refused left nothing behind");
}
