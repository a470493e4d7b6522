//! Shape inference, op by op.

use everstep_graph::{Axes, Graph, Output, PartialShape, TensorType, Transpose};
use everstep_tensor::{DType, Result};

/// Parses `f32[?, 64]`.
pub(crate) fn parse(text: &str) -> TensorType {
    let (dtype, axes) = text.trim_end_matches(']').split_once('[').unwrap();
    let axes = axes.split(", ").filter(|axis| !axis.is_empty());
    let shape: PartialShape = axes.map(|axis| axis.parse().ok()).collect();
    TensorType::new(DType::from_name(dtype).unwrap(), shape)
}

#[track_caller]
fn check(inputs: &[&str], build: impl FnOnce(&mut Graph, &[Output]) -> Result<Output>, expected: Option<&str>) {
    let mut graph = Graph::new();
    let feed = |text: &&str| {
        let TensorType { dtype, shape } = parse(text);
        graph.placeholder("input", dtype, shape).unwrap().output()
    };
    let inputs: Vec<Output> = inputs.iter().map(feed).collect();
    let found = build(&mut graph, &inputs).map(|output| graph.type_of(output).unwrap().to_string()).ok();
    assert_eq!(found.as_deref(), expected);
    graph.verify().unwrap();
}

#[test]
fn matrix_product() {
    let product = |transpose| move |graph: &mut Graph, x: &[Output]| graph.matmul_transposed(x[0], x[1], transpose);
    let [neither, a, b] = [(false, false), (true, false), (false, true)].map(|(a, b)| product(Transpose { a, b }));
    check(&["f32[?, 64]", "f32[64, 10]"], neither, Some("f32[?, 10]"));
    check(&["f64[64, ?]", "f64[64, 10]"], a, Some("f64[?, 10]"));
    check(&["f32[2, 64]", "f32[10, 64]"], b, Some("f32[2, 10]"));
    check(&["f32[?, ?]", "f32[64, 10]"], neither, Some("f32[?, 10]"));
    check(&["f32[2, 63]", "f32[64, 10]"], neither, None);
    check(&["f32[64]", "f32[64, 10]"], neither, None);
    check(&["f32[2, 64]", "f64[64, 10]"], neither, None);
    check(&["i32[2, 64]", "i32[64, 10]"], neither, None);
}

#[test]
fn broadcasting() {
    let sum = |graph: &mut Graph, x: &[Output]| graph.add(x[0], x[1]);
    check(&["f32[?, 10]", "f32[10]"], sum, Some("f32[?, 10]"));
    check(&["f32[?, 1]", "f32[1, 10]"], sum, Some("f32[?, 10]"));
    check(&["f32[?]", "f32[4]"], sum, Some("f32[4]"));
    check(&["f32[?]", "f32[1]"], sum, Some("f32[?]"));
    check(&["i64[2, 3]", "i64[]"], sum, Some("i64[2, 3]"));
    check(&["f32[0]", "f32[1]"], sum, Some("f32[0]"));
    check(&["f32[0]", "f32[2]"], sum, None);
    check(&["f32[2]", "f32[3]"], sum, None);
    check(&["u8[2]", "u8[2]"], sum, None);
}

#[test]
fn no_shape_has_more_than_eight_axes() {
    let mut graph = Graph::new();
    graph.placeholder("eight", DType::F32, [1; 8]).unwrap();
    let error = graph.placeholder("nine", DType::F32, [1; 9]).unwrap_err().to_string();
    assert!(error.ends_with("shape [1, 1, 1, 1, 1, 1, 1, 1, 1] has more than 8 axes"), "{error}");
}

#[test]
fn comparisons() {
    check(&["u8[2]", "u8[1]"], |graph, x| graph.less(x[0], x[1]), Some("bool[2]"));
    check(&["bool[2]", "bool[2]"], |graph, x| graph.equal(x[0], x[1]), Some("bool[2]"));
    check(&["bool[2]", "bool[2]"], |graph, x| graph.less(x[0], x[1]), None);
}

#[test]
fn reductions() {
    check(&["f32[?, 3, 4]"], |graph, x| graph.sum(x[0], [1]), Some("f32[?, 4]"));
    check(&["f32[?, 3, 4]"], |graph, x| graph.max(x[0], [-1, 0]), Some("f32[3]"));
    check(&["f32[?, 3, 4]"], |graph, x| graph.mean(x[0], Axes::from([-1]).keep()), Some("f32[?, 3, 1]"));
    check(&["f32[?, 3, 4]"], |graph, x| graph.mean(x[0], Axes::all()), Some("f32[]"));
    check(&["i32[3]"], |graph, x| graph.min(x[0], []), Some("i32[3]"));
    check(&["i32[3]"], |graph, x| graph.mean(x[0], [0]), None);
    check(&["f32[3]"], |graph, x| graph.sum(x[0], [-2]), None);
    check(&["f32[3]"], |graph, x| graph.sum(x[0], [isize::MIN]), None);
}

