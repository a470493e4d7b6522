//! The other forms of an op's graph: its text, and its `GraphDef` held against what TensorFlow registers of each op.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::LazyLock};

use everstep_graph::Graph;
use everstep_proto::{
    Message,
    attr_value::{Attr, ListValue},
    graph::GraphDef,
    node_def::NodeDef,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use serde_json::Value;

use crate::{
    entry::{Case, Entry},
    program::{Checked, Program, Shapes},
};

/// What TensorFlow registers of an op, by its name: a line of `op_defs.jsonl`.
static OP_DEFS: LazyLock<BTreeMap<String, Value>> = LazyLock::new(|| {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/op_defs.jsonl");
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["op"].as_str().unwrap().to_owned(), line)).collect()
});

/// What our ops have beyond TensorFlow's: the number of the run that random numbers depend on, a padding that its pooling
/// does not know, an order, and attributes beside the operand whose shape is all that their gradient wants of it.
const OWN: [(&str, &str, &str); 7] = [
    ("RandomUniform", "input", "run"),
    ("TruncatedNormal", "input", "run"),
    ("AvgPool", "attribute", "explicit_paddings"),
    ("AvgPoolGrad", "attribute", "explicit_paddings"),
    ("TopKV2", "attribute", "ascending"),
    ("MirrorPadGrad", "attribute", "paddings"),
    ("TileGrad", "attribute", "multiples"),
];

/// The op in its graph, and the graph of its gradient.
pub(crate) fn forms(entry: &Entry) -> Checked {
    let mut runner = TestRunner::deterministic();
    for dtype in entry.dtypes {
        let drawn = (entry.cases)(*dtype).new_tree(&mut runner).unwrap().current();
        for case in (entry.edges)(*dtype).into_iter().chain([drawn]) {
            told(&Program::forward(entry, &case, Shapes::Known)?)?;
        }
        if !entry.differentiable.is_empty() && dtype.is_float() {
            let smooth: Case = (entry.smooth)(*dtype).new_tree(&mut runner).unwrap().current();
            told(&Program::backward(entry, &smooth, Shapes::Known)?)?;
        }
    }
    Ok(())
}

fn told(program: &Program) -> Checked {
    let graph = program.graph();
    let (text, encoded) = (graph.to_string(), graph.to_graph_def());
    let def = GraphDef::decode(&*encoded).map_err(|error| error.to_string())?;
    is_told(graph, &text, &def)
        .and_then(|()| def.node.iter().try_for_each(is_registered))
        .map_err(|error| format!("{error}:\n{text}"))
}

/// Each node has its line, and its definition with as many outputs, which reads what there is.
fn is_told(graph: &Graph, text: &str, def: &GraphDef) -> Checked {
    let op_of = |line: &'_ str| line.split(['{', '(']).next().unwrap_or(line).to_owned();
    let lines: BTreeMap<&str, String> =
        text.lines().filter_map(|line| line.split_once(" = ")).map(|(name, rest)| (name, op_of(rest))).collect();
    let defs: BTreeMap<&str, &NodeDef> = def.node.iter().map(|node| (&*node.name, node)).collect();
    for node in graph.nodes() {
        let (name, op) = (node.name(), node.op().name());
        let told =
            defs.get(name).filter(|told| told.op == op).ok_or(format!("{name} ({op}) is not in the GraphDef"))?;
        if lines.get(name).is_none_or(|told| told != op) {
            return Err(format!("{name} ({op}) is not in the text"));
        }
        if output_shapes(told) != node.outputs().len() {
            return Err(format!("{name} ({op}) has {} outputs in the GraphDef", output_shapes(told)));
        }
        let is_there = |edge: &&String| match edge.strip_prefix('^') {
            Some(node) => defs.contains_key(node),
            None => {
                let (node, output) = edge.split_once(':').unwrap_or((edge, "0"));
                defs.get(node)
                    .is_some_and(|node| output.parse().is_ok_and(|output: usize| output < output_shapes(node)))
            }
        };
        if let Some(unknown) = told.input.iter().find(|edge| !is_there(edge)) {
            return Err(format!("{name} ({op}) reads {unknown}, which is not in the GraphDef"));
        }
    }
    Ok(())
}

fn output_shapes(node: &NodeDef) -> usize {
    match node.attr.get("_output_shapes").and_then(|attribute| attribute.value.as_ref()) {
        Some(Attr::List(list)) => list.shape.len(),
        _ => 0,
    }
}

/// An op that TensorFlow has takes no more inputs than there, and its attributes are of the same names and types; what
/// TensorFlow wants as an input, such as axes, may be an attribute instead.
fn is_registered(node: &NodeDef) -> Checked {
    let Some(known) = OP_DEFS.get(&node.op) else { return Ok(()) };
    let names = known["attributes"].as_object().unwrap();
    let inputs = known["inputs"].as_u64().unwrap() as usize;
    // A list counts as one.
    let edges = match names.contains_key("N") {
        true => 1,
        false => node.input.iter().filter(|edge| !edge.starts_with('^')).count(),
    };
    let own = |kind, name: &str| OWN.contains(&(&*node.op, kind, name));
    if edges > inputs + usize::from(own("input", "run")) {
        return Err(format!("{} reads {edges} values, and {} takes {inputs}", node.name, node.op));
    }
    let attributes = node.attr.iter().filter(|(name, _)| !name.starts_with('_') && !own("attribute", name));
    let (same, others): (Vec<_>, Vec<_>) = attributes.partition(|(name, _)| names.contains_key(*name));
    for (name, attribute) in same {
        let (found, known) = (type_of(attribute.value.as_ref().unwrap()), names[name].as_str().unwrap());
        if found != known.split('(').next().unwrap() {
            return Err(format!("{name} of {} is of type {found}, and {known} in TensorFlow", node.op));
        }
    }
    if others.len() > inputs.saturating_sub(edges) {
        let others: Vec<&String> = others.into_iter().map(|(name, _)| name).collect();
        return Err(format!("{others:?} of {} are no attributes in TensorFlow, and no inputs", node.op));
    }
    Ok(())
}

/// TensorFlow's name of an attribute's type.
fn type_of(attribute: &Attr) -> &'static str {
    match attribute {
        Attr::List(ListValue { .. }) => "list",
        Attr::S(_) => "string",
        Attr::I(_) => "int",
        Attr::F(_) => "float",
        Attr::B(_) => "bool",
        Attr::Type(_) => "type",
        Attr::Shape(_) => "shape",
        Attr::Tensor(_) => "tensor",
    }
}
