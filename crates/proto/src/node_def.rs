//! One operation of a graph: TensorFlow's `node_def.proto`.

use std::collections::BTreeMap;

use prost::Message;

use crate::attr_value::AttrValue;

/// One operation of a graph.
#[derive(Clone, PartialEq, Message)]
pub struct NodeDef {
    /// Its name, unique in the graph; `/` makes the groups that TensorBoard folds.
    #[prost(string, tag = "1")]
    pub name: String,
    /// What it computes: `MatMul`.
    #[prost(string, tag = "2")]
    pub op: String,
    /// What it reads: `name`, `name:output`, or `^name` if it only waits for it.
    #[prost(string, repeated, tag = "3")]
    pub input: Vec<String>,
    /// Where it runs; empty means anywhere.
    #[prost(string, tag = "4")]
    pub device: String,
    /// Its attributes, sorted by name so that equal nodes have equal bytes.
    #[prost(btree_map = "string, message", tag = "5")]
    pub attr: BTreeMap<String, AttrValue>,
}
