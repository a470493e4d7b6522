//! Branches as the graph shows them, and what it refuses.

use everstep_graph::{Graph, Initializer, Output, PartialShape};
use everstep_tensor::{DType, Result};

fn inputs() -> (Graph, Output, Output, Output) {
    let mut graph = Graph::new();
    let flag = graph.placeholder("flag", DType::Bool, PartialShape::SCALAR).unwrap().output();
    let other = graph.placeholder("other", DType::Bool, PartialShape::SCALAR).unwrap().output();
    let x = graph.placeholder("x", DType::F32, [None, Some(3)]).unwrap().output();
    (graph, flag, other, x)
}

fn exp_or_same(graph: &mut Graph, predicate: Output, x: Output) -> Output {
    let [y] = graph.cond(predicate, |graph| Ok([graph.exp(x)?]), |_| Ok([x])).unwrap();
    y
}

/// The lines of the dump after the inputs.
#[track_caller]
fn check(graph: &Graph, expected: &[&str]) {
    graph.verify().unwrap();
    assert_eq!(graph.to_string().lines().skip(3).collect::<Vec<&str>>(), expected);
}

#[test]
fn a_branch_has_a_condition() {
    let (mut graph, flag, _, x) = inputs();
    exp_or_same(&mut graph, flag, x);
    check(
        &graph,
        &[
            "cond/LogicalNot = LogicalNot(flag) bool[]",
            "cond/Exp = Exp(x) f32[?, 3] when flag",
            "cond/Identity = Identity(x) f32[?, 3] when cond/LogicalNot",
            "cond/Merge = Merge(cond/Exp, cond/Identity) f32[?, 3]",
        ],
    );
}

/// Of equal predicates there is one condition; of nested ones, a conjunction for the updates and values of both.
#[test]
fn conditions_are_shared() {
    let (mut graph, flag, other, x) = inputs();
    let count = graph.state("count", DType::F32, [], Initializer::ZEROS).unwrap();
    let nested = |graph: &mut Graph| {
        let one = graph.cast(other, DType::F32)?;
        graph.when(other, |graph| graph.assign_add(count, one))?;
        let [y] = graph.cond(other, |graph| Ok([graph.exp(x)?]), |graph| Ok([graph.neg(x)?]))?;
        Ok([y])
    };
    graph.cond(flag, nested, |_| Ok([x])).unwrap();
    exp_or_same(&mut graph, flag, x);
    check(
        &graph,
        &[
            "count = VariableV2{Constant(0.0)}() f32[]",
            "cond/LogicalNot = LogicalNot(flag) bool[]",
            "cond/Cast = Cast(other) f32[] when flag",
            "cond/LogicalAnd = LogicalAnd(flag, other) bool[]",
            "cond/AssignAdd = AssignAdd(count, cond/Cast) when cond/LogicalAnd",
            "cond/cond/LogicalNot = LogicalNot(other) bool[] when flag",
            "cond/cond/LogicalAnd = LogicalAnd(flag, cond/cond/LogicalNot) bool[]",
            "cond/cond/Exp = Exp(x) f32[?, 3] when cond/LogicalAnd",
            "cond/cond/Neg = Neg(x) f32[?, 3] when cond/cond/LogicalAnd",
            "cond/cond/Merge = Merge(cond/cond/Exp, cond/cond/Neg) f32[?, 3] when flag",
            "cond/Identity = Identity(x) f32[?, 3] when cond/LogicalNot",
            "cond/Merge = Merge(cond/cond/Merge, cond/Identity) f32[?, 3]",
            "cond_1/Exp = Exp(x) f32[?, 3] when flag",
            "cond_1/Identity = Identity(x) f32[?, 3] when cond/LogicalNot",
            "cond_1/Merge = Merge(cond_1/Exp, cond_1/Identity) f32[?, 3]",
        ],
    );
}

