//! The gradient graph of each op, as text.

use everstep_graph::{Axes, Graph, Initializer, Output, Transpose};
use everstep_tensor::{DType, Result};

use crate::check_dump;

/// Dumps the gradient nodes of `build`, a scalar of the variables `a` `[2, 3]` and `b` `[3]`.
#[track_caller]
fn check(build: impl FnOnce(&mut Graph, [Output; 2]) -> Result<Output>, expected: &str) {
    let mut graph = Graph::new();
    let a = graph.variable("a", DType::F32, [2, 3], Initializer::ZEROS).unwrap().output();
    let b = graph.variable("b", DType::F32, [3], Initializer::ZEROS).unwrap().output();
    let loss = build(&mut graph, [a, b]).unwrap();
    let gradients = graph.gradients(loss, &[a, b]).unwrap();
    graph.verify().unwrap();
    let lines = graph.to_string();
    let lines = lines.lines().filter_map(|line| line.strip_prefix("gradients/"));
    let name = |gradient: Option<Output>| gradient.map_or("none".into(), |gradient| graph.name_of(gradient).unwrap());
    let found = format!("a: {}\nb: {}\n", name(gradients[0]), name(gradients[1]));
    let found = found + &lines.skip(1).map(|line| line.replace("gradients/", "") + "\n").collect::<String>();
    let expected: String = expected.lines().map(|line| line.trim().to_owned() + "\n").collect();
    assert_eq!(found, expected, "\n{found}");
    for (gradient, value) in gradients.into_iter().zip([a, b]) {
        assert!(gradient.is_none_or(|gradient| graph.type_of(gradient).unwrap() == graph.type_of(value).unwrap()));
    }
}

fn total(graph: &mut Graph, value: Result<Output>) -> Result<Output> {
    graph.sum(value?, Axes::all())
}

#[test]
fn broadcast_operands_get_sums() {
    check(
        |graph, [a, b]| {
            let product = graph.mul(a, b);
            total(graph, product)
        },
        "a: gradients/Mul_grad/Mul
        b: gradients/Mul_grad/SumToShape
        Sum_grad/Spread = Spread{[0, 1]}(Const, Mul) f32[2, 3]
        Mul_grad/Mul = Mul(Sum_grad/Spread, b) f32[2, 3]
        Mul_grad/Mul_1 = Mul(Sum_grad/Spread, a) f32[2, 3]
        Mul_grad/SumToShape = SumToShape(Mul_grad/Mul_1, b) f32[3]",
    );
    check(
        |graph, [a, b]| {
            let quotient = graph.div(a, b);
            total(graph, quotient)
        },
        "a: gradients/Div_grad/Div
        b: gradients/Div_grad/SumToShape
        Sum_grad/Spread = Spread{[0, 1]}(Const, Div) f32[2, 3]
        Div_grad/Div = Div(Sum_grad/Spread, b) f32[2, 3]
        Div_grad/Div_1 = Div(Div, b) f32[2, 3]
        Div_grad/Mul = Mul(Sum_grad/Spread, Div_grad/Div_1) f32[2, 3]
        Div_grad/Neg = Neg(Div_grad/Mul) f32[2, 3]
        Div_grad/SumToShape = SumToShape(Div_grad/Neg, b) f32[3]",
    );
    check(
        |graph, [a, b]| {
            let greater = graph.maximum(b, a);
            total(graph, greater)
        },
        "a: gradients/Maximum_grad/Mul_1
        b: gradients/Maximum_grad/SumToShape
        Sum_grad/Spread = Spread{[0, 1]}(Const, Maximum) f32[2, 3]
        Maximum_grad/GreaterEqual = GreaterEqual(b, a) bool[2, 3]
        Maximum_grad/Cast = Cast(Maximum_grad/GreaterEqual) f32[2, 3]
        Maximum_grad/Mul = Mul(Sum_grad/Spread, Maximum_grad/Cast) f32[2, 3]
        Maximum_grad/SumToShape = SumToShape(Maximum_grad/Mul, b) f32[3]
        Maximum_grad/Less = Less(b, a) bool[2, 3]
        Maximum_grad/Cast_1 = Cast(Maximum_grad/Less) f32[2, 3]
        Maximum_grad/Mul_1 = Mul(Sum_grad/Spread, Maximum_grad/Cast_1) f32[2, 3]",
    );
}

