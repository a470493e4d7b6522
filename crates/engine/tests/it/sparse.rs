//! Gradients of used rows: what they change, and what they cost.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Gradient, Graph, Initializer, Op, Output, Variable};
use everstep_optim::{
    Adam, Momentum, Optimizer, Sgd, TrainOp, TrainOpOptions, clip_by_global_norm, create_train_op, create_train_op_with,
};
use everstep_session::{Outcome, Request, RunOptions, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Tensor};

/// Rows are looked up in two places, some of them twice; the second place has indices of another dtype and rank.
struct Model {
    graph: Graph,
    table: Variable,
    loss: Output,
}

impl Model {
    fn new(rows: usize) -> Self {
        let mut graph = Graph::new();
        let start = (0..rows * 3).map(|place| (place % 17) as f32 / 8.0 - 1.0).collect();
        let start = Initializer::Value(Tensor::from_vec([rows, 3], start).unwrap());
        let table = graph.variable("table", DType::F32, [rows, 3], start).unwrap();
        let one = graph.constant("one", Tensor::from_vec([3], vec![3i32, 7, 3]).unwrap()).unwrap();
        let other = graph.constant("other", Tensor::from_vec([2, 2], vec![7i64, 1, 9, 9]).unwrap()).unwrap();
        let one = graph.embedding_lookup(table, one).unwrap();
        let other = graph.embedding_lookup(table, other).unwrap();
        let one = graph.square(one).unwrap();
        let other = graph.sin(other).unwrap();
        let sums = [graph.sum(one, Axes::all()).unwrap(), graph.sum(other, Axes::all()).unwrap()];
        let loss = graph.add(sums[0], sums[1]).unwrap();
        Self { graph, table, loss }
    }

    /// The same, its gradient made a dense one.
    fn train_densely(&mut self, optimizer: &dyn Optimizer) -> TrainOp {
        let options = TrainOpOptions {
            transform_grads_fn: Some(Box::new(|graph, gradients| {
                let dense = |(variable, gradient): (Variable, Gradient)| Ok((variable, gradient.dense(graph)?.into()));
                gradients.into_iter().map(dense).collect()
            })),
            ..TrainOpOptions::default()
        };
        create_train_op_with(&mut self.graph, self.loss, optimizer, options).unwrap()
    }
}

fn open(graph: Graph) -> GraphSession {
    graph.verify().unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn train(session: &mut GraphSession, train: &TrainOp, steps: usize) -> f32 {
    let mut outcome = Outcome::default();
    for _ in 0..steps {
        session.run(&Request::train(vec![train.output, train.gradient_norm]), &mut outcome).unwrap();
    }
    outcome.values[1].item().unwrap()
}

fn values(session: &GraphSession, name: &str) -> Vec<f32> {
    session.variables().read(name).unwrap().as_slice().unwrap().to_vec()
}

/// The rows in which two values of `[rows, 3]` differ.
fn changed(one: &[f32], other: &[f32]) -> Vec<usize> {
    let differ =
        |(one, other): (&[f32], &[f32])| one.iter().zip(other).any(|(one, other)| one.to_bits() != other.to_bits());
    let rows = one.chunks(3).zip(other.chunks(3)).enumerate();
    rows.filter(|(_, rows)| differ(*rows)).map(|(row, _)| row).collect()
}

/// The used rows alone change, those of the slots too, and they become what the dense gradient makes of them.
#[track_caller]
fn check_touches_used_rows(optimizer: &dyn Optimizer, slots: &[&str], steps: usize) {
    let (mut sparse, mut dense) = (Model::new(12), Model::new(12));
    let of_sparse = create_train_op(&mut sparse.graph, sparse.loss, optimizer).unwrap();
    let of_dense = dense.train_densely(optimizer);
    let (mut sparse, mut dense) = (open(sparse.graph), open(dense.graph));
    for slot in slots {
        // What the slots of unused rows hold would decay if they were touched.
        let start = Tensor::from_vec([12, 3], (0..36).map(|place| if place < 30 { 0.0 } else { 0.5f32 }).collect());
        sparse.variables_mut().assign(slot, start.unwrap()).unwrap();
    }
    let names: Vec<&str> = [&["table"], slots].concat();
    let before: Vec<Vec<f32>> = names.iter().map(|name| values(&sparse, name)).collect();
    let norms = (train(&mut sparse, &of_sparse, steps), train(&mut dense, &of_dense, steps));
    assert!(
        (norms.0 - norms.1).abs() < 1e-5 * norms.1,
        "the norm is {} and of the dense gradient {}",
        norms.0,
        norms.1
    );
    for (name, before) in names.iter().zip(before) {
        let after = values(&sparse, name);
        assert_eq!(changed(&before, &after), [1, 3, 7, 9], "{name}");
        let expected = values(&dense, name);
        for row in [1, 3, 7, 9] {
            for (found, expected) in after[row * 3..row * 3 + 3].iter().zip(&expected[row * 3..]) {
                assert!((found - expected).abs() < 1e-5, "{name}, row {row}: {found} and {expected}");
            }
        }
    }
}

#[test]
fn the_used_rows_alone_change() {
    check_touches_used_rows(&Sgd { learning_rate: 0.1.into() }, &[], 3);
    for nesterov in [false, true] {
        check_touches_used_rows(
            &Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov },
            &["table/Momentum"],
            3,
        );
    }
    let adam = Adam { learning_rate: 0.1.into(), lazy: true, ..Adam::default() };
    check_touches_used_rows(&adam, &["table/Adam", "table/Adam_1"], 3);
}

