//! Variables, the global step.

use everstep_graph::{Graph, Initializer, Op};
use everstep_tensor::DType;

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
fn the_global_step_is_one_and_at_the_root() {
    let mut graph = Graph::new();
    let step = graph.scope("train", |graph| graph.global_step()).unwrap();
    assert_eq!(graph.global_step().unwrap(), step);
    assert_eq!(graph.to_string(), "global_step = VariableV2{Constant(0.0)}() i64[]\n");
    let node = graph.node(step.node()).unwrap();
    assert!(matches!(node.op(), Op::Variable(def) if !def.trainable));
    assert_eq!(node.location().file(), file!());

    let mut taken = Graph::new();
    taken.placeholder("global_step", DType::I64, [1]).unwrap();
    let error = taken.global_step().unwrap_err().to_string();
    assert!(error.ends_with("that node is not an i64 scalar variable; give it another name"), "{error}");
}