/// What flows from both branches meets in one merge, what one gives alone is merged with zeros.
#[test]
fn gradients_are_of_the_branch_too() {
    let (mut graph, flag, _, x) = inputs();
    let weight = graph.variable("weight", DType::F32, [3], Initializer::ONES).unwrap();
    let [y] = graph.cond(flag, |graph| Ok([graph.mul(x, weight)?]), |graph| Ok([graph.tanh(x)?])).unwrap();
    let loss = graph.sum(y, [0, 1]).unwrap();
    let nodes = graph.nodes().len();
    graph.gradients(loss, &[x, weight.output()]).unwrap();
    let lines = graph.to_string();
    let lines: Vec<&str> =
        lines.lines().skip(nodes).filter(|line| line.contains("cond/") || line.contains("Merge")).collect();
    graph.verify().unwrap();
    assert_eq!(
        lines,
        [
            "gradients/Sum_grad/Spread = Spread{[0, 1]}(gradients/Const, cond/Merge) f32[?, 3]",
            "gradients/cond/Tanh_grad/TanhGrad = TanhGrad(gradients/Sum_grad/Spread, cond/Tanh) f32[?, 3] when cond/LogicalNot",
            "gradients/cond/Mul_grad/Mul = Mul(gradients/Sum_grad/Spread, weight) f32[?, 3] when flag",
            "gradients/cond/Mul_grad/Mul_1 = Mul(gradients/Sum_grad/Spread, x) f32[?, 3] when flag",
            "gradients/cond/Mul_grad/SumToShape = SumToShape(gradients/cond/Mul_grad/Mul_1, weight) f32[3] when flag",
            "gradients/weight_grad/ZerosLike = ZerosLike(weight) f32[3] when cond/LogicalNot",
            "gradients/weight_grad/Merge = Merge(gradients/cond/Mul_grad/SumToShape, gradients/weight_grad/ZerosLike) f32[3]",
            "gradients/x_grad/Merge = Merge(gradients/cond/Tanh_grad/TanhGrad, gradients/cond/Mul_grad/Mul) f32[?, 3]",
        ]
    );
}

/// The merge of a gradient lies where the value is: inside of an outer branch, and wherever the gradient is asked for.
#[test]
fn gradients_may_be_asked_for_in_a_branch() {
    let (mut graph, flag, other, x) = inputs();
    let y = exp_or_same(&mut graph, flag, x);
    let gradient = |graph: &mut Graph| {
        let loss = graph.sum(y, [0, 1])?;
        Ok([graph.gradients(loss, &[x])?[0].expect("the loss depends on x")])
    };
    graph.cond(other, gradient, |graph| Ok([graph.zeros_like(x)?])).unwrap();
    graph.verify().unwrap();
    let of_gradients =
        graph.nodes().iter().filter(|node| node.name().contains("gradients/") && node.op().name() != "Const");
    for node in of_gradients {
        assert!(
            node.condition().is_some() || node.op().name() == "LogicalAnd",
            "{} is computed in every run",
            node.name()
        );
    }
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T>, graph: &Graph, nodes: usize, expected: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(file!()) && error.ends_with(expected), "{error}");
    assert_eq!(graph.nodes().len(), nodes, "the graph is as it was");
    graph.verify().unwrap();
}

