//! What the configuration says of every run: its timeout, its trace, its memory.

use std::time::Duration;

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Input, Output};
use everstep_optim::Sgd;
use everstep_session::{
    GraphOptimization, KernelStats, Outcome, OutputStats, Replica, Request, RunMetadata, Scope, Session, SessionConfig,
};
use everstep_tensor::{DType, ErrorKind, Snapshot, Tensor, Variables};

use crate::mlp::Mlp;

/// Bytes of the perceptron's variables: three kernels, three biases, and the step.
const VARIABLES: u64 = 4 * (5 * 4 + 4 + 4 * 4 + 4 + 4 * 3 + 3) + 8;

fn mlp() -> Mlp {
    Mlp::new(&Sgd { learning_rate: 0.1.into() }, 4)
}

fn open(mlp: &Mlp, config: SessionConfig) -> GraphSession {
    GraphSession::new(mlp.graph.clone(), &SessionConfig { intra_op_threads: 1, ..config }).unwrap()
}

fn ready(mlp: &Mlp, config: SessionConfig) -> GraphSession {
    let mut session = open(mlp, config);
    session.initialize(Scope::Global).unwrap();
    session
}

#[test]
fn a_run_without_a_timeout_has_the_configurations() {
    let mlp = mlp();
    let timeout = Some(Duration::from_nanos(1));
    let mut session = ready(&mlp, SessionConfig { operation_timeout: timeout, ..SessionConfig::default() });
    let mut request = mlp.step(4, 0);
    let error = session.run(&request, &mut Outcome::default()).unwrap_err();
    assert_eq!((error.kind(), session.global_step()), (ErrorKind::DeadlineExceeded, 0));
    request.options.timeout = Some(Duration::from_secs(600));
    session.run(&request, &mut Outcome::default()).unwrap();
    assert_eq!(session.global_step(), 1);
}

#[test]
fn every_nth_run_is_traced() {
    let mlp = mlp();
    let traced = |trace_every: u64, asked: &[usize]| -> Vec<usize> {
        let mut session = ready(&mlp, SessionConfig { trace_every, ..SessionConfig::default() });
        let mut outcome = Outcome::default();
        let runs = (1..=7).filter(|run| {
            let mut request = mlp.step(4, 0);
            request.options.trace = asked.contains(run);
            session.run(&request, &mut outcome).unwrap();
            outcome.metadata.as_ref().is_some_and(|metadata| !metadata.kernels.is_empty())
        });
        runs.collect()
    };
    assert_eq!(traced(0, &[]), [0; 0]);
    assert_eq!(traced(3, &[]), [3, 6]);
    assert_eq!(traced(3, &[1, 3]), [1, 3, 6]);
    assert_eq!(traced(1, &[]), [1, 2, 3, 4, 5, 6, 7]);
}

fn trace(session: &mut GraphSession, mut request: Request<Output, Input>) -> RunMetadata {
    request.options.trace = true;
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome).unwrap();
    outcome.metadata.unwrap()
}

fn find<'a>(metadata: &'a RunMetadata, node: &str) -> &'a KernelStats {
    metadata.kernels.iter().find(|stats| stats.node == node).unwrap()
}

#[test]
fn a_trace_tells_what_was_written_and_the_memory_it_took() {
    let mlp = mlp();
    let mut session = ready(&mlp, SessionConfig::default());
    let reading = trace(&mut session, Request { feeds: mlp.feeds(6, 0), ..Request::read(vec![mlp.loss]) });
    let first = find(&reading, "hidden/MatMul");
    assert_eq!(first.outputs, [OutputStats { dtype: DType::F32, shape: [6, 4].into() }]);
    assert_eq!((first.bytes, first.live_bytes), (6 * 4 * 4, 6 * 4 * 4));
    let live = reading.kernels.iter().map(|stats| stats.live_bytes).max().unwrap();
    assert!(reading.peak_bytes >= VARIABLES + live, "{} and {live}", reading.peak_bytes);

    let training = trace(&mut session, mlp.step(6, 0));
    let step = training.kernels.last().unwrap();
    assert_eq!(step.outputs, [OutputStats { dtype: DType::I64, shape: [].into() }]);
    assert_eq!(step.bytes, 8);
    let snapshot = Snapshot::of(session.variables()).unwrap();
    let beside = trace(&mut session, mlp.step(6, 0));
    assert_eq!(beside.peak_bytes, training.peak_bytes + VARIABLES, "the snapshot holds what was, updates go beside it");
    assert_eq!(snapshot.read("global_step").unwrap().item::<i64>().unwrap(), 1);
}

