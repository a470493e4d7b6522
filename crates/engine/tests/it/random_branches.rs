//! Graphs of any branches give what they would give if both branches ran and one was chosen, optimized or not.

use std::sync::Arc;

use everstep_engine::GraphSession;
use everstep_graph::{Axes, Graph, Initializer, Input, Output, PartialShape, Update, Variable};
use everstep_session::{GraphOptimization, Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Result, Tensor};
use proptest::{collection::vec, prelude::*};

/// An operation, and which of the earlier values it takes; or a branch for each value of a predicate.
#[derive(Clone, Debug)]
enum Step {
    Compute(u8, u8, u8),
    Branch {
        predicate: u8,
        yes: Vec<Step>,
        no: Vec<Step>,
    },
    /// Adds the mean of a value to a variable.
    Count(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        6 => any::<(u8, u8, u8)>().prop_map(|(operation, one, other)| Step::Compute(operation, one, other)),
        1 => any::<u8>().prop_map(Step::Count),
    ];
    let step = leaf.prop_recursive(3, 24, 4, |step| {
        let side = || vec(step.clone(), 0..4);
        (any::<u8>(), side(), side()).prop_map(|(predicate, yes, no)| Step::Branch { predicate, yes, no })
    });
    vec(step, 1..8)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By [`Graph::cond`].
    Lazy,
    /// Both branches run, and the values of one are chosen.
    Eager,
}

/// A graph in the making; all values have the shape of the first.
struct Builder {
    way: Way,
    flag: Input,
    total: Variable,
    updates: Vec<Update>,
}

impl Builder {
    /// Adds to the values; gives the last one after the updates that came with it.
    fn build(&mut self, graph: &mut Graph, steps: &[Step], values: &mut Vec<Output>) -> Result<Output> {
        let first = self.updates.len();
        for step in steps {
            let value = |choice: &u8| values[values.len() - 1 - usize::from(*choice) % values.len().min(5)];
            match step {
                Step::Compute(operation, one, other) => {
                    values.push(compute(graph, *operation, value(one), value(other))?)
                }
                Step::Count(choice) => {
                    let mean = graph.mean(value(choice), Axes::all())?;
                    self.updates.push(graph.assign_add(self.total, mean)?);
                }
                Step::Branch { predicate, yes, no } => {
                    let predicate = self.predicate(graph, *predicate, value(predicate))?;
                    let merged = self.branch(graph, predicate, [yes, no], values)?;
                    values.push(merged);
                }
            }
        }
        let last = values[values.len() - 1];
        let updates: Vec<Update> = self.updates.drain(first..).collect();
        if updates.is_empty() { Ok(last) } else { graph.after("counted", last, &updates) }
    }

    fn predicate(&self, graph: &mut Graph, choice: u8, value: Output) -> Result<Output> {
        if choice.is_multiple_of(4) {
            return Ok(self.flag.output());
        }
        let (mean, zero) = (graph.mean(value, Axes::all())?, graph.scalar("zero", DType::F64, 0.0)?);
        let is_positive = graph.greater(mean, zero)?;
        if choice % 4 == 1 { graph.logical_and(is_positive, self.flag) } else { Ok(is_positive) }
    }

    fn branch(
        &mut self,
        graph: &mut Graph,
        predicate: Output,
        sides: [&[Step]; 2],
        values: &[Output],
    ) -> Result<Output> {
        let way = self.way;
        let this = std::cell::RefCell::new(self);
        let side = |graph: &mut Graph, index: usize| this.borrow_mut().build(graph, sides[index], &mut values.to_vec());
        if way == Way::Lazy {
            let [merged] = graph.cond(predicate, |graph| Ok([side(graph, 0)?]), |graph| Ok([side(graph, 1)?]))?;
            return Ok(merged);
        }
        let yes = graph.when(predicate, |graph| side(graph, 0))?;
        let not = graph.logical_not(predicate)?;
        let no = graph.when(not, |graph| side(graph, 1))?;
        graph.select(predicate, yes, no)
    }
}