#[test]
fn classification() {
    check(&["f32[?, 10]"], |graph, x| graph.softmax(x[0]), Some("f32[?, 10]"));
    check(&["f32[]"], |graph, x| graph.log_softmax(x[0]), None);
    check(&["f32[?, 10]"], |graph, x| graph.arg_max(x[0], -1), Some("i64[?]"));
    check(&["bool[3]"], |graph, x| graph.arg_max(x[0], 0), None);
    check(&["bool[3]"], |graph, x| graph.cast(x[0], DType::F32), Some("f32[3]"));
    let cross_entropy = |graph: &mut Graph, x: &[Output]| graph.sparse_softmax_cross_entropy(x[0], x[1]);
    check(&["f32[?, 10]", "i32[32]"], cross_entropy, Some("f32[32]"));
    check(&["f32[31, 10]", "i64[32]"], cross_entropy, None);
    check(&["f32[?, 10]", "i64[?, 1]"], cross_entropy, None);
}

#[test]
fn values_fit_types() {
    use everstep_tensor::Tensor;
    let batch = parse("f32[?, 2]");
    let value = |dtype, shape: [usize; 2]| Tensor::zeros(dtype, shape).unwrap();
    assert!(batch.accepts(&value(DType::F32, [7, 2])));
    assert!(!batch.accepts(&value(DType::F32, [7, 3])));
    assert!(!batch.accepts(&value(DType::F64, [7, 2])));
    assert_eq!(batch.shape.to_shape(), None);
    assert_eq!(parse("f32[3, 2]").shape.to_shape(), Some([3, 2].into()));
}

#[test]
fn moved_elements() {
    use everstep_graph::{Length, PadMode, Section};
    check(&["f32[?, 4, 8]"], |graph, x| graph.reshape(x[0], [-1, 32]), Some("f32[?, 32]"));
    check(
        &["f32[?, 4]"],
        |graph, x| graph.reshape(x[0], [Length::OfInput(0), 2.into(), 2.into()]),
        Some("f32[?, 2, 2]"),
    );
    check(&["f32[?, 4]"], |graph, x| graph.reshape(x[0], [Length::OfInput(0), (-1).into()]), Some("f32[?, 4]"));
    check(&["f32[2, 3]"], |graph, x| graph.reshape(x[0], [4, -1]), None);
    check(&["f32[2, 3]"], |graph, x| graph.reshape(x[0], [-1, -1]), None);
    check(&["f32[2, 3]"], |graph, x| graph.reshape(x[0], [-2, 3]), None);
    check(&["f32[0, 3]"], |graph, x| graph.reshape(x[0], [0, -1]), None);
    check(&["f32[?, 3]"], |graph, x| graph.transpose(x[0], &[-1, 0]), Some("f32[3, ?]"));
    check(&["f32[?, 3]"], |graph, x| graph.transpose(x[0], &[0, 0]), None);
    check(&["u8[?, 3]", "u8[2, ?]"], |graph, x| graph.concat(x, 0), Some("u8[?, 3]"));
    check(&["u8[1, 3]", "u8[2, ?]"], |graph, x| graph.concat(x, 0), Some("u8[3, 3]"));
    check(&["u8[1, 3]", "u8[2, 4]"], |graph, x| graph.concat(x, 0), None);
    check(&["u8[1, 3]", "i32[2, 3]"], |graph, x| graph.concat(x, 0), None);
    check(&[], |graph, x| graph.concat(x, 0), None);
    check(&["f32[?]", "f32[3]"], |graph, x| graph.stack(x, -1), Some("f32[3, 2]"));
    check(&["f32[?]", "f32[3]"], |graph, x| graph.stack(x, 2), None);
    check(&["f32[?, 5]"], |graph, x| graph.split(x[0], -1, &[2, 3]).map(|parts| parts[1]), Some("f32[?, 3]"));
    check(&["f32[?, 5]"], |graph, x| graph.split(x[0], 1, &[2, 2]).map(|parts| parts[1]), None);
    check(&["f32[?, 5]"], |graph, x| graph.unstack(x[0], 1).map(|parts| parts[4]), Some("f32[?]"));
    check(&["f32[?, 5]"], |graph, x| graph.unstack(x[0], 0).map(|parts| parts[0]), None);
    check(&["f32[?, 5]"], |graph, x| graph.strided_slice(x[0], &[(1..).into()]), Some("f32[?, 5]"));
    check(&["f32[?, 5]"], |graph, x| graph.strided_slice(x[0], &[0.into(), Section::all().by(2)]), Some("f32[3]"));
    check(&["f32[?, 5]"], |graph, x| graph.strided_slice(x[0], &[Section::Ellipsis, 5.into()]), None);
    check(&["f32[?, 5]"], |graph, x| graph.strided_slice(x[0], &[Section::Ellipsis; 2]), None);
    check(&["f32[?, 5]"], |graph, x| graph.strided_slice(x[0], &[Section::all().by(0)]), None);
    check(&["f32[5]"], |graph, x| graph.slice(x[0], &[2], &[-1]), Some("f32[3]"));
    check(&["f32[5]"], |graph, x| graph.slice(x[0], &[2], &[4]), None);
    check(&["f32[?, 2]"], |graph, x| graph.pad(x[0], &[(0, 1), (2, 0)], PadMode::Constant(0.0)), Some("f32[?, 4]"));
    check(&["f32[2]"], |graph, x| graph.pad(x[0], &[(2, 0)], PadMode::Reflect), None);
    check(&["f32[2]"], |graph, x| graph.pad(x[0], &[(2, 0)], PadMode::Symmetric), Some("f32[4]"));
    check(&["bool[?, 2]"], |graph, x| graph.tile(x[0], &[2, 3]), Some("bool[?, 6]"));
    check(&["bool[?, 2]"], |graph, x| graph.tile(x[0], &[2]), None);
    check(&["f32[?]"], |graph, x| graph.expand_dims(x[0], -1), Some("f32[?, 1]"));
    check(&["f32[?, 1, 1]"], |graph, x| graph.squeeze(x[0], Axes::all()), Some("f32[?]"));
    check(&["f32[?, 2]"], |graph, x| graph.squeeze(x[0], [1]), None);
    check(&["f32[1, 3]"], |graph, x| graph.broadcast_to(x[0], &[2, 2, 3]), Some("f32[2, 2, 3]"));
    check(&["f32[2, 3]"], |graph, x| graph.broadcast_to(x[0], &[1, 3]), None);
    check(&["f32[3]", "u8[?, 3]"], |graph, x| graph.broadcast_like(x[0], x[1]), Some("f32[?, 3]"));
    check(&["f32[?]", "u8[3]"], |graph, x| graph.reshape_like(x[0], x[1]), Some("f32[3]"));
    check(&["f32[4]", "u8[3]"], |graph, x| graph.reshape_like(x[0], x[1]), None);
    check(&["f32[3]"], |graph, x| graph.reverse(x[0], [0, -1]), None);
    check(&["u8[?, 2]"], |graph, x| graph.shape_of(x[0]), Some("i64[2]"));
    check(&["u8[?, 2]"], |graph, x| graph.size_of(x[0]), Some("i64[]"));
}

