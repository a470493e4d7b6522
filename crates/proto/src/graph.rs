//! A computation: TensorFlow's `graph.proto`.

use prost::Message;

use crate::{node_def::NodeDef, versions::VersionDef};

/// A computation as a list of operations.
#[derive(Clone, PartialEq, Message)]
pub struct GraphDef {
    /// The operations, in any order.
    #[prost(message, repeated, tag = "1")]
    pub node: Vec<NodeDef>,
    /// Who can read it.
    #[prost(message, optional, tag = "4")]
    pub versions: Option<VersionDef>,
}