#[test]
fn an_adam_that_is_not_lazy_moves_all_rows_as_tensorflows() {
    let mut model = Model::new(12);
    let train_op = create_train_op(&mut model.graph, model.loss, &Adam::default()).unwrap();
    let mut session = open(model.graph);
    let moments = Tensor::from_vec([12, 3], vec![1.0f32; 36]).unwrap();
    session.variables_mut().assign("table/Adam", moments).unwrap();
    let before = values(&session, "table");
    train(&mut session, &train_op, 1);
    assert_eq!(changed(&before, &values(&session, "table")).len(), 12);
    assert!((values(&session, "table/Adam")[0] - 0.9).abs() < 1e-6, "the moments of unused rows decay");
}

#[test]
fn what_is_used_whole_too_has_a_dense_gradient() {
    let mut model = Model::new(12);
    let all = model.graph.square(model.table).unwrap();
    let all = model.graph.sum(all, Axes::all()).unwrap();
    let loss = model.graph.add(model.loss, all).unwrap();
    let gradient = model.graph.compute_gradients(loss, &[model.table]).unwrap()[0].unwrap();
    let Gradient::Dense(dense) = gradient else { panic!("{gradient:?}") };
    let expected = model.graph.gradients(loss, &[model.table.output()]).unwrap()[0].unwrap();
    let mut outcome = Outcome::default();
    open(model.graph).run(&Request::read(vec![dense, expected]), &mut outcome).unwrap();
    let found = outcome.values[0].as_slice::<f32>().unwrap().iter().zip(outcome.values[1].as_slice::<f32>().unwrap());
    assert!(found.into_iter().all(|(found, expected)| (found - expected).abs() < 1e-6));
}

#[test]
fn clipping_keeps_a_gradient_sparse() {
    let mut model = Model::new(12);
    let gradient = model.graph.compute_gradients(model.loss, &[model.table]).unwrap()[0].unwrap();
    let pairs = [(model.table, gradient)];
    let (clipped, norm) = clip_by_global_norm(&mut model.graph, &pairs, 0.5).unwrap();
    let (_, Gradient::Sparse(slices)) = clipped[0] else { panic!("{clipped:?}") };
    let whole = clipped[0].1.dense(&mut model.graph).unwrap();
    let mut outcome = Outcome::default();
    open(model.graph).run(&Request::read(vec![slices.values, whole, norm]), &mut outcome).unwrap();
    let length = |value: &Tensor| value.as_slice::<f32>().unwrap().iter().map(|x| x * x).sum::<f32>().sqrt();
    assert!((length(&outcome.values[0]) - 0.5).abs() < 1e-6, "no row counts twice");
    assert!((length(&outcome.values[1]) - 0.5).abs() < 1e-6);
    assert!(outcome.values[2].item::<f32>().unwrap() > 0.5);
}

