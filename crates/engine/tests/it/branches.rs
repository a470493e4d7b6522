//! Branches: what is computed, what it costs, and what it changes.

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Gradient, Graph, Initializer, Input, Law, Output, PartialShape, Variable};
use everstep_nn::{Dense, Layer};
use everstep_optim::{Adam, Sgd, create_train_op};
use everstep_session::{Outcome, Request, RunOptions, Scope, Session, SessionConfig};
use everstep_tensor::{DType, ErrorKind, Result, Tensor};

fn open(graph: &Graph) -> GraphSession {
    graph.verify().unwrap();
    let mut session = GraphSession::new(graph.clone(), &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    session
}

fn flag(graph: &mut Graph, name: &str) -> Input {
    graph.placeholder(name, DType::Bool, PartialShape::SCALAR).unwrap()
}

fn number(graph: &mut Graph, name: &str) -> Input {
    graph.placeholder(name, DType::F64, PartialShape::SCALAR).unwrap()
}

fn run(session: &mut GraphSession, fetches: &[Output], feeds: &[(Input, Tensor)]) -> Result<Vec<f64>> {
    let request = Request { feeds: feeds.to_vec(), ..Request::train(fetches.to_vec()) };
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome)?;
    outcome.values.iter().map(Tensor::to_f64).collect()
}

/// The kernels of a run, by the names of their nodes.
fn kernels(session: &mut GraphSession, fetch: Output, feeds: &[(Input, Tensor)]) -> Vec<String> {
    let options = RunOptions { trace: true, ..RunOptions::default() };
    let request = Request { feeds: feeds.to_vec(), options, ..Request::read(vec![fetch]) };
    let mut outcome = Outcome::default();
    session.run(&request, &mut outcome).unwrap();
    outcome.metadata.unwrap().kernels.into_iter().map(|stats| stats.node.to_string()).collect()
}

#[test]
fn the_branch_that_is_not_taken_neither_runs_nor_fails() {
    let mut graph = Graph::new();
    let x = number(&mut graph, "x");
    let is_finite = graph.is_finite(x).unwrap();
    let minus_one = graph.scalar("minus_one", DType::F64, -1.0).unwrap();
    let [y, square] = graph
        .cond(
            is_finite,
            |graph| {
                let checked = graph.check_numerics(x)?;
                Ok([graph.sqrt(checked)?, graph.square(x)?])
            },
            |_| Ok([minus_one, x.output()]),
        )
        .unwrap();
    let mut session = open(&graph);
    let feeds = |value: f64| [(x, Tensor::scalar(value))];
    assert_eq!(run(&mut session, &[y, square], &feeds(9.0)).unwrap(), [3.0, 81.0]);
    assert_eq!(run(&mut session, &[y, square], &feeds(f64::INFINITY)).unwrap(), [-1.0, f64::INFINITY]);
    assert_eq!(run(&mut session, &[square, y], &feeds(4.0)).unwrap(), [16.0, 2.0]);
    let mut of_branch = |value| {
        let kernels = kernels(&mut session, y, &feeds(value)).into_iter();
        kernels.filter(|node| node.starts_with("cond/") && !node.contains("Logical")).collect::<Vec<String>>()
    };
    assert_eq!(of_branch(4.0), ["cond/CheckNumerics", "cond/Sqrt"]);
    assert_eq!(of_branch(f64::NAN), ["cond/Merge"]);
}

