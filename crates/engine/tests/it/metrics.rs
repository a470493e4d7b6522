//! Streams of batches through metrics, against TensorFlow's numbers, which `tests/golden/metrics.py` wrote.

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Input, Output, PartialShape};
use everstep_nn::metrics::{self, Auc, Curve, Metric};
use everstep_session::{Outcome, Purpose, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, ErrorKind, Result, Tensor};
use serde_json::Value;

const CLASSES: usize = 4;

fn metric(graph: &mut Graph, name: &str, inputs: &[Input]) -> Result<Metric> {
    let first = inputs[0].output();
    let second = inputs.get(1).map(|input| input.output());
    let weights = |index: usize| inputs.get(index).map(|input| input.output());
    let auc = |graph: &mut Graph, curve, thresholds| {
        Auc { curve, thresholds }.build(graph, "m", first, second.unwrap(), weights(2))
    };
    match name {
        "mean" => metrics::mean(graph, "m", first, weights(1)),
        "accuracy" => metrics::accuracy(graph, "m", first, second.unwrap(), weights(2)),
        "top 2" => metrics::top_k_accuracy(graph, "m", first, second.unwrap(), 2, weights(2)),
        "precision" => metrics::precision(graph, "m", first, second.unwrap(), weights(2)),
        "recall" => metrics::recall(graph, "m", first, second.unwrap(), weights(2)),
        "roc 200" => auc(graph, Curve::Roc, 200),
        "roc 5" => auc(graph, Curve::Roc, 5),
        "pr 200" => auc(graph, Curve::PrecisionRecall, 200),
        "pr 5" => auc(graph, Curve::PrecisionRecall, 5),
        "confusion matrix" => metrics::confusion_matrix(graph, "m", first, second.unwrap(), CLASSES, weights(2)),
        other => panic!("no metric {other}"),
    }
}

/// The dtype and the lengths after the batch of input `index`.
fn input_type(metric: &str, index: usize) -> (DType, Vec<usize>) {
    match (metric, index) {
        ("accuracy" | "top 2", 0) => (DType::F32, vec![CLASSES]),
        ("accuracy" | "top 2", 1) | ("confusion matrix", 0 | 1) => (DType::I64, Vec::new()),
        _ => (DType::F32, Vec::new()),
    }
}

fn run(session: &mut GraphSession, request: Request<Output, Input>) -> Vec<f64> {
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome).unwrap();
    outcome.values[0].as_slice::<f64>().unwrap().to_vec()
}

#[track_caller]
fn assert_close(name: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{name}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 2e-6 * (1.0 + expected.abs()), "{name}: {found} is not {expected}");
    }
}

fn check(line: &Value) {
    let name = line["metric"].as_str().unwrap();
    let batches: Vec<Vec<Vec<f64>>> = serde_json::from_value(line["batches"].clone()).unwrap();
    let values: Vec<Vec<f64>> = serde_json::from_value(line["values"].clone()).unwrap();
    let mut graph = Graph::new();
    let mut inputs = Vec::new();
    for index in 0..batches[0].len() {
        let (dtype, lengths) = input_type(name, index);
        let shape: PartialShape = [None].into_iter().chain(lengths.into_iter().map(Some)).collect();
        inputs.push(graph.placeholder(&format!("x{index}"), dtype, shape).unwrap());
    }
    let metric = metric(&mut graph, name, &inputs).unwrap();
    graph.verify().unwrap();
    let feeds = |batch: &[Vec<f64>]| -> Vec<(Input, Tensor)> {
        let feed = |(index, elements): (usize, &Vec<f64>)| {
            let (dtype, lengths) = input_type(name, index);
            let rows = elements.len() / lengths.iter().product::<usize>();
            let shape: Vec<usize> = [rows].into_iter().chain(lengths).collect();
            let value = match dtype {
                DType::I64 => Tensor::from_vec(shape, elements.iter().map(|element| *element as i64).collect()),
                _ => Tensor::from_vec(shape, elements.iter().map(|element| *element as f32).collect()),
            };
            (inputs[index], value.unwrap())
        };
        batch.iter().enumerate().map(feed).collect()
    };
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    for _ in 0..2 {
        session.initialize(Scope::Local).unwrap();
        let nothing = run(&mut session, Request::read(vec![metric.value]));
        for (batch, expected) in batches.iter().zip(&values) {
            let request = Request { feeds: feeds(batch), ..Request::evaluate(vec![metric.update]) };
            assert_close(name, &run(&mut session, request), expected);
            assert_close(name, &run(&mut session, Request::read(vec![metric.value])), expected);
        }
        assert!(nothing.iter().all(|value| value.is_finite()), "{name} of nothing is {nothing:?}");
    }
}

#[test]
fn metrics_are_those_of_tensorflow() {
    let lines: Vec<&str> = include_str!("../golden/metrics.jsonl").lines().collect();
    assert_eq!(lines.len(), 20);
    lines.into_iter().for_each(|line| check(&serde_json::from_str(line).unwrap()));
}

#[test]
fn an_evaluation_changes_local_variables_alone_and_drops_nothing() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None]).unwrap();
    let dropped = graph.dropout(x, 0.5).unwrap();
    let mean = metrics::mean(&mut graph, "mean", dropped, None).unwrap();
    let step = graph.global_step().unwrap();
    let one = graph.scalar("one", DType::I64, 1.0).unwrap();
    let count = graph.assign_add(step, one).unwrap();
    let counted = graph.after("counted", mean.update, &[count]).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    for scope in [Scope::Global, Scope::Local] {
        session.initialize(scope).unwrap();
    }
    let ones = || Tensor::from_vec([64], vec![1.0f32; 64]).unwrap();
    let run_of = |session: &GraphSession| session.variables().read("training_run").unwrap().item::<i64>().unwrap();

    assert_eq!(run(&mut session, Request::evaluate(vec![mean.update]).feed(x, ones())), [1.0]);
    assert_eq!((session.global_step(), run_of(&session)), (0, 0));
    let refused = |session: &mut GraphSession, purpose, fetch| {
        let request = Request { purpose, ..Request::read(vec![fetch]).feed(x, ones()) };
        let error = session.run(&request, &mut Outcome::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        error.to_string()
    };
    let error = refused(&mut session, Purpose::Read, mean.update);
    assert!(error.contains("a reading run changes nothing"), "{error}");
    let error = refused(&mut session, Purpose::Evaluate, counted);
    assert!(error.contains("and an evaluation changes local variables alone"), "{error}");
    assert_eq!(run(&mut session, Request::read(vec![mean.value])), [1.0], "what was refused gathered nothing");

    let training = run(&mut session, Request::train(vec![mean.update]).feed(x, ones()));
    assert_ne!(training, [1.0], "a training run drops");
    assert_eq!(run_of(&session), 1);
}

#[test]
fn a_class_that_is_none_is_an_error_of_the_run() {
    let mut graph = Graph::new();
    let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
    let matrix = metrics::confusion_matrix(&mut graph, "matrix", labels, labels, 3, None).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Local).unwrap();
    let request = Request::evaluate(vec![matrix.update]).feed(labels, Tensor::from_vec([2], vec![1i64, 3]).unwrap());
    assert_eq!(session.run(&request, &mut Outcome::default()).unwrap_err().kind(), ErrorKind::InvalidArgument);
}
