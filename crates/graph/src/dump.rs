//! A graph as text.

use std::fmt;

use crate::{Graph, Node};

/// One line a node, in order of creation: `name = Op{attributes}(inputs, ^control) type`, of what not every run
/// computes or applies ` when condition`.
impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.nodes().iter().try_for_each(|node| writeln!(f, "{}", line(self, node)))
    }
}

fn line(graph: &Graph, node: &Node) -> String {
    let outputs: String = node.outputs().iter().map(|output| format!(" {output}")).collect();
    let condition = node.condition().map(|condition| format!(" when {}", graph.edge_name(condition)));
    let (condition, edges) = (condition.unwrap_or_default(), graph.edges(node).join(", "));
    format!("{} = {}({edges}){outputs}{condition}", node.name(), node.op())
}

impl Graph {
    /// What a node takes, by TensorFlow's names: `node`, `node:1`, `^control`.
    pub(crate) fn edges(&self, node: &Node) -> Vec<String> {
        let inputs = node.inputs().iter().map(|input| self.edge_name(*input));
        inputs.chain(self.control_edges(node)).collect()
    }

    /// The updates that belong to its runs: `^control`.
    pub(crate) fn control_edges(&self, node: &Node) -> impl Iterator<Item = String> {
        node.control().iter().map(|id| format!("^{}", self.nodes()[id.index()].name()))
    }
}
