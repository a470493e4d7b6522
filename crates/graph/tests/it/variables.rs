//! Variables, the global step.

use everstep_graph::{Graph, Initializer, Op, Output, PartialShape, VariableKind};
use everstep_tensor::{DType, ErrorKind, Result};

#[test]
fn variables_are_listed_by_name() {
    let mut graph = Graph::new();
    graph.variable("b", DType::F32, [2], Initializer::ZEROS).unwrap();
    graph.state("c", DType::Bool, [], Initializer::ZEROS).unwrap();
    let a = graph.scope("a", |graph| graph.variable("kernel", DType::F64, [3], Initializer::ONES)).unwrap();
    let names = |variables: Vec<_>| {
        variables.into_iter().map(|variable| graph.spec_of(variable).unwrap().name).collect::<Vec<_>>()
    };
    assert_eq!(names(graph.variables()), ["a/kernel", "b", "c"]);
    assert_eq!(names(graph.trainable_variables()), ["a/kernel", "b"]);
    assert_eq!(graph.find_variable("a/kernel"), Some(a));
    assert_eq!(graph.find_variable("a"), None);
    let spec = graph.spec_of(a).unwrap();
    assert_eq!((spec.dtype, &*spec.shape), (DType::F64, &[3][..]));
}

#[test]
fn case_175_the_global_step_is_one_and_at_the_root() {
    let mut graph = Graph::new();
    let step = graph.scope("train", |graph| graph.global_step()).unwrap();
    assert_eq!(graph.global_step().unwrap(), step);
    assert_eq!(graph.to_string(), "global_step = VariableV2{Constant(0.0)}() i64[]\n");
    let node = graph.node(step.node()).unwrap();
    assert!(matches!(node.op(), Op::Variable(def) if def.kind == VariableKind::State));
    assert_eq!(node.location().file(), file!());
}

#[test]
fn case_172_a_global_step_is_a_saved_scalar() {
    let check = |define: fn(&mut Graph) -> Result<Output>, what: &str| {
        let mut graph = Graph::new();
        define(&mut graph).unwrap();
        for error in [graph.find_global_step().unwrap_err(), graph.global_step().unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            let message = format!("that node is a {what}, not a saved scalar variable of i64; give it another name");
            assert!(error.to_string().ends_with(&message), "{error}");
        }
    };
    check(
        |graph| graph.state("global_step", DType::I64, [1], Initializer::ZEROS).map(Output::from),
        "VariableV2 of i64[1]",
    );
    check(
        |graph| graph.state("global_step", DType::F32, [], Initializer::ZEROS).map(Output::from),
        "VariableV2 of f32[]",
    );
    check(
        |graph| graph.local_variable("global_step", DType::I64, [], Initializer::ZEROS).map(Output::from),
        "VariableV2 of i64[]",
    );
    check(
        |graph| graph.placeholder("global_step", DType::I64, PartialShape::SCALAR).map(Output::from),
        "Placeholder of i64[]",
    );
}

#[test]
fn case_173_a_global_step_is_created_once() {
    let mut graph = Graph::new();
    let step = graph.create_global_step().unwrap();
    assert_eq!(graph.to_string(), "global_step = VariableV2{Constant(0.0)}() i64[]\n");
    let line = line!() + 1;
    let error = graph.scope("train", |graph| graph.create_global_step()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains(&format!("{}:{line}: the name is taken; ", file!())), "{error}");
    assert_eq!(graph.global_step().unwrap(), step);
}

#[test]
fn case_176_a_global_step_that_is_not_there_is_none() {
    let mut graph = Graph::new();
    assert_eq!(graph.find_global_step().unwrap(), None);
    let step = graph.create_global_step().unwrap();
    assert_eq!(graph.find_global_step().unwrap(), Some(step));
}

#[test]
fn local_variables_are_a_list_of_their_own() {
    let mut graph = Graph::new();
    let saved = graph.variable("saved", DType::F32, [], Initializer::ZEROS).unwrap();
    let local = graph.local_variable("local", DType::F32, [2], Initializer::ONES).unwrap();
    assert_eq!((graph.variables(), graph.local_variables()), (vec![saved], vec![local]));
    assert_eq!((graph.trainable_variables(), graph.find_variable("local")), (vec![saved], Some(local)));
    assert!(graph.to_string().ends_with("local = VariableV2{Constant(1.0), local}() f32[2]\n"), "{graph}");
}

#[test]
fn update_ops_are_registered_in_order() {
    let mut graph = Graph::new();
    let count = graph.state("count", DType::I64, [], Initializer::ZEROS).unwrap();
    let updates = [graph.assign_add(count, count).unwrap(), graph.assign(count, count).unwrap()];
    updates.iter().rev().for_each(|update| graph.add_update_op(*update).unwrap());
    assert_eq!(graph.update_ops(), [updates[1], updates[0]]);

    let error = Graph::new().add_update_op(updates[0]).unwrap_err();
    assert!(error.to_string().ends_with("is not of this graph; register it there"), "{error}");
    let failing = graph.composite("layer", |graph| {
        graph.add_update_op(updates[0])?;
        graph.add(count, count)?;
        graph.relu(count)
    });
    assert!(failing.is_err());
    assert_eq!(graph.update_ops(), [updates[1], updates[0]], "a refused composite registers nothing");
}