/// Bounded operations, so that neither way gives infinities or NaN.
fn compute(graph: &mut Graph, operation: u8, x: Output, y: Output) -> Result<Output> {
    match operation % 10 {
        0 => graph.sub(x, y),
        1 => graph.mul(x, y).and_then(|product| graph.tanh(product)),
        2 => graph.maximum(x, y),
        3 => graph.tanh(x),
        4 => graph.sigmoid(x),
        5 => graph.relu(x),
        6 => graph.neg(x),
        7 => graph.softmax(x),
        8 => graph.mean(x, Axes::from([-1]).keep()).and_then(|mean| graph.sub(x, mean)),
        _ => graph.add(x, y),
    }
}

/// A graph, its feeds without the flag, and what a training run fetches.
fn program(way: Way, steps: &[Step], shape: [usize; 2]) -> (Arc<Graph>, Vec<Input>, Vec<Output>) {
    let mut graph = Graph::new();
    let flag = graph.placeholder("flag", DType::Bool, PartialShape::SCALAR).unwrap();
    let total = graph.state("total", DType::F64, [], Initializer::ZEROS).unwrap();
    let inputs = [(); 2].map(|()| graph.placeholder("input", DType::F64, shape).unwrap());
    let mut values = inputs.map(Output::from).to_vec();
    let mut builder = Builder { way, flag, total, updates: Vec::new() };
    let last = builder.build(&mut graph, steps, &mut values).unwrap();
    let loss = graph.mean(last, Axes::all()).unwrap();
    let gradients = graph.gradients(loss, &inputs.map(Output::from)).unwrap();
    graph.verify().unwrap();
    values.extend(gradients.into_iter().flatten());
    values.push(loss);
    (graph.into(), [flag].into_iter().chain(inputs).collect(), values)
}

/// What two training runs give and leave, with either value of the flag.
fn run(graph: &Arc<Graph>, request: &Request<Output, Input>, on: GraphOptimization, threads: usize) -> Vec<Tensor> {
    let config = SessionConfig { graph_optimization: on, intra_op_threads: threads, ..SessionConfig::default() };
    let mut session = GraphSession::new(graph.clone(), &config).unwrap();
    session.initialize(Scope::Global).unwrap();
    let mut all = Vec::new();
    for flag in [true, false, true] {
        let mut request = request.clone();
        request.feeds[0].1 = Tensor::scalar(flag);
        let mut outcome = Outcome::default();
        session.run(&request, &mut outcome).unwrap();
        all.append(&mut outcome.values);
        all.push(session.variables().read("total").unwrap());
    }
    all
}

fn numbers(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(|tensor| tensor.as_slice::<f64>().unwrap().to_vec()).collect()
}

fn fed(shape: [usize; 2], index: usize) -> Tensor {
    let value = |place: usize| ((place * 29 + index * 7) % 31) as f64 / 9.0 - 1.5;
    Tensor::from_vec(shape, (0..shape.iter().product()).map(value).collect()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_branches(steps in steps(), shape in (1usize..9, 1usize..40), is_fetched in vec(any::<bool>(), 16)) {
        let shape = [shape.0, shape.1];
        let request = |way: Way| {
            let (graph, inputs, values) = program(way, &steps, shape);
            let flag = Tensor::scalar(true);
            let tensors = [flag, fed(shape, 0), fed(shape, 1)];
            let last = values.len() - 1;
            // The loss comes with all updates.
            let fetches = values.into_iter().enumerate().filter(|(index, _)| *index == last || is_fetched[index % 16]);
            let fetches = fetches.map(|(_, value)| value).collect();
            (graph, Request { feeds: inputs.into_iter().zip(tensors).collect(), ..Request::train(fetches) })
        };
        let (graph, lazy) = request(Way::Lazy);
        let expected = run(&graph, &lazy, GraphOptimization::Off, 1);
        for threads in [1, 2, 3] {
            let found = run(&graph, &lazy, GraphOptimization::On, threads);
            for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
                prop_assert!(found.bit_eq(expected), "value {} on {} threads: {:?}, not {:?}", index, threads, found, expected);
            }
        }
        let (graph, eager) = request(Way::Eager);
        prop_assert_eq!(lazy.fetches.len(), eager.fetches.len());
        let (lazy, eager) = (numbers(&expected), numbers(&run(&graph, &eager, GraphOptimization::Off, 1)));
        let largest = eager.iter().fold(1.0f64, |largest, value| largest.max(value.abs()));
        for (lazy, eager) in lazy.iter().zip(&eager) {
            prop_assert!((lazy - eager).abs() <= 1e-9 * largest, "{:?}\n{:?}", lazy, eager);
        }
    }
}