/// Whether `one` holds, and whether `other` does, which is asked only then.
#[test]
fn branches_nest_and_their_predicates_are_lazy_too() {
    let mut graph = Graph::new();
    let (one, x) = (flag(&mut graph, "one"), number(&mut graph, "x"));
    let constant = |graph: &mut Graph, value: f64| graph.scalar("constant", DType::F64, value);
    let [y] = graph
        .cond(
            one,
            |graph| {
                let checked = graph.check_numerics(x)?;
                let zero = constant(graph, 0.0)?;
                let is_positive = graph.greater(checked, zero)?;
                graph.cond(is_positive, |graph| Ok([graph.sqrt(checked)?]), |graph| Ok([graph.square(checked)?]))
            },
            |graph| Ok([constant(graph, 7.0)?]),
        )
        .unwrap();
    let mut session = open(&graph);
    let mut y = |is_one: bool, value: f64| {
        run(&mut session, &[y], &[(one, Tensor::scalar(is_one)), (x, Tensor::scalar(value))])
    };
    assert_eq!(y(true, 16.0).unwrap(), [4.0]);
    assert_eq!(y(true, -3.0).unwrap(), [9.0]);
    assert_eq!(y(false, f64::NAN).unwrap(), [7.0]);
    assert_eq!(y(true, f64::NAN).unwrap_err().kind(), ErrorKind::Diverged);
    assert_eq!(y(false, 1.0).unwrap(), [7.0]);
}

#[test]
fn updates_of_a_branch_are_applied_if_it_is_taken() {
    let mut graph = Graph::new();
    let (outer, inner) = (flag(&mut graph, "outer"), flag(&mut graph, "inner"));
    let mut count = |name| graph.state(name, DType::F64, [], Initializer::ZEROS).unwrap();
    let [yes, no, both] = [count("yes"), count("no"), count("both")];
    let one = graph.scalar("one", DType::F64, 1.0).unwrap();
    let [train] = graph
        .cond(
            outer,
            |graph| {
                let two = graph.add(one, one)?;
                let updates = [graph.assign_add(yes, two)?, graph.when(inner, |graph| graph.assign_add(both, two))?];
                Ok([graph.after("counted", two, &updates)?])
            },
            |graph| {
                let counted = graph.assign_add(no, one)?;
                Ok([graph.after("counted", one, &[counted])?])
            },
        )
        .unwrap();
    let mut session = open(&graph);
    let mut counts = |is_outer: bool, is_inner: bool| {
        let feeds = [(outer, Tensor::scalar(is_outer)), (inner, Tensor::scalar(is_inner))];
        let value = run(&mut session, &[train], &feeds).unwrap()[0];
        let read = |name| session.variables().read(name).unwrap().item::<f64>().unwrap();
        [value, read("yes"), read("no"), read("both")]
    };
    assert_eq!(counts(true, false), [2.0, 2.0, 0.0, 0.0]);
    assert_eq!(counts(false, true), [1.0, 2.0, 1.0, 0.0]);
    assert_eq!(counts(true, true), [2.0, 4.0, 1.0, 2.0]);
    assert_eq!(counts(false, false), [1.0, 4.0, 2.0, 2.0]);
}

/// A variable that is the predicate changes in the run; all of the run sees what it was before.
#[test]
fn a_predicate_may_be_a_variable_that_changes_in_the_run() {
    let mut graph = Graph::new();
    let is_even = graph.state("is_even", DType::Bool, [], Initializer::ONES).unwrap();
    let x = number(&mut graph, "x");
    let turned = graph.logical_not(is_even).unwrap();
    let turned = graph.assign(is_even, turned).unwrap();
    let [y] = graph.cond(is_even, |graph| Ok([graph.exp(x)?]), |graph| Ok([graph.neg(x)?])).unwrap();
    let y = graph.after("y", y, &[turned]).unwrap();
    let mut session = open(&graph);
    let values = [(); 4].map(|()| run(&mut session, &[y], &[(x, Tensor::scalar(0.0))]).unwrap()[0]);
    assert_eq!(values, [1.0, 0.0, 1.0, 0.0]);
}