#[test]
fn flows_of_several_consumers_add_up() {
    check(
        |graph, [a, _]| {
            let squares = graph.square(a)?;
            let difference = graph.sub(squares, a);
            total(graph, difference)
        },
        "a: gradients/Square_grad/AddV2_1
        b: none
        Sum_grad/Spread = Spread{[0, 1]}(Const, Sub) f32[2, 3]
        Sub_grad/Neg = Neg(Sum_grad/Spread) f32[2, 3]
        Square_grad/AddV2 = AddV2(a, a) f32[2, 3]
        Square_grad/Mul = Mul(Sum_grad/Spread, Square_grad/AddV2) f32[2, 3]
        Square_grad/AddV2_1 = AddV2(Sub_grad/Neg, Square_grad/Mul) f32[2, 3]",
    );
}

#[test]
fn an_extremum_shares_the_gradient() {
    check(
        |graph, [a, _]| {
            let greatest = graph.max(a, [1]);
            total(graph, greatest)
        },
        "a: gradients/Max_grad/Mul
        b: none
        Sum_grad/Spread = Spread{[0]}(Const, Max) f32[2]
        Max_grad/Spread = Spread{[1]}(Max, a) f32[2, 3]
        Max_grad/Equal = Equal(a, Max_grad/Spread) bool[2, 3]
        Max_grad/Cast = Cast(Max_grad/Equal) f32[2, 3]
        Max_grad/Sum = Sum{[1], keep_dims}(Max_grad/Cast) f32[2, 1]
        Max_grad/Div = Div(Max_grad/Cast, Max_grad/Sum) f32[2, 3]
        Max_grad/Spread_1 = Spread{[1]}(Sum_grad/Spread, a) f32[2, 3]
        Max_grad/Mul = Mul(Max_grad/Div, Max_grad/Spread_1) f32[2, 3]",
    );
}

#[test]
fn a_matrix_product_has_four_adjoints() {
    let adjoints = |transpose: Transpose| {
        let mut graph = Graph::new();
        let axes = |swapped: bool, shape: [usize; 2]| if swapped { [shape[1], shape[0]] } else { shape };
        let a = graph.variable("a", DType::F64, axes(transpose.a, [2, 3]), Initializer::ZEROS).unwrap().output();
        let b = graph.variable("b", DType::F64, axes(transpose.b, [3, 5]), Initializer::ZEROS).unwrap().output();
        let product = graph.matmul_transposed(a, b, transpose).unwrap();
        let loss = graph.sum(product, [0, 1]).unwrap();
        let gradients = graph.gradients(loss, &[a, b]).unwrap();
        gradients.into_iter().zip([a, b]).for_each(|(gradient, value)| {
            assert_eq!(graph.type_of(gradient.unwrap()).unwrap(), graph.type_of(value).unwrap());
        });
        let lines = graph.to_string().replace("gradients/Sum_grad/Spread", "g");
        let lines = lines.lines().filter(|line| line.starts_with("gradients/MatMul_grad/"));
        let call = |line: &str| line.split_once(" = ").unwrap().1.split_once(" f64").unwrap().0.to_owned();
        lines.map(call).collect::<Vec<String>>()
    };
    let transposed = |a, b| adjoints(Transpose { a, b });
    assert_eq!(transposed(false, false), ["MatMul{transpose_b}(g, b)", "MatMul{transpose_a}(a, g)"]);
    assert_eq!(transposed(true, false), ["MatMul{transpose_b}(b, g)", "MatMul(a, g)"]);
    assert_eq!(transposed(false, true), ["MatMul(g, b)", "MatMul{transpose_a}(g, a)"]);
    assert_eq!(
        transposed(true, true),
        ["MatMul{transpose_a, transpose_b}(b, g)", "MatMul{transpose_a, transpose_b}(g, a)"]
    );
}

