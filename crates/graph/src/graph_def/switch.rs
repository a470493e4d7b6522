//! How values enter branches in TensorFlow's `GraphDef`: through a `Switch` each, on the predicate of the branch.

use std::collections::{BTreeMap, BTreeSet};

use everstep_proto::{
    attr_value::{Attr, AttrValue, ListValue},
    node_def::NodeDef,
};

use super::{dtype, shape_proto};
use crate::{Graph, LogicOp, Node, Op, Output, graph::first_free};

/// The switches of a graph in the making, by what enters which branch.
#[derive(Default)]
pub(super) struct Switches {
    edges: BTreeMap<(Output, Output), String>,
    names: BTreeSet<String>,
    /// In the order in which they are needed.
    pub(super) made: Vec<NodeDef>,
}

impl Switches {
    /// What a node of a branch takes: values from outside through switches; updates are held back by an edge of control.
    pub(super) fn inputs(&mut self, graph: &Graph, node: &Node) -> Vec<String> {
        let branch = node.condition().filter(|_| node.op().update_rule().is_none());
        let entered = |input: &Output| match branch {
            Some(condition) => self.entered(graph, node, *input, condition),
            None => graph.edge_name(*input),
        };
        node.inputs().iter().map(entered).collect()
    }

    /// The edge by which a value is read where the condition holds.
    fn entered(&mut self, graph: &Graph, reader: &Node, value: Output, condition: Output) -> String {
        if graph.implies(graph.condition_of(value), Some(condition)) || is_merged(reader) {
            return graph.edge_name(value);
        }
        if let Some(known) = self.edges.get(&(value, condition)) {
            return known.clone();
        }
        let (outer, predicate) = match graph.logic(condition) {
            Some((LogicOp::And, [outer, predicate])) => (Some(*outer), *predicate),
            _ => (None, condition),
        };
        let (predicate, output) = match graph.logic(predicate) {
            Some((LogicOp::Not, [negated])) => (*negated, ""),
            _ => (predicate, ":1"),
        };
        let inputs = [value, predicate].map(|input| match outer {
            Some(outer) => self.entered(graph, reader, input, outer),
            None => graph.edge_name(input),
        });
        let name = self.make(graph, reader, value, inputs);
        let edge = format!("{name}{output}");
        self.edges.insert((value, condition), edge.clone());
        edge
    }

    /// A switch in the scope of the node that reads what comes through.
    fn make(&mut self, graph: &Graph, reader: &Node, value: Output, inputs: [String; 2]) -> String {
        let scope = reader.name().rfind('/').map_or("", |slash| &reader.name()[..=slash]);
        let is_free = |name: &str| graph.find(name).is_none() && !self.names.contains(name);
        let name = first_free(&format!("{scope}Switch"), is_free);
        let known = &graph.nodes()[value.node.index()].outputs()[value.index()];
        let shape = vec![shape_proto(&known.shape); 2];
        let shapes = Attr::List(ListValue { shape, ..ListValue::default() });
        let attr = [("T", dtype(known.dtype)), ("_output_shapes", shapes)];
        self.made.push(NodeDef {
            name: name.clone(),
            op: "Switch".into(),
            input: inputs.into(),
            device: String::new(),
            attr: attr.into_iter().map(|(name, value)| (name.into(), AttrValue { value: Some(value) })).collect(),
        });
        self.names.insert(name.clone());
        name
    }
}

fn is_merged(reader: &Node) -> bool {
    matches!(reader.op(), Op::Merge)
}