#[test]
fn the_cost_of_a_step_does_not_grow_with_the_table() {
    let optimizers: [&dyn Optimizer; 3] = [
        &Sgd { learning_rate: 0.1.into() },
        &Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: true },
        &Adam { lazy: true, ..Adam::default() },
    ];
    for optimizer in optimizers {
        let cost = |rows: usize| {
            let mut model = Model::new(rows);
            let train_op = create_train_op(&mut model.graph, model.loss, optimizer).unwrap();
            let mut session = open(model.graph);
            let options = RunOptions { trace: true, ..RunOptions::default() };
            let request = Request { options, ..Request::train(vec![train_op.output, train_op.gradient_norm]) };
            let mut outcome = Outcome::default();
            session.run(&request, &mut outcome).unwrap();
            let kernels = outcome.metadata.unwrap().kernels;
            kernels.into_iter().map(|kernel| (kernel.node, kernel.bytes)).collect::<Vec<_>>()
        };
        assert_eq!(cost(12), cost(40_000), "{}", optimizer.name());
    }
}

#[test]
fn a_snapshot_keeps_its_rows() {
    let mut model = Model::new(12);
    let momentum = Momentum { learning_rate: 0.1.into(), momentum: 0.9, nesterov: false };
    let train_op = create_train_op(&mut model.graph, model.loss, &momentum).unwrap();
    let (mut alone, mut read) = (open(model.graph.clone()), open(model.graph));
    for _ in 0..3 {
        let held = read.variables().read("table").unwrap();
        let copy = held.as_slice::<f32>().unwrap().to_vec();
        train(&mut read, &train_op, 1);
        train(&mut alone, &train_op, 1);
        assert_eq!(held.as_slice::<f32>().unwrap(), copy, "what was read never changes");
        assert_eq!(values(&read, "table"), values(&alone, "table"), "nor does reading change a training");
    }
}

#[test]
fn the_threads_do_not_matter() {
    let bits = |threads: usize| {
        let mut graph = Graph::new();
        let uniform = Initializer::Uniform { low: -1.0, high: 1.0 };
        let table = graph.variable("table", DType::F32, [5000, 64], uniform).unwrap();
        let tokens = (0..4000i64).map(|place| place * place % 4999 % 700).collect();
        let tokens = graph.constant("tokens", Tensor::from_vec([4000], tokens).unwrap()).unwrap();
        let rows = graph.embedding_lookup(table, tokens).unwrap();
        let squares = graph.square(rows).unwrap();
        let loss = graph.mean(squares, Axes::all()).unwrap();
        let adam = Adam { lazy: true, ..Adam::default() };
        let train_op = create_train_op(&mut graph, loss, &adam).unwrap();
        let config = SessionConfig { intra_op_threads: threads, ..SessionConfig::default() };
        let mut session = GraphSession::new(graph, &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        let norm = train(&mut session, &train_op, 2);
        let table = values(&session, "table").into_iter().map(f32::to_bits).collect::<Vec<u32>>();
        (norm.to_bits(), table)
    };
    let alone = bits(1);
    for threads in [2, 3, 7] {
        assert!(bits(threads) == alone, "{threads} threads");
    }
}

#[test]
fn the_names_are_tensorflows() {
    let mut model = Model::new(12);
    create_train_op(&mut model.graph, model.loss, &Sgd { learning_rate: 0.1.into() }).unwrap();
    let is_sparse = |op: &Op| matches!(op, Op::SparseUpdate(_));
    let found: Vec<String> =
        model.graph.nodes().iter().filter(|node| is_sparse(node.op())).map(|node| node.name().into()).collect();
    assert_eq!(found, ["train/GradientDescent/update_table/ScatterSub"]);
}
