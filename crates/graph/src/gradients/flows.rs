//! What flows back to each value, from every run or from the branches that read it.

use std::collections::BTreeMap;

use everstep_tensor::Result;

use crate::{Binary, Graph, LogicOp, Op, Output, condition::Conditions};

/// The gradients of values, as far as they were summed up.
#[derive(Default)]
pub(super) struct Flows {
    /// Under which condition the gradients are built.
    outer: Option<Output>,
    of: BTreeMap<Output, Vec<Flow>>,
}

/// What flows to a value in the runs in which a condition holds.
#[derive(Clone, Copy)]
struct Flow {
    condition: Option<Output>,
    sum: Output,
}

impl Flows {
    /// None yet, of values that are computed where nodes are built now.
    pub(super) fn new(graph: &Graph) -> Self {
        Self { outer: graph.conditions.value, of: BTreeMap::new() }
    }

    /// Where the gradient of a value is computed: where the value is, and gradients are built.
    pub(super) fn condition(&self, graph: &mut Graph, value: Output) -> Result<Option<Output>> {
        let own = graph.condition_of(value);
        match (own, self.outer) {
            (own, outer) if graph.implies(outer, own) => Ok(outer),
            (own, outer) if graph.implies(own, outer) => Ok(own),
            (Some(own), outer) => graph.both(outer, own).map(Some),
            (None, _) => unreachable!("no condition is implied by every other"),
        }
    }

    pub(super) fn reach(&self, value: Output) -> bool {
        self.of.contains_key(&value)
    }

    /// Adds what flows to a value where the condition holds.
    pub(super) fn add(
        &mut self,
        graph: &mut Graph,
        value: Output,
        condition: Option<Output>,
        flow: Output,
    ) -> Result<()> {
        let flows = self.of.entry(value).or_default();
        match flows.iter_mut().find(|earlier| earlier.condition == condition) {
            Some(earlier) => {
                let inputs = [earlier.sum, flow];
                let add = |graph: &mut Graph| graph.add_op(Op::Binary(Binary::Add), &inputs);
                earlier.sum = graph.under(Conditions::all(condition), add)?;
            }
            None => flows.push(Flow { condition, sum: flow }),
        }
        Ok(())
    }

    /// The whole gradient of a value, once all that flows to it was added: what only branches give is merged with what
    /// their alternatives give, or with zeros.
    pub(super) fn total(&mut self, graph: &mut Graph, value: Output) -> Result<Option<Output>> {
        if !self.reach(value) {
            return Ok(None);
        }
        let own = self.condition(graph, value)?;
        while let Some((condition, sum)) = self.take_innermost(graph, value, own) {
            let mut others = self.of[&value].iter().filter_map(|flow| flow.condition);
            let (outer, alternative) = match others.find(|other| graph.are_alternatives(condition, *other, own)) {
                Some(alternative) => (own, alternative),
                None => {
                    let outer = around(graph, condition, own);
                    (outer, graph.alternative(condition, outer)?)
                }
            };
            let other = match self.take(value, alternative) {
                Some(other) => other,
                None => graph.under(Conditions::all(Some(alternative)), |graph| graph.zeros_like(value))?,
            };
            let sides = [(sum, condition), (other, alternative)];
            let merged = graph.under(Conditions::all(outer), |graph| graph.merge(sides))?;
            self.add(graph, value, outer, merged)?;
        }
        Ok(self.of[&value].first().map(|flow| flow.sum))
    }

    /// Of what flows in some runs alone, that from the innermost branch.
    fn take_innermost(&mut self, graph: &Graph, value: Output, own: Option<Output>) -> Option<(Output, Output)> {
        let conditions = self.of[&value].iter().filter(|flow| flow.condition != own).filter_map(|flow| flow.condition);
        let innermost = conditions.rev().max_by_key(|condition| depth(graph, *condition))?;
        self.take(value, innermost).map(|sum| (innermost, sum))
    }

    fn take(&mut self, value: Output, condition: Output) -> Option<Output> {
        let flows = self.of.get_mut(&value)?;
        let index = flows.iter().position(|flow| flow.condition == Some(condition))?;
        Some(flows.remove(index).sum)
    }
}

/// How many branches a condition is within.
fn depth(graph: &Graph, condition: Output) -> usize {
    std::iter::successors(Some(condition), |condition| first_part(graph, *condition)).count()
}

/// The condition of the branch around another one's, within `own`.
fn around(graph: &Graph, condition: Output, own: Option<Output>) -> Option<Output> {
    let outer = first_part(graph, condition);
    if graph.implies(outer, own) { outer } else { own }
}

fn first_part(graph: &Graph, condition: Output) -> Option<Output> {
    match graph.logic(condition) {
        Some((LogicOp::And, [first, _])) => Some(*first),
        _ => None,
    }
}
