//! Graphs of any element-wise operations and reductions give the same bits, optimized or not.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Input, Output};
use everstep_session::{GraphOptimization, Outcome, Request, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};
use proptest::{collection::vec, prelude::*};

/// An operation, and which of the earlier values it takes.
type Operation = (u8, u8, u8);

/// All shapes among the values broadcast to `[rows, middle, width]`.
fn build(extents: [usize; 3], operations: &[Operation]) -> (Graph, Vec<(Input, Tensor)>, Vec<Output>) {
    let mut graph = Graph::new();
    let [rows, middle, width] = extents;
    let shapes: [&[usize]; 5] = [&extents, &[width], &[middle, 1], &[rows, 1, 1], &[1]];
    let feeds: Vec<(Input, Tensor)> =
        shapes.into_iter().zip(0..).map(|(shape, index)| fed(&mut graph, shape, index)).collect();
    let inputs: Vec<Output> = feeds.iter().map(|(input, _)| (*input).into()).collect();
    let mut values = inputs.clone();
    for (operation, one, other) in operations {
        // Mostly of the latest values, so that chains grow.
        let value = |choice: u8| values[values.len() - 1 - usize::from(choice) % values.len().min(6)];
        values.push(add(&mut graph, *operation, value(*one), value(*other)));
    }
    let last = *values.last().unwrap();
    let total = graph.mean(last, Axes::all()).unwrap();
    let gradients = graph.gradients(total, &inputs).unwrap();
    values.push(total);
    values.extend(gradients.into_iter().flatten());
    (graph, feeds, values)
}

fn fed(graph: &mut Graph, shape: &[usize], index: usize) -> (Input, Tensor) {
    let input = graph.placeholder(&format!("input{index}"), DType::F32, shape).unwrap();
    let value = |place: usize| ((place * 29 + index * 7) % 31) as f32 / 9.0 - 1.5;
    let values = (0..shape.iter().product()).map(value).collect();
    (input, Tensor::from_vec(shape, values).unwrap())
}

fn add(graph: &mut Graph, operation: u8, x: Output, y: Output) -> Output {
    let added = match operation % 14 {
        0 => graph.sub(x, y),
        1 => graph.mul(x, y),
        2 => graph.maximum(x, y),
        3 => graph.tanh(x),
        4 => graph.sigmoid(x),
        5 => graph.relu(x),
        6 => graph.neg(x),
        7 => graph.greater(x, y).and_then(|is_greater| graph.select(is_greater, x, y)),
        8 => graph.sum(x, Axes::from([-1]).keep()),
        9 => graph.max(x, Axes::from([-1]).keep()),
        10 => graph.mean(x, Axes::from([-1]).keep()),
        _ => graph.add(x, y),
    };
    added.unwrap()
}

fn run(graph: &Arc<Graph>, request: &Request<Output, Input>, on: GraphOptimization, threads: usize) -> Vec<Tensor> {
    let config = SessionConfig { graph_optimization: on, intra_op_threads: threads, ..SessionConfig::default() };
    let mut outcome = Outcome::default();
    GraphSession::new(graph.clone(), &config).unwrap().run(request, &mut outcome).unwrap();
    outcome.values
}

/// Which NaN it is may differ between the last elements of a block and the others.
fn is_same(one: &Tensor, other: &Tensor) -> bool {
    let pairs = one.as_slice::<f32>().unwrap().iter().zip(other.as_slice::<f32>().unwrap());
    one.shape() == other.shape()
        && pairs.into_iter().all(|(one, other)| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_graph(
        extents in (1usize..50, 1usize..5, 1usize..80),
        operations in vec(any::<Operation>(), 1..16),
        is_fetched in vec(any::<bool>(), 32),
    ) {
        let (graph, feeds, values) = build([extents.0, extents.1, extents.2], &operations);
        let fetches = values.into_iter().zip(is_fetched).filter_map(|(value, is_fetched)| is_fetched.then_some(value));
        let (graph, request) = (Arc::new(graph), Request { feeds, ..Request::read(fetches.collect()) });
        let expected = run(&graph, &request, GraphOptimization::Off, 1);
        for threads in [1, 2, 3] {
            let found = run(&graph, &request, GraphOptimization::On, threads);
            for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                prop_assert!(is_same(found, expected), "fetch {} on {} threads: {:?}, not {:?}", index, threads, found, expected);
            }
        }
    }
}
