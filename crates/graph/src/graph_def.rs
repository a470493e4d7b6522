//! A graph as TensorFlow's `GraphDef`, for TensorBoard to draw.

mod switch;
mod windows;

use everstep_proto::{
    Message,
    attr_value::{Attr, AttrValue, ListValue},
    graph::GraphDef,
    node_def::NodeDef,
    tensor::TensorProto,
    tensor_shape::{Dim, TensorShapeProto},
    types::DataType,
};
use everstep_tensor::{Bf16, DType, F16, Tensor};

use self::switch::Switches;
use crate::{
    Graph, IndexOp, LogicOp, Node, Op, PartialShape, RandomOp, Reduction, TensorType, Unary, UnaryGrad, UpdateRule,
    op::attribute::Attribute,
};

/// Bytes of a constant beyond which its elements are left out; TensorBoard drops larger attributes when it draws.
const MAX_CONSTANT_BYTES: usize = 1024;

type Attributes = Vec<(&'static str, Attr)>;

impl Graph {
    /// The graph as an encoded `GraphDef`: names, ops, inputs, control, shapes and attributes.
    ///
    /// It is for looking at: TensorBoard makes a group of each scope.
    /// What enters a branch of [`cond`](Self::cond) comes through a `Switch`.
    /// Ops that TensorFlow does not have keep their names, and the elements of a constant of more than 1024 bytes are left out.
    pub fn to_graph_def(&self) -> Vec<u8> {
        let mut switches = Switches::default();
        let mut defs = Vec::with_capacity(self.nodes().len());
        for node in self.nodes() {
            let inputs = switches.inputs(self, node);
            defs.append(&mut switches.made);
            defs.push(self.node_def(node, inputs));
        }
        GraphDef { node: defs, versions: None }.encode_to_vec()
    }

    fn node_def(&self, node: &Node, values: Vec<String>) -> NodeDef {
        let edges = inputs(node.op(), values).into_iter().chain(self.control_edges(node));
        let attributes = std::iter::once(("_output_shapes", output_shapes(node)))
            .chain(self.dtype_attributes(node))
            .chain(attributes(node.op()));
        NodeDef {
            name: node.name().into(),
            op: node.op().name().into(),
            input: edges.chain(self.condition_edge(node)).collect(),
            device: String::new(),
            attr: attributes.map(|(name, value)| (name.into(), AttrValue { value: Some(value) })).collect(),
        }
    }

    /// What TensorFlow knows as an edge of control.
    fn condition_edge(&self, node: &Node) -> Option<String> {
        let is_held_back = node.op().update_rule().is_some() || node.inputs().is_empty();
        let condition = self.node(node.condition().filter(|_| is_held_back)?.node())?;
        Some(format!("^{}", condition.name()))
    }

    fn last_dtype(&self, node: &Node) -> DType {
        let last = node.inputs().last().and_then(|input| self.type_of(*input).ok());
        last.map_or(DType::I64, |known| known.dtype)
    }

    /// The dtypes by TensorFlow's names: of an op's values, or what it converts between.
    fn dtype_attributes(&self, node: &Node) -> Attributes {
        let inputs = node.inputs().iter().map(|input| self.type_of(*input).map(|known| known.dtype));
        let first = inputs.flatten().next().or_else(|| node.outputs().first().map(|output| output.dtype));
        let Some(first) = first else { return Vec::new() };
        match node.op() {
            Op::Placeholder { .. } | Op::Constant(_) | Op::Variable(_) => vec![("dtype", dtype(first))],
            Op::SparseUpdate(_) => vec![("T", dtype(first)), ("Tindices", dtype(self.last_dtype(node)))],
            Op::Cast(target) => vec![("SrcT", dtype(first)), ("DstT", dtype(*target))],
            Op::ArgMax { .. } | Op::ArgMin { .. } => vec![("T", dtype(first)), ("output_type", dtype(DType::I64))],
            Op::Logic(LogicOp::Select) => vec![("T", dtype(node.outputs()[0].dtype))],
            Op::Random(RandomOp::Draw { dtype: drawn, .. }) => vec![("T", dtype(DType::I64)), ("dtype", dtype(*drawn))],
            Op::Index(IndexOp::Gather { .. }) => {
                vec![("Tparams", dtype(first)), ("Tindices", dtype(self.last_dtype(node)))]
            }
            // These are of bool alone.
            Op::Logic(LogicOp::And | LogicOp::Or | LogicOp::Not)
            | Op::Reduce { reduction: Reduction::All | Reduction::Any, .. } => Vec::new(),
            _ => vec![("T", dtype(first))],
        }
    }
}

/// The inputs in TensorFlow's order: of a sparse update, the indices stand beside the slices.
fn inputs(op: &Op, mut edges: Vec<String>) -> Vec<String> {
    let Op::SparseUpdate(rule) = op else { return edges };
    let indices = edges.remove(rule.targets() + rule.operands());
    let slices = (rule.targets()..).find(|input| !rule.is_scalar(*input)).expect("a rule has a change");
    let is_scatter = matches!(rule, UpdateRule::AssignAdd | UpdateRule::AssignSub);
    edges.insert(if is_scatter { slices } else { slices + 1 }, indices);
    edges
}

fn attributes(op: &Op) -> Attributes {
    match op {
        Op::Merge => vec![("N", Attr::I(2))],
        Op::Placeholder { shape, .. } => vec![("shape", Attr::Shape(shape_proto(shape)))],
        Op::Constant(value) => vec![("value", Attr::Tensor(tensor_proto(value)))],
        Op::Variable(def) => vec![("shape", Attr::Shape(shape_proto(&PartialShape::from(&def.shape))))],
        Op::MatMul(transpose) => vec![("transpose_a", Attr::B(transpose.a)), ("transpose_b", Attr::B(transpose.b))],
        Op::Reduce { axes, keep_dims, .. } => vec![("axes", integers(axes)), ("keep_dims", Attr::B(*keep_dims))],
        Op::Spread { axes, keep_dims, mean } => {
            vec![("axes", integers(axes)), ("keep_dims", Attr::B(*keep_dims)), ("mean", Attr::B(*mean))]
        }
        Op::Random(RandomOp::Dropout { rate, .. }) => vec![("rate", Attr::F(*rate as f32))],
        Op::ArgMax { axis } | Op::ArgMin { axis } => vec![("axes", integers(&[*axis]))],
        Op::Unary(Unary::LeakyRelu { alpha }) | Op::UnaryGrad(UnaryGrad::LeakyRelu { alpha }) => {
            vec![("alpha", Attr::F(*alpha as f32))]
        }
        Op::Unary(Unary::Gelu { approximate }) | Op::UnaryGrad(UnaryGrad::Gelu { approximate }) => {
            vec![("approximate", Attr::B(*approximate))]
        }
        Op::Convolution(op) => windows::convolution(*op),
        Op::Pooling(op) => windows::pooling(*op),
        Op::Norm(op) => op.attributes().into_iter().map(|(name, attribute)| (name, attr(attribute))).collect(),
        Op::BatchNorm(op) => op.attributes().into_iter().map(|(name, attribute)| (name, attr(attribute))).collect(),
        Op::Attention(op) => op.attributes().into_iter().map(|(name, attribute)| (name, attr(attribute))).collect(),
        Op::BatchMatMul(transpose) => vec![("adj_x", Attr::B(transpose.a)), ("adj_y", Attr::B(transpose.b))],
        Op::Shape(op) => op.attributes().into_iter().map(|(name, attribute)| (name, attr(attribute))).collect(),
        Op::Index(op) => op.attributes().into_iter().map(|(name, attribute)| (name, attr(attribute))).collect(),
        Op::Update(rule) | Op::SparseUpdate(rule) => {
            rule.attributes().into_iter().map(|(name, attribute)| (name, attr(attribute))).collect()
        }
        _ => Vec::new(),
    }
}

fn attr(attribute: Attribute) -> Attr {
    match attribute {
        Attribute::Flag(set) => Attr::B(set),
        Attribute::Integer(integer) => Attr::I(integer),
        Attribute::Integers(i) => Attr::List(ListValue { i, ..ListValue::default() }),
        Attribute::Number(number) => Attr::F(number as f32),
        Attribute::Text(text) => Attr::S(text.into()),
    }
}

fn output_shapes(node: &Node) -> Attr {
    let shape = node.outputs().iter().map(|TensorType { shape, .. }| shape_proto(shape)).collect();
    Attr::List(ListValue { shape, ..ListValue::default() })
}

fn integers(numbers: &[usize]) -> Attr {
    let i = numbers.iter().map(|number| length(*number)).collect();
    Attr::List(ListValue { i, ..ListValue::default() })
}

fn length(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn shape_proto(shape: &PartialShape) -> TensorShapeProto {
    let dim = shape.iter().map(|axis| Dim { size: axis.map_or(-1, length), name: String::new() }).collect();
    TensorShapeProto { dim, unknown_rank: false }
}

fn data_type(dtype: DType) -> i32 {
    let data_type = match dtype {
        DType::Bool => DataType::Bool,
        DType::U8 => DataType::Uint8,
        DType::I32 => DataType::Int32,
        DType::I64 => DataType::Int64,
        DType::F32 => DataType::Float,
        DType::F64 => DataType::Double,
        DType::Bf16 => DataType::Bfloat16,
        DType::F16 => DataType::Half,
        _ => DataType::Invalid,
    };
    data_type.into()
}

fn dtype(dtype: DType) -> Attr {
    Attr::Type(data_type(dtype))
}

fn tensor_proto(value: &Tensor) -> TensorProto {
    let proto = TensorProto {
        dtype: data_type(value.dtype()),
        tensor_shape: Some(shape_proto(&PartialShape::from(value.shape()))),
        ..TensorProto::default()
    };
    if value.bytes().len() > MAX_CONSTANT_BYTES { proto } else { with_elements(proto, value) }
}

/// The elements in the list of their type; the slices of the other types are empty.
fn with_elements(proto: TensorProto, value: &Tensor) -> TensorProto {
    let small = value.as_slice::<u8>().unwrap_or_default().iter().copied().map(i32::from);
    let bits = match value.dtype() {
        DType::Bf16 => value.as_slice().map(Bf16::slice_to_bits),
        _ => value.as_slice().map(F16::slice_to_bits),
    };
    TensorProto {
        half_val: bits.unwrap_or_default().iter().copied().map(i32::from).collect(),
        float_val: value.as_slice().unwrap_or_default().to_vec(),
        double_val: value.as_slice().unwrap_or_default().to_vec(),
        int_val: small.chain(value.as_slice().unwrap_or_default().iter().copied()).collect(),
        int64_val: value.as_slice().unwrap_or_default().to_vec(),
        bool_val: value.as_slice().unwrap_or_default().to_vec(),
        ..proto
    }
}
