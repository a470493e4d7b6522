//! Layers of sequences against Keras' numbers, which `tests/golden/layers.py` wrote.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph};
use everstep_nn::{Gru, Layer, Lstm, Returns};
use everstep_session::{Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};
use serde_json::Value;

/// `[shape, elements]`
fn tensor(value: &Value) -> Tensor {
    let (shape, elements): (Vec<usize>, Vec<f64>) = serde_json::from_value(value.clone()).unwrap();
    Tensor::from_vec(shape, elements).unwrap()
}

#[track_caller]
fn assert_close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    for (found, expected) in found.as_slice::<f64>().unwrap().iter().zip(expected.as_slice::<f64>().unwrap()) {
        assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{what}: {found} is not {expected}");
    }
}

#[track_caller]
fn check(line: &Value) {
    let case = line["case"].as_str().unwrap();
    let units = line["units"].as_u64().unwrap() as usize;
    let returns = if case.ends_with("sequences") { Returns::Sequences } else { Returns::Last };
    let layer: Box<dyn Layer> = match case.starts_with("lstm") {
        true => Box::new(Lstm { returns, ..Lstm::new(units) }),
        false => Box::new(Gru { returns, ..Gru::new(units) }),
    };
    let sequences = tensor(&line["sequences"]);
    let shape: Vec<Option<usize>> =
        [None].into_iter().chain(sequences.shape()[1..].iter().copied().map(Some)).collect();
    let mut graph = Graph::new();
    let shape = shape.into_iter().collect::<everstep_graph::PartialShape>();
    let input = graph.placeholder("sequences", DType::F64, shape).unwrap();
    let output = layer.build(&mut graph, "rnn", input).unwrap();
    let squares = graph.square(output).unwrap();
    let loss = graph.sum(squares, Axes::all()).unwrap();
    let names: Vec<&String> = line["weights"].as_object().unwrap().keys().collect();
    let variables: Vec<_> =
        names.iter().map(|name| graph.find_variable(&format!("rnn/{name}")).unwrap().output()).collect();
    assert_eq!(graph.trainable_variables().len(), names.len());
    let of = [&[input.output()], variables.as_slice()].concat();
    let gradients = graph.gradients(loss, &of).unwrap();
    let fetches = [output].into_iter().chain(gradients.into_iter().map(Option::unwrap)).collect();

    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    for name in &names {
        session.variables_mut().assign(&format!("rnn/{name}"), tensor(&line["weights"][name])).unwrap();
    }
    let mut outcome = Outcome::default();
    session.run(&Request::read(fetches).feed(input, sequences), &mut outcome).unwrap();
    assert_close(&format!("{case}: output"), &outcome.values[0], &tensor(&line["output"]));
    assert_close(&format!("{case}: gradient of the input"), &outcome.values[1], &tensor(&line["gradient"]));
    for (name, found) in names.iter().zip(&outcome.values[2..]) {
        assert_close(&format!("{case}: gradient of {name}"), found, &tensor(&line["gradients"][name]));
    }
}

#[test]
fn lstm_and_gru_are_those_of_keras() {
    let lines: Vec<&str> = include_str!("../golden/layers.jsonl").lines().collect();
    assert_eq!(lines.len(), 4);
    lines.into_iter().for_each(|line| check(&serde_json::from_str(line).unwrap()));
}
