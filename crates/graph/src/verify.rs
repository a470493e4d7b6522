//! The invariants of a graph, checked anew.

use everstep_tensor::{DType, Error, ErrorKind, Result};

use crate::{Graph, Node, NodeId, Op, TensorType, condition::Conditions};

impl Graph {
    /// Checks every invariant that the builder methods keep; meant for tests of code that builds graphs.
    ///
    /// Inputs and control come from earlier nodes, control is of updates, updates change variables, names are found and
    /// unique, each node's outputs are what its op infers, and a value of a branch is read in that branch alone or merged with
    /// one of its alternative.
    ///
    /// # Errors
    /// `Internal` naming the first node that breaks one.
    pub fn verify(&self) -> Result<()> {
        for (index, node) in self.nodes().iter().enumerate() {
            if let Err(fault) = self.verify_node(index, node) {
                let message = format!("node {} ({}): {fault}", node.name(), node.op());
                return Err(Error::new(ErrorKind::Internal, message));
            }
        }
        Ok(())
    }

    fn verify_node(&self, index: usize, node: &Node) -> std::result::Result<(), String> {
        ensure(node.id().index() == index, "its handle is of another place")?;
        ensure(self.find(node.name()).map(Node::id) == Some(node.id()), "its name finds another node")?;
        let precedes = |id: NodeId| id < node.id();
        ensure(node.inputs().iter().all(|input| precedes(input.node)), "an input is not of an earlier node")?;
        ensure(
            node.control().iter().all(|id| precedes(*id) && self.is_update(*id)),
            "control is not of an earlier update",
        )?;
        if let Some(rule) = node.op().update_rule() {
            let targets = &node.inputs()[..rule.targets()];
            ensure(targets.iter().all(|target| self.is_variable(target.node)), "it changes what is no variable")?;
        }
        if let Some(condition) = node.condition() {
            let is_bool = |known: &TensorType| known.dtype == DType::Bool && known.shape.is_empty();
            let is_scalar = self.type_of(condition).is_ok_and(is_bool);
            ensure(precedes(condition.node) && is_scalar, "its condition is not a bool scalar of an earlier node")?;
            ensure(self.condition_of(condition).is_none(), "its condition is not known in every run")?;
            ensure(Conditions::all(node.condition).of(node.op()).is_some(), "it has a condition and is not computed")?;
        }
        if let Some(input) = self.unreadable(node.op(), node.inputs(), node.condition()) {
            return Err(self.says_when(input));
        }
        ensure(self.takes_alternatives(node), "its inputs are not of a branch and its alternative")?;
        let inputs = node.inputs().iter().map(|input| self.type_of(*input).cloned());
        let inputs = inputs.collect::<Result<Vec<TensorType>>>().map_err(|error| error.to_string())?;
        let outputs = node.op().infer(&inputs).map_err(|error| error.to_string())?;
        ensure(outputs == node.outputs(), "its outputs are not what its op infers")
    }

    fn is_update(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| node.op().update_rule().is_some())
    }

    /// Whether a node that merges branches merges two of which one is taken whenever it is computed.
    fn takes_alternatives(&self, node: &Node) -> bool {
        let condition = |input: usize| self.condition_of(node.inputs()[input]);
        match node.op() {
            Op::Merge => condition(0)
                .zip(condition(1))
                .is_some_and(|(one, other)| self.are_alternatives(one, other, node.condition())),
            _ => true,
        }
    }

    fn is_variable(&self, id: NodeId) -> bool {
        self.node(id).is_some_and(|node| matches!(node.op(), Op::Variable(_)))
    }
}

fn ensure(holds: bool, fault: &str) -> std::result::Result<(), String> {
    if holds { Ok(()) } else { Err(fault.into()) }
}
