//! Updates that not every run applies.

use everstep_engine::GraphSession;
use everstep_graph::{Graph, Initializer, Input, Output, PartialShape, Update, Variable};
use everstep_session::{Outcome, Request, Scope, Session, SessionConfig};
use everstep_tensor::{DType, Result, Tensor};

/// Variables, updates of them that are built under conditions that are fed, and what applies them.
struct Model {
    session: GraphSession,
    conditions: [Input; 2],
    train: Output,
}

impl Model {
    fn new(build: impl FnOnce(&mut Graph, [Variable; 2], [Input; 2]) -> Result<Vec<Update>>) -> Self {
        let mut graph = Graph::new();
        let mut state = |name, value| graph.state(name, DType::F64, [2], Initializer::Constant(value)).unwrap();
        let variables = [state("one", 1.0), state("other", 10.0)];
        let mut fed = |name| graph.placeholder(name, DType::Bool, PartialShape::SCALAR).unwrap();
        let conditions = [fed("first"), fed("second")];
        let updates = build(&mut graph, variables, conditions).unwrap();
        let zero = graph.scalar("zero", DType::F64, 0.0).unwrap();
        let train = graph.after("train", zero, &updates).unwrap();
        graph.verify().unwrap();
        let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
        session.initialize(Scope::Global).unwrap();
        Self { session, conditions, train }
    }

    /// The first elements of both variables after a run.
    fn run(&mut self, conditions: [bool; 2]) -> [f64; 2] {
        let feeds = self.conditions.iter().zip(conditions).map(|(input, value)| (*input, Tensor::scalar(value)));
        let request = Request { feeds: feeds.collect(), ..Request::train(vec![self.train]) };
        self.session.run(&request, &mut Outcome::default()).unwrap();
        ["one", "other"].map(|name| self.session.variables().read(name).unwrap().as_slice::<f64>().unwrap()[0])
    }
}

#[test]
fn an_update_waits_for_its_condition() {
    let mut model = Model::new(|graph, [one, other], [first, second]| {
        let addend = graph.constant("addend", Tensor::from_vec([2], vec![1.0, 1.0])?)?;
        let always = graph.assign_add(other, addend)?;
        let [outer, inner] = graph.when(first, |graph| {
            let outer = graph.assign_add(one, addend)?;
            Ok([outer, graph.when(second, |graph| graph.assign_add(one, addend))?])
        })?;
        Ok(vec![always, outer, inner])
    });
    assert_eq!(model.run([false, true]), [1.0, 11.0]);
    assert_eq!(model.run([true, false]), [2.0, 12.0]);
    assert_eq!(model.run([true, true]), [4.0, 13.0]);
    let kept = model.session.variables().read("one").unwrap();
    assert_eq!(model.run([true, true]), [6.0, 14.0]);
    assert_eq!(model.run([false, false]), [6.0, 15.0]);
    assert_eq!(kept.as_slice::<f64>().unwrap(), [4.0, 4.0]);
}

#[test]
fn later_updates_read_what_was_before_whatever_was_passed_over() {
    let mut model = Model::new(|graph, [one, other], [first, second]| {
        let ten = graph.constant("ten", Tensor::from_vec([2], vec![10.0, 10.0])?)?;
        let assigned = graph.when(first, |graph| graph.assign(one, ten))?;
        let added = graph.when(second, |graph| graph.assign_add(one, ten))?;
        // The value of `one` from before the run, whichever of the two took effect.
        Ok(vec![assigned, added, graph.assign(other, one)?])
    });
    assert_eq!(model.run([false, false]), [1.0, 1.0]);
    assert_eq!(model.run([false, true]), [11.0, 1.0]);
    assert_eq!(model.run([true, false]), [10.0, 11.0]);
    assert_eq!(model.run([true, true]), [20.0, 10.0]);
    assert_eq!(model.run([false, false]), [20.0, 20.0]);
}

#[test]
fn a_condition_may_be_a_variable_that_changes_in_the_run() {
    let mut graph = Graph::new();
    let flag = graph.state("flag", DType::Bool, [], Initializer::ONES).unwrap();
    let count = graph.state("count", DType::I64, [], Initializer::ZEROS).unwrap();
    let (not, one) = (graph.logical_not(flag).unwrap(), graph.scalar("one", DType::I64, 1.0).unwrap());
    let turned = graph.assign(flag, not).unwrap();
    let counted = graph.when(flag, |graph| graph.assign_add(count, one)).unwrap();
    let train = graph.after("train", one, &[turned, counted]).unwrap();
    let mut session = GraphSession::new(graph, &SessionConfig::default()).unwrap();
    session.initialize(Scope::Global).unwrap();
    let counts = [(); 4].map(|()| {
        session.run(&Request::train(vec![train]), &mut Outcome::default()).unwrap();
        session.variables().read("count").unwrap().item::<i64>().unwrap()
    });
    assert_eq!(counts, [1, 1, 2, 2]);
}

#[test]
fn a_condition_is_a_bool_scalar() {
    let mut graph = Graph::new();
    let flags = graph.placeholder("flags", DType::Bool, [2]).unwrap();
    let error = graph.when(flags, |_| Ok(())).unwrap_err().to_string();
    assert!(error.ends_with("the predicate flags is bool[2]; give a bool scalar"), "{error}");
}
