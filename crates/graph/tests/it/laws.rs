//! Laws over graphs built at random.

use everstep_graph::{Axes, Binary, Graph, Initializer, Op, Output, PartialShape, TensorType, Transpose};
use everstep_tensor::{DType, Result, Tensor};
use proptest::prelude::*;

/// The length that every unknown axis has in a run.
const BATCH: usize = 4;

/// A node to try: which op, and which earlier values it takes.
type Recipe = (u8, usize, usize);

fn start() -> (Graph, Vec<Output>) {
    let mut graph = Graph::new();
    let values = vec![
        graph.placeholder("x", DType::F32, [None, Some(4)]).unwrap().output(),
        graph.placeholder("labels", DType::I64, [None]).unwrap().output(),
        graph.variable("square", DType::F32, [4, 4], Initializer::ZEROS).unwrap().output(),
        graph.variable("row", DType::F32, [4], Initializer::ZEROS).unwrap().output(),
        graph.variable("column", DType::F32, [4, 1], Initializer::ZEROS).unwrap().output(),
        graph.scalar("number", DType::F32, 2.0).unwrap(),
    ];
    (graph, values)
}

fn build(graph: &mut Graph, op: u8, one: Output, other: Output) -> Result<Output> {
    match op {
        0..=3 => graph.matmul_transposed(one, other, Transpose { a: op & 1 == 1, b: op & 2 == 2 }),
        4 => graph.add(one, other),
        5 => graph.sub(one, other),
        6 => graph.mul(one, other),
        7 => graph.div(one, other),
        8 => graph.maximum(one, other),
        9 => graph.minimum(one, other),
        10 => graph.relu(one),
        11 => graph.tanh(one),
        12 => graph.sigmoid(one),
        13 => graph.square(one),
        14 => graph.abs(one),
        15 => graph.sqrt(one),
        16 => graph.sum(one, [0]),
        17 => graph.mean(one, Axes::from([-1]).keep()),
        18 => graph.max(one, [-1]),
        19 => graph.softmax(one),
        20 => graph.log_softmax(one),
        21 => graph.sparse_softmax_cross_entropy(one, other),
        22 => graph.cast(one, DType::F64),
        23 => graph.arg_max(one, -1),
        24 => graph.less(one, other),
        25 => graph.min(one, Axes::all().keep()),
        26 => graph.exp(one),
        27 => graph.log(one),
        _ => graph.check_numerics(one),
    }
}

/// Builds what can be built; what is refused must leave the graph as it was.
fn grow(recipes: &[Recipe]) -> (Graph, Vec<Output>) {
    let (mut graph, mut values) = start();
    for (op, one, other) in recipes {
        let before = graph.nodes().len();
        match build(&mut graph, *op, values[one % values.len()], values[other % values.len()]) {
            Ok(value) => values.push(value),
            Err(_) => assert_eq!(graph.nodes().len(), before),
        }
    }
    (graph, values)
}

fn recipes() -> impl Strategy<Value = Vec<Recipe>> {
    prop::collection::vec((0u8..29, 0usize..64, 0usize..64), 1..40)
}

/// The recipes without those that do not fit a run of [`BATCH`]: an unknown axis may stand beside one of length 1.
fn runnable(recipes: &[Recipe]) -> Vec<Recipe> {
    let mut kept = Vec::new();
    for recipe in recipes {
        kept.push(*recipe);
        if plan(&grow(&kept).0).is_err() {
            kept.pop();
        }
    }
    kept
}

/// The types of all values once every unknown axis is known, as an engine finds them.
fn plan(graph: &Graph) -> Result<Vec<Vec<TensorType>>> {
    let mut types: Vec<Vec<TensorType>> = Vec::new();
    for node in graph.nodes() {
        let inputs: Vec<_> =
            node.inputs().iter().map(|input| types[input.node().index()][input.index()].clone()).collect();
        let known = |shape: &PartialShape| shape.iter().map(|axis| axis.or(Some(BATCH))).collect::<PartialShape>();
        types.push(match node.op() {
            Op::Placeholder { dtype, shape } => vec![TensorType::new(*dtype, known(shape))],
            op => op.infer(&inputs)?,
        });
    }
    Ok(types)
}

proptest! {
    #[test]
    fn what_was_built_verifies_and_differentiates(recipes in recipes()) {
        let (mut graph, values) = grow(&recipes);
        graph.verify().unwrap();
        let is_float = |value: &&Output| graph.type_of(**value).unwrap().dtype.is_float();
        let wanted: Vec<Output> = values.iter().filter(is_float).copied().collect();
        let last = wanted[wanted.len() - 1];
        let loss = graph.mean(last, Axes::all()).unwrap();
        let gradients = graph.gradients(loss, &wanted).unwrap();
        graph.verify().unwrap();
        let reached = graph.needed_by(&[loss]).unwrap();
        for (value, gradient) in wanted.into_iter().zip(gradients) {
            prop_assert!(gradient.is_none() || reached.contains(&value.node()));
            let Some(gradient) = gradient else { continue };
            let (value, gradient) = (graph.type_of(value).unwrap(), graph.type_of(gradient).unwrap());
            prop_assert_eq!(value.dtype, gradient.dtype);
            prop_assert!(value.shape.merge(&gradient.shape).is_some());
        }
    }

    #[test]
    fn a_plan_refines_what_the_graph_knew(recipes in recipes()) {
        let (mut graph, values) = grow(&runnable(&recipes));
        let is_float = |value: &&Output| graph.type_of(**value).unwrap().dtype.is_float();
        let wanted: Vec<Output> = values.iter().filter(is_float).copied().collect();
        let last = wanted[wanted.len() - 1];
        let loss = graph.sum(last, Axes::all()).unwrap();
        let gradients = graph.gradients(loss, &wanted).unwrap();
        let types = plan(&graph).unwrap();
        for (node, types) in graph.nodes().iter().zip(&types) {
            for (known, planned) in node.outputs().iter().zip(types) {
                prop_assert!(planned.shape.to_shape().is_some());
                prop_assert_eq!(known.shape.merge(&planned.shape), Some(planned.shape.clone()), "{}", node.name());
            }
        }
        for (value, gradient) in wanted.into_iter().zip(gradients) {
            let Some(gradient) = gradient else { continue };
            let planned = |output: Output| &types[output.node().index()][output.index()];
            prop_assert_eq!(planned(value), planned(gradient));
        }
    }

    #[test]
    fn broadcasting_is_symmetric_and_known_shapes_stay(
        one in prop::collection::vec(prop::option::of(0usize..4), 0..4),
        other in prop::collection::vec(prop::option::of(0usize..4), 0..4),
    ) {
        let [one, other] = [one, other].map(|axes| axes.into_iter().collect::<PartialShape>());
        prop_assert_eq!(one.broadcast(&other), other.broadcast(&one));
        prop_assert_eq!(one.merge(&other), other.merge(&one));
        prop_assert_eq!(one.broadcast(&PartialShape::SCALAR), Some(one.clone()));
        prop_assert_eq!(one.merge(&one), Some(one.clone()));
    }
}

#[test]
fn an_op_refuses_another_number_of_inputs() {
    let pair = Op::Binary(Binary::Add);
    let scalar = TensorType::from(&Tensor::scalar(1.0f32));
    let error = pair.infer(&[scalar]).unwrap_err().to_string();
    assert_eq!(error, "it takes 2 inputs, 1 were given");
}
