//! What a run means: reads before, updates at the end and in order, all of them or none.

use std::{sync::Arc, time::Duration};

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Initializer, Output, UpdateRule, Variable};
use everstep_optim::Sgd;
use everstep_session::{Outcome, Request, RunOptions, Scope, Session, SessionConfig};
use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor};

use crate::mlp::Mlp;

fn number(graph: &mut Graph, name: &str, value: f64) -> Variable {
    graph.state(name, DType::F64, [], Initializer::Constant(value)).unwrap()
}

fn open(graph: Graph) -> GraphSession {
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn read(session: &GraphSession, name: &str) -> f64 {
    session.variables().read(name).unwrap().to_f64().unwrap()
}

fn train(session: &mut GraphSession, fetches: &[Output]) -> Vec<f64> {
    let mut outcome = Outcome::default();
    session.run(&Request::train(fetches.to_vec()), &mut outcome).unwrap();
    outcome.values.iter().map(|value| value.to_f64().unwrap()).collect()
}

#[test]
fn every_read_is_from_before_the_run() {
    let mut graph = Graph::new();
    let (a, b) = (number(&mut graph, "a", 1.0), number(&mut graph, "b", 10.0));
    // The two swap, though the second assignment reads what the first has changed.
    let updates = [graph.assign(a, b).unwrap(), graph.assign(b, a).unwrap()];
    let twice = graph.add(a, a).unwrap();
    let fetch = graph.after("fetch", a, &updates).unwrap();
    let mut session = open(graph);
    for (one, other) in [(1.0, 10.0), (10.0, 1.0), (1.0, 10.0)] {
        assert_eq!(train(&mut session, &[fetch, twice, b.output(), fetch]), [one, one + one, other, one]);
        assert_eq!((read(&session, "a"), read(&session, "b")), (other, one));
    }
}

#[test]
fn updates_of_one_variable_apply_in_order() {
    let mut graph = Graph::new();
    let (a, b) = (number(&mut graph, "a", 3.0), number(&mut graph, "b", 0.0));
    let ten = graph.scalar("ten", DType::F64, 10.0).unwrap();
    let updates = [
        graph.assign(a, ten).unwrap(),
        // What is added is the value from before; what it is added to, the value that the first one left.
        graph.assign_add(a, a).unwrap(),
        graph.assign_add(a, ten).unwrap(),
        graph.assign(b, a).unwrap(),
        graph.assign_add(b, b).unwrap(),
    ];
    let fetch = graph.after("fetch", a, &updates).unwrap();
    let mut session = open(graph);
    assert_eq!(train(&mut session, &[fetch]), [3.0]);
    assert_eq!((read(&session, "a"), read(&session, "b")), (23.0, 3.0));
    assert_eq!(train(&mut session, &[fetch]), [23.0]);
    assert_eq!((read(&session, "a"), read(&session, "b")), (43.0, 26.0));
}

#[test]
fn an_update_may_read_its_own_variable() {
    let mut graph = Graph::new();
    let a = number(&mut graph, "a", 1.0);
    let rate = graph.scalar("rate", DType::F64, 0.5).unwrap();
    let double = graph.assign_add(a, a).unwrap();
    let halve = graph.update(UpdateRule::GradientDescent, &[a], &[rate, a.output()]).unwrap();
    let (doubled, halved) = (graph.after("d", a, &[double]).unwrap(), graph.after("h", a, &[halve]).unwrap());
    let mut session = open(graph);
    train(&mut session, &[doubled]);
    train(&mut session, &[doubled]);
    assert_eq!(read(&session, "a"), 4.0);
    train(&mut session, &[halved]);
    assert_eq!(read(&session, "a"), 2.0);
}

#[test]
fn an_assignment_initialises() {
    let mut graph = Graph::new();
    let a = number(&mut graph, "a", 1.0);
    let ten = graph.scalar("ten", DType::F64, 10.0).unwrap();
    let updates = [graph.assign(a, ten).unwrap(), graph.assign_add(a, ten).unwrap()];
    let fetch = graph.after("fetch", ten, &updates).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    train(&mut session, &[fetch]);
    assert_eq!(read(&session, "a"), 20.0);
    assert_eq!(session.uninitialized(Scope::Global).unwrap(), ["global_step"]);
}

#[test]
fn a_run_out_of_time_changes_nothing() {
    let mlp = Mlp::new(&Sgd { learning_rate: 0.1.into() }, 4);
    let mut session = mlp.ready(1);
    let before = Snapshot::of(session.variables()).unwrap();
    let mut request = mlp.step(4, 0);
    request.options.timeout = Some(Duration::ZERO);
    let error = session.run(&request, &mut Outcome::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(Snapshot::of(session.variables()).unwrap().bit_eq(&before));
    request.options.timeout = Some(Duration::from_secs(600));
    session.run(&request, &mut Outcome::default()).unwrap();
    assert_eq!(session.global_step(), 1);
}

#[test]
fn a_traced_run_tells_its_kernels() {
    let mlp = Mlp::new(&Sgd { learning_rate: 0.1.into() }, 4);
    let mut session = mlp.ready(1);
    let mut request = mlp.step(6, 0);
    request.options = RunOptions { trace: true, timeout: None };
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome).unwrap();
    let kernels = outcome.metadata.as_ref().unwrap().kernels.clone();
    let first = &kernels[0];
    assert_eq!(
        (first.node.as_str(), first.kernel.as_str(), first.bytes),
        ("hidden/MatMul", "MatMul+AddV2+Relu", 6 * 4 * 4)
    );
    assert!(kernels.windows(2).all(|pair| pair[0].start + pair[0].elapsed <= pair[1].start), "{kernels:?}");
    let last = kernels.last().unwrap();
    assert_eq!((last.kernel.as_str(), last.bytes), ("AssignAdd", 8), "the step is the last update");
    request.options.trace = false;
    session.run(&request, &mut outcome).unwrap();
    assert_eq!(outcome.metadata, None);
}

#[test]
fn initial_values_depend_on_seed_and_name_alone() {
    let values = |seed, others: usize| {
        let mut graph = Graph::new();
        for other in 0..others {
            graph.variable(&format!("other{other}"), DType::F32, [3], Initializer::ONES).unwrap();
        }
        let normal = Initializer::TruncatedNormal { mean: 0.0, stddev: 1.0 };
        graph.variable("drawn", DType::F32, [9], normal).unwrap();
        for (name, dtype) in [("bool", DType::Bool), ("u8", DType::U8), ("i32", DType::I32), ("i64", DType::I64)] {
            graph.state(name, dtype, [2], Initializer::Constant(3.0)).unwrap();
        }
        let config = SessionConfig { seed, ..SessionConfig::default() };
        let mut session = GraphSession::new(graph, &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        Snapshot::of(session.variables()).unwrap()
    };
    let drawn = |set: &Snapshot| everstep_tensor::Variables::read(set, "drawn").unwrap();
    let set = values(1, 0);
    assert!(drawn(&set).bit_eq(&drawn(&values(1, 2))));
    assert!(!drawn(&set).bit_eq(&drawn(&values(2, 0))));
    let of = |name| everstep_tensor::Variables::read(&set, name).unwrap();
    assert_eq!(of("bool").as_slice::<bool>().unwrap(), [true, true]);
    assert_eq!(of("u8").as_slice::<u8>().unwrap(), [3, 3]);
    assert_eq!(of("i32").as_slice::<i32>().unwrap(), [3, 3]);
    assert!(of("i64").bit_eq(&Tensor::from_vec([2], vec![3i64, 3]).unwrap()));
}

#[test]
fn case_86_88_the_graph_is_at_hand_and_stays_as_it_is() {
    let mut graph = Graph::new();
    let weight = graph.variable("weight", DType::F32, [], Initializer::ONES).unwrap();
    graph.global_step().unwrap();
    let square = graph.square(weight).unwrap();
    let graph = Arc::new(graph);
    let before = graph.to_string();
    let mut session = GraphSession::new(graph.clone(), &SessionConfig::default()).unwrap();
    assert!(Arc::ptr_eq(session.graph(), &graph));
    session.initialize(Scope::Global).unwrap();
    session.run(&Request::read(vec![square]), &mut Outcome::default()).unwrap();
    session.close().unwrap();
    assert_eq!(graph.to_string(), before);
}
