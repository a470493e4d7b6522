//! Averages of weights over the updates.

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Initializer, Output};
use everstep_optim::{ExponentialMovingAverage, Sgd, averaged, averages_to_restore, create_train_op};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{CopyRules, DType, Snapshot, copy};

/// `3 * weight * weight`, whose gradient is `6 * weight`.
fn model() -> (Graph, Output) {
    let mut graph = Graph::new();
    let weight = graph.variable("weight", DType::F64, [], Initializer::ONES).unwrap();
    let square = graph.square(weight).unwrap();
    let three = graph.scalar("three", DType::F64, 3.0).unwrap();
    let loss = graph.mul(square, three).unwrap();
    (graph, loss)
}

fn open(graph: Graph) -> GraphSession {
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn read(session: &mut GraphSession, value: Output) -> f64 {
    let mut outcome = Outcome::default();
    session.run(&Request::read(vec![value]), &mut outcome).unwrap();
    outcome.values[0].item().unwrap()
}

#[test]
fn they_follow_the_weights_and_take_their_place() {
    let (mut graph, loss) = model();
    let optimizer = ExponentialMovingAverage::of(Sgd { learning_rate: 0.05.into() }, 0.9);
    let train = create_train_op(&mut graph, loss, &optimizer).unwrap();
    let [evaluated] = averaged(&mut graph, [loss]).unwrap();
    graph.verify().unwrap();
    let renamed = averages_to_restore(&graph).unwrap();
    let mut session = open(graph);
    let (mut weight, mut average) = (1.0f64, 0.0f64);
    for update in 0..20 {
        session.run(&Request::train(vec![train.output]), &mut Outcome::default()).unwrap();
        weight -= 0.05 * 6.0 * weight;
        average = if update == 0 { weight } else { 0.9 * average + 0.1 * weight };
        let found = session.variables().read("weight/ExponentialMovingAverage").unwrap().item::<f64>().unwrap();
        assert!((found - average).abs() < 1e-14, "update {update}: {found}, not {average}");
        let value = read(&mut session, loss);
        assert!((value - 3.0 * weight * weight).abs() < 1e-14);
        let value = read(&mut session, evaluated);
        assert!((value - 3.0 * average * average).abs() < 1e-14, "update {update}: {value} of the average {average}");
    }
    // In a session that only evaluates, from a checkpoint.
    let (graph, loss) = model();
    let mut other = open(graph);
    let rules = CopyRules { rename: renamed, allow_unused: true, allow_missing: true, ..CopyRules::default() };
    copy(&Snapshot::of(session.variables()).unwrap(), other.variables_mut(), &rules).unwrap();
    assert_eq!(read(&mut other, loss), read(&mut session, evaluated));
}

#[test]
fn a_value_that_trains_is_not_substituted() {
    let (mut graph, loss) = model();
    let error = averaged(&mut graph, [loss]).unwrap_err().to_string();
    assert!(error.contains("no variable has an average"), "{error}");
    let sgd = Sgd { learning_rate: 0.1.into() };
    let train = create_train_op(&mut graph, loss, &ExponentialMovingAverage::of(sgd, 0.9)).unwrap();
    let error = averaged(&mut graph, [train.output]).unwrap_err().to_string();
    assert!(error.contains("of weight; take one that trains nothing"), "{error}");
    let (mut graph, loss) = model();
    let sgd = Sgd { learning_rate: 0.1.into() };
    let error = create_train_op(&mut graph, loss, &ExponentialMovingAverage::of(sgd, 1.0)).unwrap_err().to_string();
    assert!(error.ends_with("decay is 1; give at least 0, and less than 1"), "{error}");
}
