//! Schedules against TensorFlow, by golden values, and what they refuse.

use everstep_engine::GraphSession;
use everstep_graph::{Graph, PartialShape};
use everstep_optim::{
    CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, Join, LearningRate, LinearWarmup,
    NaturalExpDecay, OneCycle, PiecewiseConstantDecay, PolynomialDecay, Product,
};
use everstep_session::{Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};
use serde_json::Value;

/// The rates at some steps.
fn rates(rate: &LearningRate, steps: &[f64]) -> Vec<f64> {
    let mut graph = Graph::new();
    let step = graph.placeholder("step", DType::F64, PartialShape::SCALAR).unwrap();
    let rate = rate.at(&mut graph, step.output()).unwrap();
    graph.verify().unwrap();
    assert_eq!(graph.type_of(rate).unwrap().to_string(), "f64[]");
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    let mut outcome = Outcome::default();
    let at = |step_now: &f64| {
        let request = Request::read(vec![rate]).feed(step, Tensor::scalar(*step_now));
        session.run(&request, &mut outcome).unwrap();
        outcome.values[0].item().unwrap()
    };
    steps.iter().map(at).collect()
}

fn floats(list: &Value) -> Vec<f64> {
    list.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

fn schedule(line: &Value) -> LearningRate {
    let number = |name: &str| line[name].as_f64().unwrap();
    let steps = |name: &str| line[name].as_u64().unwrap();
    let staircase = line["staircase"] == true;
    let initial_learning_rate = 0.1;
    let decaying = || (steps("decay_steps"), number("decay_rate"));
    match line["schedule"].as_str().unwrap() {
        "exponential_decay" => {
            let (decay_steps, decay_rate) = decaying();
            ExponentialDecay { initial_learning_rate, decay_steps, decay_rate, staircase }.into()
        }
        "inverse_time_decay" => {
            let (decay_steps, decay_rate) = decaying();
            InverseTimeDecay { initial_learning_rate, decay_steps, decay_rate, staircase }.into()
        }
        "natural_exp_decay" => {
            let (decay_steps, decay_rate) = decaying();
            NaturalExpDecay { initial_learning_rate, decay_steps, decay_rate, staircase }.into()
        }
        "polynomial_decay" => PolynomialDecay {
            end_learning_rate: number("end_learning_rate"),
            power: number("power"),
            cycle: line["cycle"] == true,
            ..PolynomialDecay::new(0.1, steps("decay_steps"))
        }
        .into(),
        "cosine_decay" => CosineDecay { alpha: number("alpha"), ..CosineDecay::new(0.1, steps("decay_steps")) }.into(),
        "cosine_decay_restarts" => CosineDecayRestarts {
            initial_learning_rate,
            first_decay_steps: steps("first_decay_steps"),
            t_mul: number("t_mul"),
            m_mul: number("m_mul"),
            alpha: number("alpha"),
        }
        .into(),
        "piecewise_constant_decay" => {
            let boundaries = line["boundaries"].as_array().unwrap().iter().map(|step| step.as_u64().unwrap()).collect();
            PiecewiseConstantDecay { boundaries, values: floats(&line["values_of"]) }.into()
        }
        "warm_up" => {
            let then = CosineDecay { alpha: 0.1, ..CosineDecay::new(0.1, 20) };
            LinearWarmup { start: 0.01, steps: 8, then: then.into() }.into()
        }
        other => panic!("no schedule {other}"),
    }
}

/// Every line of golden values.
fn check(golden: &str, expected_lines: usize) {
    let lines: Vec<Value> = golden.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), expected_lines);
    for line in &lines {
        let steps = floats(&line["steps"]);
        let tolerance = if line["dtype"] == "float64" { 1e-14 } else { 2e-7 };
        let found = rates(&schedule(line), &steps);
        for ((step, found), expected) in steps.iter().zip(found).zip(floats(&line["values"])) {
            let name = &line["schedule"];
            assert!((found - expected).abs() <= tolerance, "{name} at {step}: {found}, not {expected}; {line}");
        }
    }
}

#[test]
fn they_follow_tensorflow() {
    check(include_str!("../golden/schedules.jsonl"), 17);
}

#[test]
fn they_are_joined_and_multiplied() {
    let rising = PolynomialDecay { end_learning_rate: 1.0, ..PolynomialDecay::new(0.0, 4) };
    let halving = ExponentialDecay { initial_learning_rate: 1.0, decay_steps: 1, decay_rate: 0.5, staircase: false };
    let joined = Join { schedules: vec![rising.into(), 0.75.into(), halving.into()], boundaries: vec![2, 4] };
    let steps = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(rates(&joined.clone().into(), &steps), [0.0, 0.25, 0.75, 0.75, 1.0, 0.5, 0.25]);
    let product = Product(vec![joined.into(), halving.into(), 2.0.into()]);
    assert_eq!(rates(&product.into(), &steps[..4]), [0.0, 0.25, 0.375, 0.1875]);
}

#[test]
fn a_value_is_a_rate_of_any_float_dtype() {
    let mut graph = Graph::new();
    let step = graph.scalar("step", DType::F64, 0.0).unwrap();
    let single = graph.scalar("single", DType::F32, 0.5).unwrap();
    let rate = LearningRate::from(single).at(&mut graph, step).unwrap();
    assert_eq!(graph.type_of(rate).unwrap().dtype, DType::F64);
    let double = graph.scalar("double", DType::F64, 0.5).unwrap();
    assert_eq!(LearningRate::from(double).at(&mut graph, step).unwrap(), double);
}

#[track_caller]
fn check_refused(rate: impl Into<LearningRate>, expected: &str) {
    let mut graph = Graph::new();
    let step = graph.scalar("step", DType::F64, 0.0).unwrap();
    let error = rate.into().at(&mut graph, step).unwrap_err().to_string();
    let (what, rest) = error.split_once(" at ").unwrap();
    let (_, message) = rest.split_once(": ").unwrap();
    assert_eq!(format!("{what}: {message}"), expected);
}

#[test]
fn senseless_numbers_are_refused() {
    check_refused(CosineDecay::new(0.1, 0), "cosine decay: decay_steps is 0; give at least 1");
    check_refused(
        PolynomialDecay { power: -1.0, ..PolynomialDecay::new(0.1, 9) },
        "polynomial decay: power is -1; give a positive number",
    );
    check_refused(
        CosineDecayRestarts { t_mul: 0.5, ..CosineDecayRestarts::new(0.1, 9) },
        "cosine decay with restarts: t_mul is 0.5; give 1 or more",
    );
    check_refused(
        PiecewiseConstantDecay { boundaries: vec![3], values: vec![0.1] },
        "piecewise constant: 1 boundaries and 1 values; give one value more",
    );
    check_refused(
        PiecewiseConstantDecay { boundaries: vec![3, 3], values: vec![0.1; 3] },
        "piecewise constant: boundary 3 does not come after 3; give them ascending",
    );
    check_refused(
        Join { schedules: Vec::new(), boundaries: Vec::new() },
        "join: 0 boundaries and 0 schedules; give one schedule more",
    );
    check_refused(Product(Vec::new()), "product: there is no schedule; give at least one");
    check_refused(
        LinearWarmup { start: 0.0, steps: 0, then: 0.1.into() },
        "warm-up: steps is 0; give at least 1, or only what follows",
    );
    check_refused(
        OneCycle { pct_start: 0.05, ..OneCycle::new(0.1, 20) },
        "one cycle: 0.05 of 20 steps go up; give a part of them that is more than one step, and not all",
    );
}