#[test]
fn a_perceptron_needs_no_more_than_by_hand() {
    let mut graph = Graph::new();
    let images = graph.placeholder("images", DType::F32, [None, Some(4)]).unwrap();
    let labels = graph.placeholder("labels", DType::I64, [None]).unwrap();
    let kernel = graph.variable("kernel", DType::F32, [4, 3], Initializer::ZEROS).unwrap();
    let bias = graph.variable("bias", DType::F32, [3], Initializer::ZEROS).unwrap();
    let product = graph.matmul(images, kernel).unwrap();
    let sum = graph.add(product, bias).unwrap();
    let hidden = graph.relu(sum).unwrap();
    let losses = graph.sparse_softmax_cross_entropy(hidden, labels).unwrap();
    let loss = graph.mean(losses, Axes::all()).unwrap();
    graph.gradients(loss, &[kernel.output(), bias.output()]).unwrap();
    check_dump(
        &graph,
        "images = Placeholder() f32[?, 4]
        labels = Placeholder() i64[?]
        kernel = VariableV2{Constant(0.0), trainable}() f32[4, 3]
        bias = VariableV2{Constant(0.0), trainable}() f32[3]
        MatMul = MatMul(images, kernel) f32[?, 3]
        AddV2 = AddV2(MatMul, bias) f32[?, 3]
        Relu = Relu(AddV2) f32[?, 3]
        SparseSoftmaxCrossEntropyWithLogits = SparseSoftmaxCrossEntropyWithLogits(Relu, labels) f32[?] f32[?, 3]
        Mean = Mean{[0]}(SparseSoftmaxCrossEntropyWithLogits) f32[]
        gradients/Const = Const{f32[] [1.0]}() f32[]
        gradients/Mean_grad/Spread = Spread{[0], mean}(gradients/Const, SparseSoftmaxCrossEntropyWithLogits) f32[?]
        gradients/SparseSoftmaxCrossEntropyWithLogits_grad/Spread = Spread{[1]}(gradients/Mean_grad/Spread, SparseSoftmaxCrossEntropyWithLogits:1) f32[?, 3]
        gradients/SparseSoftmaxCrossEntropyWithLogits_grad/Mul = Mul(gradients/SparseSoftmaxCrossEntropyWithLogits_grad/Spread, SparseSoftmaxCrossEntropyWithLogits:1) f32[?, 3]
        gradients/Relu_grad/ReluGrad = ReluGrad(gradients/SparseSoftmaxCrossEntropyWithLogits_grad/Mul, Relu) f32[?, 3]
        gradients/AddV2_grad/SumToShape = SumToShape(gradients/Relu_grad/ReluGrad, bias) f32[3]
        gradients/MatMul_grad/MatMul = MatMul{transpose_a}(images, gradients/Relu_grad/ReluGrad) f32[4, 3]",
    );
}

#[test]
fn what_the_loss_does_not_depend_on_has_none() {
    let mut graph = Graph::new();
    let a = graph.variable("a", DType::F32, [2], Initializer::ZEROS).unwrap().output();
    let unused = graph.variable("unused", DType::F32, [2], Initializer::ZEROS).unwrap().output();
    let rounded = graph.cast(a, DType::I32).unwrap();
    let back = graph.cast(rounded, DType::F32).unwrap();
    let loss = graph.sum(back, [0]).unwrap();
    let gradients = graph.gradients(loss, &[a, unused, loss, back]).unwrap();
    assert_eq!(gradients[..2], [None, None]);
    assert_eq!(graph.name_of(gradients[2].unwrap()).unwrap(), "gradients/Const");
    assert_eq!(graph.name_of(gradients[3].unwrap()).unwrap(), "gradients/Sum_grad/Spread");
    graph.gradients(loss, &[back]).unwrap();
    assert!(graph.find("gradients_1/Const").is_some());
}
