//! Gradients and updates of used rows, as text.

use everstep_graph::{Axes, Gradient, Graph, Initializer, UpdateRule, Variable};
use everstep_tensor::{DType, Tensor};

use crate::check_dump;

fn graph() -> (Graph, Variable) {
    let mut graph = Graph::new();
    let table = graph.variable("table", DType::F32, [9, 2], Initializer::ZEROS).unwrap();
    (graph, table)
}

#[test]
fn rows_looked_up_in_several_places_are_joined() {
    let (mut graph, table) = graph();
    let one = graph.placeholder("one", DType::I32, [None]).unwrap();
    let other = graph.placeholder("other", DType::I64, [Some(3), None]).unwrap();
    let rows = [graph.embedding_lookup(table, one).unwrap(), graph.embedding_lookup(table, other).unwrap()];
    let sums = rows.map(|rows| graph.sum(rows, Axes::all()).unwrap());
    let loss = graph.add(sums[0], sums[1]).unwrap();
    let gradients = graph.compute_gradients(loss, &[table]).unwrap();
    let Some(Gradient::Sparse(slices)) = gradients[0] else { panic!("{gradients:?}") };
    assert_eq!(slices.variable, table);
    check_dump(
        &graph,
        "table = VariableV2{Constant(0.0), trainable}() f32[9, 2]
        one = Placeholder() i32[?]
        other = Placeholder() i64[3, ?]
        GatherV2 = GatherV2{axis=0}(table, one) f32[?, 2]
        GatherV2_1 = GatherV2{axis=0}(table, other) f32[3, ?, 2]
        Sum = Sum{[0, 1]}(GatherV2) f32[]
        Sum_1 = Sum{[0, 1, 2]}(GatherV2_1) f32[]
        AddV2 = AddV2(Sum, Sum_1) f32[]
        gradients/Const = Const{f32[] [1.0]}() f32[]
        gradients/Sum_1_grad/Spread = Spread{[0, 1, 2]}(gradients/Const, GatherV2_1) f32[3, ?, 2]
        gradients/Sum_grad/Spread = Spread{[0, 1]}(gradients/Const, GatherV2) f32[?, 2]
        gradients/GatherV2_1_grad/Reshape = Reshape{shape=[-1, 2]}(gradients/Sum_1_grad/Spread) f32[?, 2]
        gradients/GatherV2_1_grad/Reshape_1 = Reshape{shape=[-1]}(other) i64[?]
        gradients/Cast = Cast(gradients/GatherV2_1_grad/Reshape_1) i64[?]
        gradients/Cast_1 = Cast(one) i64[?]
        gradients/ConcatV2 = ConcatV2{axis=0}(gradients/GatherV2_1_grad/Reshape, gradients/Sum_grad/Spread) f32[?, 2]
        gradients/ConcatV2_1 = ConcatV2{axis=0}(gradients/Cast, gradients/Cast_1) i64[?]
        gradients/SumDuplicates = SumDuplicates(gradients/ConcatV2, gradients/ConcatV2_1) f32[?, 2] i64[?]",
    );
}

#[test]
fn other_axes_and_other_values_have_dense_gradients() {
    let (mut graph, table) = graph();
    let ids = graph.placeholder("ids", DType::I32, [None]).unwrap();
    let doubled = graph.add(table, table).unwrap();
    for rows in [graph.gather(table, ids, 1).unwrap(), graph.gather(doubled, ids, 0).unwrap()] {
        let loss = graph.sum(rows, Axes::all()).unwrap();
        let gradient = graph.compute_gradients(loss, &[table]).unwrap()[0].unwrap();
        let Gradient::Dense(dense) = gradient else { panic!("{gradient:?}") };
        assert_eq!(graph.type_of(dense).unwrap().to_string(), "f32[9, 2]");
    }
    let unused = graph.variable("unused", DType::F32, [9, 2], Initializer::ZEROS).unwrap();
    let loss = graph.sum(table, Axes::all()).unwrap();
    assert_eq!(graph.compute_gradients(loss, &[unused]).unwrap(), [None]);
    graph.verify().unwrap();
}

#[test]
fn a_sparse_update_says_what_it_takes() {
    let (mut graph, table) = graph();
    let ids = graph.placeholder("ids", DType::I32, [Some(3)]).unwrap().output();
    let slices = |graph: &mut Graph, shape: [usize; 2]| {
        graph.constant("slices", Tensor::zeros(DType::F32, shape).unwrap()).unwrap()
    };
    let mut check = |rule: UpdateRule, shape: [usize; 2], ids, expected: &str| {
        let slices = slices(&mut graph, shape);
        let line = line!() + 1;
        let error = graph.sparse_update(rule, &[table], &[slices], ids).unwrap_err().to_string();
        let (_, message) = error.split_once(&format!(" at {}:{line}: ", file!())).unwrap();
        assert_eq!(message, expected);
    };
    check(UpdateRule::AssignAdd, [3, 4], ids, "input 1 has shape [3, 4], it takes [3, 2]");
    check(UpdateRule::AssignSub, [2, 2], ids, "input 1 has shape [2, 2], it takes [3, 2]");
    check(UpdateRule::Assign, [3, 2], ids, "the rule changes whole variables; make the gradient a dense one");
    check(
        UpdateRule::AssignAdd,
        [3, 2],
        table.output(),
        "indices are a vector, not of shape [9, 2]; reshape indices and slices",
    );
}