#[test]
fn an_initialisation_beyond_the_limit_is_refused() {
    let mlp = mlp();
    let limited = |limit| SessionConfig { memory_limit: Some(limit), ..SessionConfig::default() };
    let mut session = open(&mlp, limited(VARIABLES - 1));
    let error = session.initialize(Scope::Global).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    let message = format!(
        "the initialisation needs {VARIABLES} bytes ({VARIABLES} of variables, 0 of results) and memory_limit is {}; \
         raise it, or make the model or the batch smaller",
        VARIABLES - 1
    );
    assert_eq!(error.to_string(), message);
    assert_eq!(session.uninitialized(Scope::Global).unwrap().len(), 7, "no variable was given a value");
    open(&mlp, limited(VARIABLES)).initialize(Scope::Global).unwrap();
}

/// The least limit under which that run takes place.
fn least_limit(mlp: &Mlp, rows: usize) -> u64 {
    let runs = |limit: u64| {
        let mut session = ready(mlp, SessionConfig { memory_limit: Some(limit), ..SessionConfig::default() });
        session.run(&mlp.step(rows, 0), &mut Outcome::default()).map(|()| session)
    };
    let (mut refused, mut enough) = (VARIABLES, VARIABLES + (1 << 20));
    while enough - refused > 1 {
        let between = refused + (enough - refused) / 2;
        if runs(between).is_ok() { enough = between } else { refused = between }
    }
    enough
}

#[test]
fn a_run_beyond_the_limit_is_refused_before_anything_is_done() {
    let mlp = mlp();
    let limit = least_limit(&mlp, 6);
    let config = SessionConfig { memory_limit: Some(limit), ..SessionConfig::default() };
    let mut session = ready(&mlp, config);
    let error = session.run(&mlp.step(60, 0), &mut Outcome::default()).unwrap_err();
    assert_eq!((error.kind(), session.global_step()), (ErrorKind::ResourceExhausted, 0));
    let needed = least_limit(&mlp, 60);
    assert!(error.to_string().starts_with(&format!("the run needs {needed} bytes (")), "{error}");
    assert!(error.to_string().contains(&format!("memory_limit is {limit};")), "{error}");

    // It is enough for good, with snapshots held and not.
    let mut outcome = Outcome::default();
    for position in 0..3 {
        session.run(&mlp.step(6, position), &mut outcome).unwrap();
        let snapshot = Snapshot::of(session.variables()).unwrap();
        let metadata = trace(&mut session, mlp.step(6, position));
        assert!(metadata.peak_bytes <= limit, "{} of {limit}", metadata.peak_bytes);
        drop(snapshot);
    }
    assert_eq!(session.global_step(), 6);
}

#[test]
fn the_limit_counts_the_results_of_earlier_runs() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None]).unwrap();
    let square = graph.square(x).unwrap();
    let more = graph.exp(square).unwrap();
    let sum = graph.sum(more, Axes::all()).unwrap();
    let fed = |fetch, elements: usize| {
        Request::read(vec![fetch]).feed(x, Tensor::from_vec([elements], vec![0f32; elements]).unwrap())
    };
    // The step, and for the square of 100 elements 400 bytes; the sum of 100 takes 800 of slots and 4 of its result.
    let refused = |limit: u64| {
        let config = SessionConfig {
            intra_op_threads: 1,
            graph_optimization: GraphOptimization::Off,
            memory_limit: Some(limit),
            ..SessionConfig::default()
        };
        let mut session = GraphSession::new(graph.clone(), &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        session.run(&fed(square, 100), &mut Outcome::default()).unwrap();
        session.run(&fed(sum, 100), &mut Outcome::default()).map_err(|error| error.to_string())
    };
    assert!(refused(8 + 400 + 800).is_ok());
    let error = refused(8 + 400 + 799).unwrap_err();
    assert!(error.starts_with("the run needs 1208 bytes (8 of variables, 1200 of results)"), "{error}");
}

#[test]
fn a_configuration_that_makes_no_sense_opens_nothing() {
    let config = SessionConfig { replica: Replica { rank: 1, of: 1 }, ..SessionConfig::default() };
    let error = GraphSession::new(mlp().graph, &config).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("replica"), "{error}");
}