#[test]
fn gradients_flow_through_the_branch_that_is_taken() {
    let mut graph = Graph::new();
    let (is_yes, x, other) = (flag(&mut graph, "is_yes"), number(&mut graph, "x"), number(&mut graph, "other"));
    let [y] = graph
        .cond(
            is_yes,
            |graph| {
                let checked = graph.check_numerics(x)?;
                graph.mul(checked, x).map(|square| vec![square])
            },
            |_| Ok(vec![other.output()]),
        )
        .unwrap()
        .try_into()
        .unwrap();
    let loss = graph.mul(y, x).unwrap();
    let gradients = graph.gradients(loss, &[x.output(), other.output(), y]).unwrap();
    let fetches: Vec<Output> = gradients.into_iter().map(Option::unwrap).collect();
    let mut session = open(&graph);
    let mut gradients = |is_true: bool, value: f64| {
        let feeds = [(is_yes, Tensor::scalar(is_true)), (x, Tensor::scalar(value)), (other, Tensor::scalar(5.0))];
        run(&mut session, &fetches, &feeds).unwrap()
    };
    assert_eq!(gradients(true, 2.0), [12.0, 0.0, 2.0]);
    assert_eq!(gradients(false, 2.0), [5.0, 2.0, 2.0]);
    assert_eq!(gradients(false, f64::INFINITY)[..2], [5.0, f64::INFINITY]);
}

/// The backward kernels of a branch run if the forward ones do.
#[test]
fn gradients_of_a_branch_are_lazy() {
    let mut graph = Graph::new();
    let is_long = flag(&mut graph, "is_long");
    let x = graph.placeholder("x", DType::F32, [8, 8]).unwrap();
    let [y] = graph.cond(is_long, |graph| Ok([graph.matmul(x, x)?]), |_| Ok([x.output()])).unwrap();
    let loss = graph.sum(y, Axes::all()).unwrap();
    let gradient = graph.gradients(loss, &[x.output()]).unwrap()[0].unwrap();
    let mut session = open(&graph);
    let mut products = |is_true: bool| {
        let feeds = [(is_long, Tensor::scalar(is_true)), (x, Tensor::zeros(DType::F32, [8, 8]).unwrap())];
        let kernels = kernels(&mut session, gradient, &feeds);
        kernels.iter().filter(|node| node.contains("MatMul_grad/MatMul")).count()
    };
    assert_eq!([products(true), products(false)], [2, 0]);
}

/// Rows of a table are looked up in a branch, and others in every run.
#[test]
fn sparse_gradients_stay_sparse() {
    let mut graph = Graph::new();
    let (is_more, ids) = (flag(&mut graph, "is_more"), graph.placeholder("ids", DType::I64, [None]).unwrap());
    let start = Tensor::from_vec([6, 2], (0..12).map(f64::from).collect()).unwrap();
    let table = graph.variable("table", DType::F64, [6, 2], Initializer::Value(start)).unwrap();
    let sum = |graph: &mut Graph, ids: Output| {
        let rows = graph.embedding_lookup(table, ids)?;
        let squares = graph.square(rows)?;
        graph.sum(squares, Axes::all())
    };
    let always = graph.constant("always", Tensor::from_vec([2], vec![4i64, 1]).unwrap()).unwrap();
    let always = sum(&mut graph, always).unwrap();
    let zero = graph.scalar("zero", DType::F64, 0.0).unwrap();
    let [more] = graph.cond(is_more, |graph| Ok([sum(graph, ids.output())?]), |_| Ok([zero])).unwrap();
    let loss = graph.add(always, more).unwrap();
    let gradient = graph.compute_gradients(loss, &[table]).unwrap()[0].unwrap();
    assert!(matches!(gradient, Gradient::Sparse(_)));
    let dense = gradient.dense(&mut graph).unwrap();
    let train = create_train_op(&mut graph, loss, &Sgd { learning_rate: 0.25.into() }).unwrap();
    let mut session = open(&graph);
    let mut gradient = |is_more_true: bool, fetch: Output| {
        let ids = (ids, Tensor::from_vec([3], vec![1i64, 5, 5]).unwrap());
        let feeds = vec![(is_more, Tensor::scalar(is_more_true)), ids];
        let mut outcome = Outcome::default();
        session.run(&Request { feeds, ..Request::train(vec![fetch]) }, &mut outcome).unwrap();
        (outcome.values[0].clone(), session.variables().read("table").unwrap().as_slice::<f64>().unwrap().to_vec())
    };
    let few = [0.0, 0.0, 4.0, 6.0, 0.0, 0.0, 0.0, 0.0, 16.0, 18.0, 0.0, 0.0];
    let all = [0.0, 0.0, 8.0, 12.0, 0.0, 0.0, 0.0, 0.0, 16.0, 18.0, 40.0, 44.0];
    assert_eq!(gradient(false, dense).0.as_slice::<f64>().unwrap(), few);
    assert_eq!(gradient(true, dense).0.as_slice::<f64>().unwrap(), all);
    assert_eq!(gradient(false, train.output).1, [0.0, 1.0, 1.0, 1.5, 4.0, 5.0, 6.0, 7.0, 4.0, 4.5, 10.0, 11.0]);
    assert_eq!(gradient(true, train.output).1, [0.0, 1.0, 0.0, 0.0, 4.0, 5.0, 6.0, 7.0, 2.0, 2.25, 0.0, 0.0]);
}

