//! The graph as TensorBoard sees it.

use everstep_graph::{Graph, Initializer, PartialShape, Transpose, UpdateRule};
use everstep_proto::{
    Message,
    attr_value::{Attr, AttrValue},
    graph::GraphDef,
    tensor_shape::TensorShapeProto,
    types::DataType,
};
use everstep_tensor::{Bf16, DType, F16, Tensor};

fn attribute<'a>(graph: &'a GraphDef, node: &str, name: &str) -> &'a Attr {
    let node = graph.node.iter().find(|found| found.name == node).unwrap();
    let AttrValue { value } = &node.attr[name];
    value.as_ref().unwrap()
}

fn sizes(shape: &TensorShapeProto) -> Vec<i64> {
    shape.dim.iter().map(|dim| dim.size).collect()
}

/// TensorFlow's order of the inputs: indices beside the slices.
#[test]
fn sparse_updates_are_tensorflows() {
    let mut graph = Graph::new();
    let table = graph.variable("table", DType::F32, [9, 2], Initializer::ZEROS).unwrap();
    let slot = graph.state("slot", DType::F32, [9, 2], Initializer::ZEROS).unwrap();
    let ids = graph.placeholder("ids", DType::I64, [None]).unwrap();
    let slices = graph.placeholder("slices", DType::F32, [None, Some(2)]).unwrap().output();
    let rate = graph.scalar("rate", DType::F32, 0.5).unwrap();
    let momentum = UpdateRule::Momentum { nesterov: true };
    graph.sparse_update(UpdateRule::AssignSub, &[table], &[slices], ids).unwrap();
    graph.sparse_update(momentum, &[table, slot], &[rate, slices, rate], ids).unwrap();
    let def = GraphDef::decode(&*graph.to_graph_def()).unwrap();
    let inputs = |name: &str| def.node.iter().find(|node| node.name == name).unwrap().input.clone();
    assert_eq!(inputs("ScatterSub"), ["table", "ids", "slices"]);
    assert_eq!(inputs("SparseApplyMomentum"), ["table", "slot", "rate", "slices", "ids", "rate"]);
    assert_eq!(attribute(&def, "SparseApplyMomentum", "use_nesterov"), &Attr::B(true));
    assert_eq!(attribute(&def, "ScatterSub", "Tindices"), &Attr::Type(DataType::Int64.into()));
}

#[test]
fn names_ops_inputs_and_shapes_are_there() {
    let mut graph = Graph::new();
    let images = graph.placeholder("images", DType::F32, [None, Some(4)]).unwrap();
    let labels = graph.placeholder("labels", DType::I32, [None]).unwrap();
    let kernel = graph.scope("head", |graph| graph.variable("kernel", DType::F32, [3, 4], Initializer::ZEROS)).unwrap();
    let logits = graph.matmul_transposed(images, kernel, Transpose { a: false, b: true }).unwrap();
    let losses = graph.sparse_softmax_cross_entropy(logits, labels).unwrap();
    let loss = graph.mean(losses, [0]).unwrap();
    graph.gradients(loss, &[kernel.output()]).unwrap();
    let small = graph.constant("small", Tensor::from_vec([2], vec![true, false]).unwrap()).unwrap();
    graph.constant("large", Tensor::zeros(DType::F64, [200]).unwrap()).unwrap();
    graph.cast(small, DType::U8).unwrap();
    let step = graph.global_step().unwrap();
    let one = graph.scalar("one", DType::I64, 1.0).unwrap();
    let update = graph.assign_add(step, one).unwrap();
    graph.after("train_op", loss, &[update]).unwrap();

    let def = GraphDef::decode(&*graph.to_graph_def()).unwrap();
    assert_eq!(def.node.len(), graph.nodes().len());
    for (node, def) in graph.nodes().iter().zip(&def.node) {
        assert_eq!((node.name(), node.op().name()), (&*def.name, &*def.op));
        let Some(Attr::List(shapes)) = &def.attr["_output_shapes"].value else { panic!("{}", def.name) };
        assert_eq!(shapes.shape.len(), node.outputs().len());
    }
    let inputs = |name: &str| def.node.iter().find(|node| node.name == name).unwrap().input.clone();
    assert_eq!(inputs("train_op"), ["Mean", "^AssignAdd"]);
    assert_eq!(
        inputs("gradients/SparseSoftmaxCrossEntropyWithLogits_grad/Mul")[1],
        "SparseSoftmaxCrossEntropyWithLogits:1"
    );
    let Attr::Shape(shape) = attribute(&def, "images", "shape") else { panic!("no shape") };
    assert_eq!(sizes(shape), [-1, 4]);
    assert_eq!(attribute(&def, "images", "dtype"), &Attr::Type(DataType::Float.into()));
    assert_eq!(attribute(&def, "MatMul", "transpose_b"), &Attr::B(true));
    assert_eq!(attribute(&def, "Cast", "SrcT"), &Attr::Type(DataType::Bool.into()));
    assert_eq!(attribute(&def, "Cast", "DstT"), &Attr::Type(DataType::Uint8.into()));
    let Attr::Tensor(value) = attribute(&def, "small", "value") else { panic!("no tensor") };
    assert_eq!((&value.bool_val[..], value.dtype), (&[true, false][..], DataType::Bool.into()));
    let Attr::Tensor(value) = attribute(&def, "large", "value") else { panic!("no tensor") };
    assert_eq!((value.double_val.len(), sizes(value.tensor_shape.as_ref().unwrap())), (0, vec![200]));
    assert_eq!(graph.to_graph_def(), graph.clone().to_graph_def(), "equal graphs have equal bytes");
}