#[test]
fn a_value_of_a_branch_stays_in_it() {
    let (mut graph, flag, other, x) = inputs();
    let count = graph.state("count", DType::F32, [], Initializer::ZEROS).unwrap();
    let (mut inside, mut is_inside) = (None, None);
    let yes = |graph: &mut Graph| {
        is_inside = Some(graph.logical_not(other)?);
        Ok([*inside.insert(graph.sum(x, [0, 1])?)])
    };
    graph.cond(flag, yes, |graph| Ok([graph.scalar("zero", DType::F32, 0.0)?])).unwrap();
    let (inside, is_inside, nodes) = (inside.unwrap(), is_inside.unwrap(), graph.nodes().len());
    let message = "cond/Sum is computed only when flag; return it from its branch and use what cond gives for it";
    refused(graph.exp(inside), &graph, nodes, message);
    refused(graph.assign(count, inside), &graph, nodes, message);
    refused(graph.summary_scalar("sum", inside), &graph, nodes, message);
    let elsewhere = graph.cond(other, |_| Ok([x]), |graph| Ok([graph.exp(inside)?]));
    refused(elsewhere, &graph, nodes, message);
    let passed = graph.cond(other, |_| Ok([inside]), |_| Ok([x]));
    refused(passed, &graph, nodes, message);
    let message =
        "cond/LogicalNot is computed only when flag; return it from its branch and use what cond gives for it";
    let predicate = graph.when(is_inside, |graph| graph.assign(count, count));
    refused(predicate, &graph, nodes, message.replace("cond/LogicalNot", &graph.name_of(is_inside).unwrap()).as_str());

    let update = graph.when(flag, |graph| graph.assign(count, inside));
    assert!(update.is_ok(), "an update under the same condition may read it");
    graph.zeros_like(inside).unwrap();
    exp_or_same(&mut graph, flag, x);
    graph.verify().unwrap();
}

#[test]
fn branches_give_values_of_one_type() {
    let (mut graph, flag, _, x) = inputs();
    let label = graph.placeholder("label", DType::I64, [None, Some(3)]).unwrap().output();
    let short = graph.placeholder("short", DType::F32, [2, 2]).unwrap().output();
    let nodes = graph.nodes().len();
    let types = graph.cond(flag, |_| Ok([x]), |_| Ok([label]));
    let message = "Merge(cond/Identity f32[?, 3], cond/Identity_1 i64[?, 3])";
    assert!(types.as_ref().unwrap_err().to_string().contains(message), "{types:?}");
    refused(types, &graph, nodes, "dtypes f32 and i64 differ; cast one input");
    let shapes = graph.cond(flag, |_| Ok([x]), |_| Ok([short]));
    let message = "shapes [?, 3] and [2, 2] differ, and shapes are known before it is known which branch is taken; make them equal";
    refused(shapes, &graph, nodes, message);
    let counts = graph.cond(flag, |_| Ok(vec![x]), |_| Ok(vec![x, x]));
    refused(counts, &graph, nodes, "the branches give 1 and 2 values; give as many from either");
    refused(
        graph.cond(label, |_| Ok([x]), |_| Ok([x])),
        &graph,
        nodes,
        "the predicate label is i64[?, 3]; give a bool scalar",
    );

    let known = graph.placeholder("known", DType::F32, [Some(4), None]).unwrap().output();
    let [merged] = graph.cond(flag, |_| Ok([x]), |_| Ok([known])).unwrap();
    assert_eq!(graph.type_of(merged).unwrap().to_string(), "f32[4, 3]");
}

/// The copy for other variables has branches of its own where the predicate depends on them.
#[test]
fn branches_can_be_substituted() {
    let (mut graph, _, _, x) = inputs();
    let mut weight = |name| graph.variable(name, DType::F32, [], Initializer::ONES).unwrap();
    let (weight, average) = (weight("weight"), weight("average"));
    let zero = graph.scalar("zero", DType::F32, 0.0).unwrap();
    let is_positive = graph.greater(weight, zero).unwrap();
    let y = exp_or_same(&mut graph, is_positive, x);
    let nodes = graph.nodes().len();
    graph.scope("instead", |graph| graph.substituted(&[y], &[(weight, average)])).unwrap();
    graph.verify().unwrap();
    let lines = graph.to_string();
    assert_eq!(
        lines.lines().skip(nodes).collect::<Vec<&str>>(),
        [
            "instead/Greater = Greater(average, zero) bool[]",
            "instead/cond/LogicalNot = LogicalNot(instead/Greater) bool[]",
            "instead/cond/Exp = Exp(x) f32[?, 3] when instead/Greater",
            "instead/cond/Identity = Identity(x) f32[?, 3] when instead/cond/LogicalNot",
            "instead/cond/Merge = Merge(instead/cond/Exp, instead/cond/Identity) f32[?, 3]",
        ]
    );
}