/// What is drawn depends on the op and the run, not on what other runs have skipped.
#[test]
fn random_ops_count_runs_that_skip_them() {
    let mut graph = Graph::new();
    let is_drawn = flag(&mut graph, "is_drawn");
    let law = Law::Uniform { low: 0.0, high: 1.0 };
    let zero = graph.scalar("zero", DType::F64, 0.0).unwrap();
    let draw = |graph: &mut Graph| Ok([graph.random(law, DType::F64, [])?]);
    let [drawn] = graph.cond(is_drawn, draw, |_| Ok([zero])).unwrap();
    let after = graph.random(law, DType::F64, []).unwrap();
    let drawn = |flags: [bool; 3]| {
        let mut session = open(&graph);
        flags.map(|is_true| run(&mut session, &[drawn, after], &[(is_drawn, Tensor::scalar(is_true))]).unwrap())
    };
    let (all, some) = (drawn([true; 3]), drawn([false, true, false]));
    assert_eq!(all.each_ref().map(|values| values[1]), some.each_ref().map(|values| values[1]));
    assert_eq!([some[0][0], some[1][0], some[2][0]], [0.0, all[1][0], 0.0]);
    assert!(all[0][0] != all[1][0] && all[1][0] != all[2][0] && all[0][0] > 0.0);
}

#[test]
fn a_fetch_has_a_value_in_every_run() {
    let mut graph = Graph::new();
    let (is_yes, x) = (flag(&mut graph, "is_yes"), number(&mut graph, "x"));
    let mut inside = None;
    let yes = |graph: &mut Graph| Ok([*inside.insert(graph.exp(x)?)]);
    graph.cond(is_yes, yes, |_| Ok([x.output()])).unwrap();
    let feeds = [(is_yes, Tensor::scalar(true)), (x, Tensor::scalar(1.0))];
    let error = run(&mut open(&graph), &[inside.unwrap()], &feeds).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let message =
        "fetch cond/Exp is computed only when is_yes; return it from its branch and fetch what cond gives for it";
    assert_eq!(error.to_string(), message);
}

/// A network in which whole blocks are left out at random: Huang and others, "Deep Networks with Stochastic Depth" (2016).
struct StochasticDepth {
    graph: Graph,
    inputs: [Input; 2],
    blocks: Vec<Variable>,
    loss: Output,
}

impl StochasticDepth {
    const WIDTH: usize = 16;

