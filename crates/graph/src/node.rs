//! One step of a computation.

use std::panic::Location;

use crate::{NodeId, Op, Output, TensorType};

/// One operation of a graph, with where its inputs come from and what its outputs are.
#[derive(Clone, Debug)]
pub struct Node {
    pub(crate) id: NodeId,
    pub(crate) name: String,
    pub(crate) op: Op,
    pub(crate) inputs: Vec<Output>,
    pub(crate) control: Vec<NodeId>,
    pub(crate) condition: Option<Output>,
    pub(crate) outputs: Vec<TensorType>,
    pub(crate) location: &'static Location<'static>,
}

impl Node {
    /// The handle to this node.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its name, unique in the graph; `/` separates the scopes it was built in.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does.
    pub fn op(&self) -> &Op {
        &self.op
    }

    /// The values it takes, all of earlier nodes.
    pub fn inputs(&self) -> &[Output] {
        &self.inputs
    }

    /// The updates that belong to the same run, without giving this node a value.
    pub fn control(&self) -> &[NodeId] {
        &self.control
    }

    /// What must be true for its values to be computed, or for this update to take effect; `None` is every run.
    pub fn condition(&self) -> Option<Output> {
        self.condition
    }

    /// What is known of the values it gives; an update gives none.
    pub fn outputs(&self) -> &[TensorType] {
        &self.outputs
    }

    /// The line of the program that built it.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}