#[test]
fn a_condition_is_an_edge_of_control() {
    let mut graph = Graph::new();
    let count = graph.state("count", DType::I64, [], Initializer::ZEROS).unwrap();
    let one = graph.scalar("one", DType::I64, 1.0).unwrap();
    let is_small = graph.less(count, one).unwrap();
    graph.when(is_small, |graph| graph.assign_add(count, one)).unwrap();
    graph.verify().unwrap();
    let def = GraphDef::decode(&*graph.to_graph_def()).unwrap();
    assert_eq!(def.node.last().unwrap().input, ["count", "one", "^Less"]);
}

/// As `tf.cond` of TensorFlow 1.15 writes it: what enters a branch comes through a switch, the false side first.
#[test]
fn values_enter_branches_through_switches() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::F32, [4]).unwrap().output();
    let [flag, other] =
        ["flag", "other"].map(|name| graph.placeholder(name, DType::Bool, PartialShape::SCALAR).unwrap());
    let nested = |graph: &mut Graph| {
        let y = graph.exp(x)?;
        graph.cond(other, |graph| Ok([graph.mul(x, y)?]), |graph| Ok([graph.neg(y)?]))
    };
    graph.cond(flag, nested, |graph| Ok([graph.add(x, x)?])).unwrap();
    graph.verify().unwrap();
    let def = GraphDef::decode(&*graph.to_graph_def()).unwrap();
    let found = |op: &str| {
        let nodes = def.node.iter().filter(move |node| node.op == op);
        nodes.map(|node| format!("{}({})", node.name, node.input.join(", "))).collect::<Vec<String>>()
    };
    assert_eq!(
        found("Switch"),
        [
            "cond/Switch(x, flag)",
            "cond/cond/Switch(other, flag)",
            "cond/cond/Switch_1(cond/Switch:1, cond/cond/Switch:1)",
            "cond/cond/Switch_2(cond/Exp, cond/cond/Switch:1)",
            "cond/cond/Switch_3(cond/Exp, cond/cond/Switch:1)",
            "cond/Switch_1(x, flag)",
        ]
    );
    assert_eq!(found("Exp"), ["cond/Exp(cond/Switch:1)"]);
    assert_eq!(found("Mul"), ["cond/cond/Mul(cond/cond/Switch_1:1, cond/cond/Switch_2:1)"]);
    assert_eq!(found("Neg"), ["cond/cond/Neg(cond/cond/Switch_3)"]);
    assert_eq!(found("AddV2"), ["cond/AddV2(cond/Switch_1, cond/Switch_1)"]);
    assert_eq!(
        found("Merge"),
        ["cond/cond/Merge(cond/cond/Mul, cond/cond/Neg)", "cond/Merge(cond/cond/Merge, cond/AddV2)"]
    );
    assert_eq!(attribute(&def, "cond/Merge", "N"), &Attr::I(2));
    assert_eq!(attribute(&def, "cond/Switch", "T"), &Attr::Type(DataType::Float.into()));
    let names: std::collections::BTreeSet<&str> = def.node.iter().map(|node| &*node.name).collect();
    assert_eq!(names.len(), def.node.len());
}

/// TensorFlow's DT_BFLOAT16 and DT_HALF, whose constants are lists of bits.
#[test]
fn numbers_of_two_bytes_are_there() {
    let mut graph = Graph::new();
    let x = graph.placeholder("x", DType::Bf16, [None]).unwrap();
    graph.cast(x, DType::F16).unwrap();
    let [one, two] = [Bf16::from_f32(1.0), Bf16::from_f32(-2.0)];
    graph.constant("c", Tensor::from_vec([2], vec![one, two]).unwrap()).unwrap();
    graph.constant("h", Tensor::scalar(F16::from_f32(1.0))).unwrap();
    assert!(graph.to_string().contains("Cast = Cast(x) f16[?]"), "{graph}");
    let def = GraphDef::decode(&*graph.to_graph_def()).unwrap();
    assert_eq!(attribute(&def, "x", "dtype"), &Attr::Type(DataType::Bfloat16.into()));
    assert_eq!(attribute(&def, "Cast", "DstT"), &Attr::Type(DataType::Half.into()));
    let bits = |name| match attribute(&def, name, "value") {
        Attr::Tensor(tensor) => (tensor.dtype, tensor.half_val.clone()),
        other => panic!("{other:?} is no tensor"),
    };
    assert_eq!(bits("c"), (14, vec![0x3f80, 0xc000]));
    assert_eq!(bits("h"), (19, vec![0x3c00]));
}
