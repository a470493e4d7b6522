//! Plans: pruned, cached by fetches and shapes, and sharing one arena.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer};
use everstep_optim::Adam;
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Result, Snapshot, Tensor};

use crate::mlp::Mlp;

#[test]
fn plans_of_many_batch_sizes_do_not_disturb_each_other() {
    let mlp = Mlp::new(&Adam::default(), 8);
    let sizes = [4, 1, 33, 4, 7, 33, 0, 2, 4];
    // More plans than are kept, so that some are made again; one outcome for all of them.
    let sizes = || sizes.into_iter().chain(10..32).chain(sizes);
    let mut shared = mlp.ready(1);
    let mut outcome = Outcome::default();
    for (position, rows) in sizes().enumerate() {
        let mut alone = mlp.open(1);
        let state = Snapshot::of(shared.variables()).unwrap();
        everstep_tensor::copy(&state, &mut alone.variables_mut(), &Default::default()).unwrap();
        let fetches = vec![mlp.train.output, mlp.accuracy, mlp.train.gradient_norm];
        let request = Request { fetches, ..mlp.step(rows, position as u64) };
        let mut expected = Outcome::default();
        // The loss of no examples is NaN, so that run fails; the others go on.
        let error = |run: Result<()>| run.err().map(|error| error.to_string());
        let expected_error = error(alone.run(&request, &mut expected));
        assert_eq!(error(shared.run(&request, &mut outcome)), expected_error);
        assert_eq!(expected_error.is_some(), rows == 0, "{expected_error:?}");
        for (value, expected) in outcome.values.iter().zip(&expected.values) {
            assert!(value.bit_eq(expected), "batch {position} of {rows} gives {value:?}, alone {expected:?}");
        }
        let (shared, alone) = (Snapshot::of(shared.variables()).unwrap(), Snapshot::of(alone.variables()).unwrap());
        assert!(shared.bit_eq(&alone), "batch {position} of {rows} trains in another way than alone");
    }
}

#[test]
fn what_is_not_needed_is_neither_fed_nor_initialised() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [None]).unwrap();
    let unfed = graph.placeholder("unfed", DType::F32, [None]).unwrap();
    let weight = graph.variable("weight", DType::F32, [], Initializer::ONES).unwrap();
    let other = graph.mul(unfed, weight).unwrap();
    graph.sum(other, Axes::all()).unwrap();
    let sum = graph.sum(x, Axes::all()).unwrap();
    let gradient = graph.gradients(sum, &[x.output()]).unwrap()[0].unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    let mut outcome = Outcome::default();
    let request = Request::read(vec![sum, gradient]).feed(x, Tensor::from_vec([3], vec![1f32, 2.0, 4.0]).unwrap());
    session.run(&request, &mut outcome).unwrap();
    assert_eq!(outcome.values[0].item::<f32>().unwrap(), 7.0);
    assert_eq!(outcome.values[1].as_slice::<f32>().unwrap(), [1.0; 3]);
}

#[test]
fn values_that_are_not_computed_are_fetched_as_they_are() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::U8, [None, Some(1)]).unwrap();
    let same = graph.identity("same", x).unwrap();
    let constant = graph.constant("constant", Tensor::scalar(true)).unwrap();
    let weight = graph.variable("weight", DType::F32, [1, 2], Initializer::ONES).unwrap();
    let row = graph.sum(weight, [0]).unwrap();
    let doubled = graph.add(row, row).unwrap();
    let renamed = graph.identity("renamed", doubled).unwrap();
    let flat = graph.sum(doubled, Axes::from([])).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    let fed = Tensor::from_vec([2, 1], vec![7u8, 9]).unwrap();
    let fetches = vec![same, constant, weight.output(), row, doubled, renamed, flat, row, x.output()];
    let request = Request::read(fetches).feed(x, fed.clone());
    let mut outcome = Outcome::default();
    for _ in 0..3 {
        session.run(&request, &mut outcome).unwrap();
        let [same, constant, weight, row, doubled, renamed, flat, again, x] = &outcome.values[..] else {
            panic!("nine values were asked for, {} came", outcome.values.len())
        };
        assert!(same.bit_eq(&fed) && x.bit_eq(&fed));
        assert!(constant.item::<bool>().unwrap());
        assert_eq!((weight.shape(), row.shape()), (&[1, 2][..], &[2][..]));
        assert!(row.bit_eq(again) && row.as_slice::<f32>().unwrap() == [1.0; 2]);
        assert_eq!(doubled.as_slice::<f32>().unwrap(), [2.0; 2]);
        assert!(doubled.bit_eq(renamed) && doubled.bit_eq(flat));
    }
}

#[test]
fn fetched_values_that_are_kept_do_not_change() {
    let mlp = Mlp::new(&Adam { learning_rate: 0.1.into(), ..Adam::default() }, 8);
    let mut session = mlp.ready(1);
    let mut outcome = Outcome::default();
    let mut kept = Vec::new();
    for position in 0..4 {
        session.run(&mlp.step(6, position), &mut outcome).unwrap();
        let loss = outcome.values[0].clone();
        kept.push((loss.item::<f32>().unwrap(), loss));
    }
    assert!(kept.iter().all(|(value, loss)| loss.item::<f32>().unwrap() == *value));
}

#[test]
fn an_empty_request_gives_an_empty_outcome() {
    let mut session = Mlp::new(&Adam::default(), 8).ready(1);
    let mut outcome = Outcome { values: vec![Tensor::scalar(1f32)], metadata: None };
    session.run(&Request::read(Vec::new()), &mut outcome).unwrap();
    assert!(outcome.values.is_empty());
}
