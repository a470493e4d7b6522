//! Twenty updates of every optimizer against those of TensorFlow, Keras, PyTorch and Optax, by golden values.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer};
use everstep_optim::{
    Adafactor, Adagrad, Adam, AdamW, Anneal, Lamb, Lion, Mask, Momentum, OneCycle, Optimizer, ParameterGroups, RmsProp,
    Sgd, create_train_op,
};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};
use serde_json::Value;

const WEIGHT: [f64; 6] = [0.5, -1.25, 2.0, -0.75, 0.25, 1.5];
const SCALES: [f64; 6] = [1.0, 0.5, 2.0, 3.0, 0.25, 1.0];
const BIAS: [f64; 3] = [0.1, -0.4, 0.9];

fn optimizer(line: &Value) -> Box<dyn Optimizer> {
    let is = |choice: &str| line[choice] == true;
    let vectors = || Mask::name_contains("bias");
    match line["optimizer"].as_str().unwrap() {
        "sgd" => Box::new(Sgd { learning_rate: 0.1.into() }),
        "momentum" => Box::new(Momentum { learning_rate: 0.05.into(), momentum: 0.9, nesterov: is("nesterov") }),
        "adagrad" => Box::new(Adagrad { learning_rate: 0.1.into(), ..Adagrad::default() }),
        "rms_prop" => {
            let learning_rate = 0.02.into();
            Box::new(RmsProp { learning_rate, decay: 0.9, momentum: 0.5, epsilon: 1e-3, centered: is("centered") })
        }
        "adam" => Box::new(Adam { learning_rate: 0.1.into(), beta1: 0.8, beta2: 0.95, epsilon: 1e-3, lazy: false }),
        "adamw" => Box::new(adamw(line, Mask::all())),
        "masked" => Box::new(adamw(line, !vectors())),
        "lion" => Box::new(Lion { learning_rate: 0.05.into(), weight_decay: 0.2, ..Lion::default() }),
        "lamb" => {
            let weight_decay = line["weight_decay"].as_f64().unwrap();
            Box::new(Lamb { learning_rate: 0.1.into(), weight_decay, ..Lamb::default() })
        }
        "adafactor" => {
            let relative_step = is("relative_step");
            Box::new(Adafactor { learning_rate: 0.1.into(), relative_step, ..Adafactor::default() })
        }
        "groups" => Box::new(
            ParameterGroups::new()
                .group(vectors(), Sgd { learning_rate: 0.5.into() })
                .group(Mask::all(), Sgd { learning_rate: 0.1.into() }),
        ),
        "one_cycle" => {
            let anneal_strategy = if line["anneal_strategy"] == "cos" { Anneal::Cosine } else { Anneal::Linear };
            Box::new(Sgd { learning_rate: OneCycle { anneal_strategy, ..OneCycle::new(0.2, 20) }.into() })
        }
        other => panic!("no optimizer {other}"),
    }
}

fn adamw(line: &Value, decay_mask: Mask) -> AdamW {
    let epsilon = if line["by"] == "torch" { 0.0 } else { 1e-3 };
    AdamW { learning_rate: 0.1.into(), beta1: 0.8, beta2: 0.95, epsilon, weight_decay: 0.2, decay_mask }
}

/// A loss of a matrix and a vector, whose gradients the script writes out.
fn graph(optimizer: &dyn Optimizer) -> (Graph, everstep_graph::Output) {
    let tensor = |shape: &[usize], values: &[f64]| Tensor::from_vec(shape, values.to_vec()).unwrap();
    let mut graph = Graph::new();
    let start = Initializer::Value(tensor(&[2, 3], &WEIGHT));
    let weight = graph.variable("weight", DType::F64, [2, 3], start).unwrap();
    let bias = graph.variable("bias", DType::F64, [3], Initializer::Value(tensor(&[3], &BIAS))).unwrap();
    let halves = graph.constant("halves", tensor(&[2, 3], &SCALES.map(|scale| scale / 2.0))).unwrap();
    let squares = graph.square(weight).unwrap();
    let scaled = graph.mul(squares, halves).unwrap();
    let of_weight = graph.sum(scaled, Axes::all()).unwrap();
    let sines = graph.sin(bias).unwrap();
    let of_bias = graph.sum(sines, Axes::all()).unwrap();
    let loss = graph.add(of_weight, of_bias).unwrap();
    let train_op = create_train_op(&mut graph, loss, optimizer).unwrap().output;
    (graph, train_op)
}

#[test]
fn they_go_where_those_of_others_go() {
    let lines = include_str!("../golden/optimizers.jsonl").lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines.len(), 21);
    for line in &lines {
        let (graph, train_op) = graph(&*optimizer(line));
        let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
        session.initialize(Scope::Global).unwrap();
        // TensorFlow and Keras hold the learning rate in f32.
        let tolerance = if line["by"] == "torch" || line["by"] == "optax" { 1e-12 } else { 1e-6 };
        let values = line["values"].as_array().unwrap();
        assert_eq!(values.len(), 20);
        for (update, expected) in values.iter().enumerate() {
            session.run(&Request::train(vec![train_op]), &mut Outcome::default()).unwrap();
            let found = ["weight", "bias"].map(|name| session.variables().read(name).unwrap());
            let found = found.iter().flat_map(|value| value.as_slice::<f64>().unwrap());
            for (found, expected) in found.zip(expected.as_array().unwrap()) {
                let (expected, what) = (expected.as_f64().unwrap(), (&line["optimizer"], &line["by"]));
                assert!((found - expected).abs() < tolerance, "{what:?}, update {update}: {found}, not {expected}");
            }
        }
    }
}
