//! The gradients of variables whose rows were gathered, kept as slices.

use std::collections::BTreeMap;

use everstep_tensor::{DType, Result};

use crate::{
    Binary, Gradient, Graph, IndexOp, IndexedSlices, Length, Node, Op, Output, Variable, condition::Conditions,
};

/// What flowed to the rows of some variables, in the order in which it was found.
#[derive(Default)]
pub(super) struct Slices(BTreeMap<Variable, Vec<Part>>);

/// Slices `[n, ..]` and the row of each.
struct Part {
    values: Output,
    indices: Output,
    /// In which runs they are computed.
    condition: Option<Output>,
}

impl Part {
    /// Values and indices wherever nodes are built now: where the branch was not taken, zeros for the first row.
    fn of_every_run(&self, graph: &mut Graph) -> Result<[Output; 2]> {
        let outer = graph.conditions.value;
        let both = [self.values, self.indices];
        let Some(condition) = self.condition.filter(|_| self.condition != outer) else { return Ok(both) };
        let alternative = graph.alternative(condition, outer)?;
        let [values, indices] = both.map(|value| {
            let zeros = graph.under(Conditions::all(Some(alternative)), |graph| graph.zeros_like(value))?;
            graph.merge([(value, condition), (zeros, alternative)])
        });
        Ok([values?, indices?])
    }
}

impl Slices {
    /// Takes what flows to rows of these variables.
    pub(super) fn of(variables: &[Variable]) -> Self {
        Self(variables.iter().map(|variable| (*variable, Vec::new())).collect())
    }

    /// Takes the gradient that flows through `node`, if it has gathered rows of one of the variables.
    pub(super) fn take(&mut self, graph: &mut Graph, node: &Node, of_outputs: &[Option<Output>]) -> Result<bool> {
        let (Op::Index(IndexOp::Gather { axis: 0 }), Some(values)) = (node.op(), of_outputs[0]) else {
            return Ok(false);
        };
        let Some(parts) = self.0.get_mut(&Variable(node.inputs()[0].node)) else { return Ok(false) };
        let (row, indices) = (&graph.type_of(node.inputs()[0])?.shape[1..], node.inputs()[1]);
        let row: Vec<isize> = row.iter().map(|length| length.map_or(-1, |length| length as isize)).collect();
        if row.contains(&0) {
            return Ok(false);
        }
        let (values, indices) = match graph.type_of(indices)?.shape.len() {
            1 => (values, indices),
            _ => {
                let shape = std::iter::once(-1).chain(row).map(Length::from);
                (graph.reshape(values, shape)?, graph.reshape(indices, [-1])?)
            }
        };
        parts.push(Part { values, indices, condition: graph.conditions.value });
        Ok(true)
    }

    /// The gradient of a variable, given what flows to all of it.
    pub(super) fn with(
        &self,
        graph: &mut Graph,
        variable: Variable,
        dense: Option<Output>,
    ) -> Result<Option<Gradient>> {
        let Some(slices) = self.joined(graph, variable)? else { return Ok(dense.map(Gradient::Dense)) };
        let Some(dense) = dense else { return Ok(Some(slices)) };
        let slices = slices.dense(graph)?;
        graph.add_op(Op::Binary(Binary::Add), &[dense, slices]).map(|sum| Some(Gradient::Dense(sum)))
    }

    fn joined(&self, graph: &mut Graph, variable: Variable) -> Result<Option<Gradient>> {
        let parts = self.0.get(&variable).into_iter().flatten().map(|part| part.of_every_run(graph));
        let (values, indices) = match &parts.collect::<Result<Vec<[Output; 2]>>>()?[..] {
            [] => return Ok(None),
            [[values, indices]] => (*values, *indices),
            parts => {
                let values: Vec<Output> = parts.iter().map(|[values, _]| *values).collect();
                let indices = parts.iter().map(|[_, indices]| graph.cast(*indices, DType::I64));
                let indices = indices.collect::<Result<Vec<Output>>>()?;
                (graph.concat(&values, 0)?, graph.concat(&indices, 0)?)
            }
        };
        let (values, _) = graph.sum_duplicates(values, indices)?;
        Ok(Some(Gradient::Sparse(IndexedSlices { values, indices, variable })))
    }
}
