//! The models that are measured train to the same bits whatever the engine makes of their graphs, on any number of
//! threads.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_session::{GraphOptimization, Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{Snapshot, Tensor};
use everstep_tests::models::Model;

const STEPS: usize = 3;

#[track_caller]
fn check(model: Model) {
    let network = model.build_for(model.batch() / 8).unwrap();
    let graph = Arc::new(network.graph);
    let trained = |graph_optimization, intra_op_threads| {
        let config = SessionConfig { graph_optimization, intra_op_threads, ..SessionConfig::default() };
        let mut session = GraphSession::new(graph.clone(), &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        let mut step = |feeds: &Vec<_>| -> Tensor {
            let request = Request { feeds: feeds.clone(), ..Request::train(vec![network.train_op]) };
            let mut outcome = Outcome::default();
            session.run(&request, &mut outcome).unwrap();
            outcome.values.remove(0)
        };
        let losses: Vec<Tensor> = network.batches[..STEPS].iter().map(&mut step).collect();
        (losses, Snapshot::of(session.variables()).unwrap())
    };
    let (losses, variables) = trained(GraphOptimization::Off, 1);
    for threads in [1, 2, 3, 7] {
        let (found, others) = trained(GraphOptimization::On, threads);
        for (step, (found, loss)) in found.iter().zip(&losses).enumerate() {
            assert!(found.bit_eq(loss), "step {step} on {threads} threads: a loss of {found:?}, not {loss:?}");
        }
        assert!(others.bit_eq(&variables), "the variables differ on {threads} threads");
    }
}

#[test]
fn the_logistic_regression() {
    check(Model::LogisticRegression);
}

#[test]
fn the_perceptron() {
    check(Model::Perceptron);
}

#[test]
fn the_convolutional_network() {
    check(Model::Convolutional);
}

#[test]
fn the_transformer() {
    check(Model::Transformer);
}