#[test]
fn batches_of_products() {
    let product = |graph: &mut Graph, x: &[Output]| graph.matmul(x[0], x[1]);
    check(&["f32[?, 2, 64]", "f32[64, 10]"], product, Some("f32[?, 2, 10]"));
    check(&["f32[?, 2, 64]", "f32[5, 64, 10]"], product, Some("f32[5, 2, 10]"));
    check(&["f32[3, 1, 2, 64]", "f32[5, 64, 10]"], product, Some("f32[3, 5, 2, 10]"));
    check(&["f32[4, 2, 64]", "f32[5, 64, 10]"], product, None);
    check(&["f32[4, 2, 64]", "f32[4, 63, 10]"], product, None);
    check(&["f32[4, 2, 64]", "f32[64]"], product, None);
}

#[test]
fn chosen_elements() {
    use everstep_graph::Cumulate;
    check(&["u8[?, 3]", "i32[5, ?]"], |graph, x| graph.gather(x[0], x[1], 1), Some("u8[?, 5, ?]"));
    check(&["u8[?, 3]", "u8[5]"], |graph, x| graph.gather(x[0], x[1], 0), None);
    check(&["u8[?, 3]", "i32[5]"], |graph, x| graph.gather(x[0], x[1], 2), None);
    check(&["f32[9, 3]", "i64[?]", "f32[5, 3]"], |graph, x| graph.scatter_add(x[0], x[1], x[2]), Some("f32[9, 3]"));
    check(&["f32[9, 3]", "i64[4]", "f32[5, 3]"], |graph, x| graph.scatter_add(x[0], x[1], x[2]), None);
    check(&["i64[?]"], |graph, x| graph.one_hot(x[0], 4, DType::U8), Some("u8[?, 4]"));
    check(&["f32[?]"], |graph, x| graph.one_hot(x[0], 4, DType::U8), None);
    check(&["i32[?]"], |graph, x| graph.sequence_mask(x[0], 4), Some("bool[?, 4]"));
    check(&["f32[?, 5]"], |graph, x| graph.top_k(x[0], 2).map(|(values, _)| values), Some("f32[?, 2]"));
    check(&["f32[?, 5]"], |graph, x| graph.top_k(x[0], 6).map(|(values, _)| values), None);
    check(&["f32[]"], |graph, x| graph.sort(x[0]).map(|(values, _)| values), None);
    check(&["i64[?]"], |graph, x| graph.sort(x[0]).map(|(_, indices)| indices), Some("i32[?]"));
    check(&["i64[?, 2]"], |graph, x| graph.cumsum(x[0], -1), Some("i64[?, 2]"));
    let beyond = Cumulate { axis: 2, product: false, exclusive: false, reverse: false };
    check(&["i64[?, 2]"], |graph, x| graph.cumulate(x[0], beyond), None);
    check(&["bool[?, 2]"], |graph, x| graph.cumprod(x[0], -1), None);
    check(&["f32[?, 5]", "i64[3]"], |graph, x| graph.in_top_k(x[0], x[1], 2), Some("bool[3]"));
    check(&["f32[2, 5]", "i64[3]"], |graph, x| graph.in_top_k(x[0], x[1], 2), None);
}
