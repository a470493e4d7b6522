//! Handles to what a graph holds: small, copied freely, meaningless to another graph.

/// A node of a graph: its place in the order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// The index into [`Graph::nodes`](crate::Graph::nodes).
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One value that a node computes: what other nodes take, and what a session fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Output {
    pub(crate) node: NodeId,
    pub(crate) index: u32,
}

impl Output {
    pub(crate) fn first(node: NodeId) -> Self {
        Self { node, index: 0 }
    }

    /// The node that computes it.
    pub fn node(self) -> NodeId {
        self.node
    }

    /// Which of the node's outputs it is.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// A placeholder: what a session can be fed. It is also the [`Output`] that it feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Input(pub(crate) NodeId);

/// A variable: what updates change. It is also the [`Output`] that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(pub(crate) NodeId);

/// A node that changes variables; it has no output, and runs when a fetch comes [`after`](crate::Graph::after) it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Update(pub(crate) NodeId);

macro_rules! node_handle {
    ($($handle:ident),*) => {$(
        impl $handle {
            /// The node.
            pub fn node(self) -> NodeId {
                self.0
            }
        }
    )*};
}

node_handle!(Input, Variable, Update);

impl Input {
    /// The fed value.
    pub fn output(self) -> Output {
        Output::first(self.0)
    }
}

impl Variable {
    /// The value at the start of a run.
    pub fn output(self) -> Output {
        Output::first(self.0)
    }
}

impl From<Input> for Output {
    fn from(input: Input) -> Self {
        input.output()
    }
}

impl From<Variable> for Output {
    fn from(variable: Variable) -> Self {
        variable.output()
    }
}
