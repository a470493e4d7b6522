//! Optimizers against TensorFlow's formulas, written out for one number.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer};
use everstep_optim::{Adam, Momentum, Optimizer, Sgd, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};

const START: [f64; 3] = [0.5, -1.25, 2.0];

/// Trains the sum of squares for some steps; `formula` moves one weight, given its gradient and the step from 0.
#[track_caller]
fn check<State: Default>(optimizer: &dyn Optimizer, mut formula: impl FnMut(&mut f64, &mut State, f64, i32)) {
    let mut graph = Graph::new();
    let start = Initializer::Value(Tensor::from_vec([3], START.to_vec()).unwrap());
    let weight = graph.variable("weight", DType::F64, [3], start).unwrap();
    let squares = graph.square(weight).unwrap();
    let loss = graph.sum(squares, Axes::all()).unwrap();
    let train = create_train_op(&mut graph, loss, optimizer).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();

    let mut expected = START.map(|weight| (weight, State::default()));
    let mut outcome = Outcome::default();
    for step in 0..7 {
        let loss: f64 = expected.iter().map(|(weight, _)| weight * weight).sum();
        session.run(&Request::train(vec![train.output]), &mut outcome).unwrap();
        assert!((outcome.values[0].item::<f64>().unwrap() - loss).abs() < 1e-12, "the loss at step {step}");
        for (weight, state) in &mut expected {
            let gradient = 2.0 * *weight;
            formula(weight, state, gradient, step);
        }
        let found = session.variables().read("weight").unwrap();
        for (found, (weight, _)) in found.as_slice::<f64>().unwrap().iter().zip(&expected) {
            assert!((found - weight).abs() < 1e-12, "step {step}: {found}, by the formula {weight}");
        }
    }
    assert_eq!(session.global_step(), 7);
}

#[test]
fn gradient_descent() {
    check(&Sgd { learning_rate: 0.1.into() }, |weight, (), gradient, _| *weight -= 0.1 * gradient);
}

#[test]
fn momentum() {
    check(
        &Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: false },
        |weight, accumulator: &mut f64, gradient, _| {
            *accumulator = *accumulator * 0.9 + gradient;
            *weight -= 0.1 * *accumulator;
        },
    );
    check(
        &Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: true },
        |weight, accumulator: &mut f64, gradient, _| {
            *accumulator = *accumulator * 0.9 + gradient;
            *weight -= 0.1 * gradient + 0.1 * 0.9 * *accumulator;
        },
    );
}

#[test]
fn adam() {
    let adam = Adam { learning_rate: 0.1.into(), beta1: 0.8, beta2: 0.95, epsilon: 1e-3, lazy: false };
    check(&adam, |weight, (m, v): &mut (f64, f64), gradient, step| {
        let (beta1_power, beta2_power) = (0.8f64.powi(step + 1), 0.95f64.powi(step + 1));
        let alpha = 0.1 * (1.0 - beta2_power).sqrt() / (1.0 - beta1_power);
        *m += (gradient - *m) * (1.0 - 0.8);
        *v += (gradient * gradient - *v) * (1.0 - 0.95);
        *weight -= alpha * *m / (v.sqrt() + 1e-3);
    });
}