    fn new(blocks: usize) -> Self {
        let mut graph = Graph::new();
        let x = graph.placeholder("x", DType::F32, [None, Some(Self::WIDTH)]).unwrap();
        let y = graph.placeholder("y", DType::F32, [None, Some(Self::WIDTH)]).unwrap();
        let half = graph.scalar("half", DType::F32, 0.5).unwrap();
        let (mut value, mut kernels) = (x.output(), Vec::new());
        for block in 0..blocks {
            let draw = graph.random(Law::Uniform { low: 0.0, high: 1.0 }, DType::F32, []).unwrap();
            let is_kept = graph.less(draw, half).unwrap();
            let deeper = |graph: &mut Graph| {
                let name = format!("block{block}");
                let hidden = Dense::new(Self::WIDTH).build(graph, &name, value)?;
                let hidden = graph.tanh(hidden)?;
                Ok([graph.add(value, hidden)?])
            };
            [value] = graph.cond(is_kept, deeper, |_| Ok([value])).unwrap();
            kernels.extend(
                graph.trainable_variables().into_iter().filter(|one| !kernels.contains(one)).collect::<Vec<_>>(),
            );
        }
        let difference = graph.sub(value, y).unwrap();
        let squares = graph.square(difference).unwrap();
        let loss = graph.mean(squares, Axes::all()).unwrap();
        Self { graph, inputs: [x, y], blocks: kernels, loss }
    }
}

#[test]
fn a_model_of_stochastic_depth_trains() {
    let StochasticDepth { mut graph, inputs, blocks, loss } = StochasticDepth::new(4);
    assert_eq!(blocks.len(), 8);
    let train = create_train_op(&mut graph, loss, &Adam { learning_rate: 0.01.into(), ..Adam::default() }).unwrap();
    let width = StochasticDepth::WIDTH;
    let batch = |scale: f32| {
        let element = |index: usize| ((index * 37 % 101) as f32 / 50.0 - 1.0) * scale;
        Tensor::from_vec([8, width], (0..8 * width).map(element).collect()).unwrap()
    };
    let losses = |threads: usize| {
        let config = SessionConfig { intra_op_threads: threads, ..SessionConfig::default() };
        let mut session = GraphSession::new(graph.clone(), &config).unwrap();
        session.initialize(Scope::Global).unwrap();
        let feeds: Vec<(Input, Tensor)> = inputs.into_iter().zip([batch(0.5), batch(1.0)]).collect();
        let mut losses = Vec::new();
        for _ in 0..120 {
            losses.push(run(&mut session, &[train.output], &feeds).unwrap()[0]);
        }
        let weights = session.variables().read("cond/block0/kernel").unwrap();
        (losses, weights)
    };
    let (alone, weights) = losses(1);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    assert!(mean(&alone[100..]) < 0.5 * mean(&alone[..20]), "{alone:?}");
    for threads in [2, 3, 7] {
        let (found, found_weights) = losses(threads);
        assert_eq!(found, alone, "{threads} threads");
        assert!(found_weights.bit_eq(&weights), "{threads} threads");
    }
}

/// Gradients that are too large are not used; their norm is computed in every run, the update in the others.
#[test]
fn a_branch_skips_an_update() {
    let mut graph = Graph::new();
    let target = number(&mut graph, "target");
    let weight = graph.variable("weight", DType::F64, [], Initializer::ZEROS).unwrap();
    let difference = graph.sub(weight, target).unwrap();
    let loss = graph.square(difference).unwrap();
    let gradient = graph.gradients(loss, &[weight.output()]).unwrap()[0].unwrap();
    let (size, limit) = (graph.abs(gradient).unwrap(), graph.scalar("limit", DType::F64, 10.0).unwrap());
    let is_small = graph.less(size, limit).unwrap();
    let [train] = graph
        .cond(
            is_small,
            |graph| {
                let rate = graph.scalar("rate", DType::F64, 0.5)?;
                let step = graph.mul(rate, gradient)?;
                let stepped = graph.assign_sub(weight, step)?;
                Ok([graph.after("stepped", loss, &[stepped])?])
            },
            |_| Ok([loss]),
        )
        .unwrap();
    let mut session = open(&graph);
    let mut weight = |target_value: f64| {
        run(&mut session, &[train], &[(target, Tensor::scalar(target_value))]).unwrap();
        session.variables().read("weight").unwrap().item::<f64>().unwrap()
    };
    assert_eq!([weight(3.0), weight(1e6), weight(4.0)], [3.0, 3.0, 4.0]);
}
