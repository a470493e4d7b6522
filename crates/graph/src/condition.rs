//! What must be true for a value to be computed and for an update to take effect.

use everstep_tensor::{DType, Result};

use crate::{Graph, LogicOp, Op, Output};

/// What must be true, in the runs in which it matters, for what is being built; the first implies the second.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Conditions {
    /// For an update to take effect.
    pub(crate) update: Option<Output>,
    /// For a value to be computed.
    pub(crate) value: Option<Output>,
}

impl Conditions {
    /// That one for both.
    pub(crate) fn all(condition: Option<Output>) -> Self {
        Self { update: condition, value: condition }
    }

    /// That of a node of this op.
    pub(crate) fn of(self, op: &Op) -> Option<Output> {
        match op {
            Op::Placeholder { .. } | Op::Constant(_) | Op::Variable(_) => None,
            Op::Update(_) | Op::SparseUpdate(_) => self.update,
            _ => self.value,
        }
    }
}

impl Graph {
    /// Builds updates that take effect only in the runs in which `predicate`, a bool scalar, is true.
    ///
    /// Everything else that is built is as ever: it is computed whatever the predicate is; [`cond`](Self::cond) computes
    /// no more than it needs.
    /// Below another condition both must hold.
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer, PartialShape};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let value = graph.placeholder("value", DType::F32, PartialShape::SCALAR)?;
    /// let best = graph.state("best", DType::F32, [], Initializer::ZEROS)?;
    /// let is_better = graph.greater(value, best)?;
    /// graph.when(is_better, |graph| graph.assign(best, value))?;
    /// assert!(graph.to_string().ends_with("Assign = Assign(best, value) when Greater\n"));
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the predicate is no bool scalar; what `build` returns.
    #[track_caller]
    pub fn when<T>(&mut self, predicate: impl Into<Output>, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let predicate = predicate.into();
        self.check_predicate("when", predicate)?;
        let update = Some(self.both(self.conditions.update, predicate)?);
        self.under(Conditions { update, ..self.conditions }, build)
    }

    /// Builds nodes under other conditions.
    pub(crate) fn under<R>(&mut self, conditions: Conditions, build: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.conditions, conditions);
        let built = build(self);
        self.conditions = outer;
        built
    }

    /// # Errors
    /// If it is no bool scalar, or of a branch that is not being built.
    #[track_caller]
    pub(crate) fn check_predicate(&self, what: &str, predicate: Output) -> Result<()> {
        let known = self.type_of(predicate)?;
        if known.dtype != DType::Bool || !known.shape.is_empty() {
            let message = format!("the predicate {} is {known}; give a bool scalar", self.edge_name(predicate));
            return Err(self.refusal(what, message));
        }
        if !self.implies(self.conditions.value, self.condition_of(predicate)) {
            return Err(self.refusal(what, self.says_when(predicate)));
        }
        Ok(())
    }

    /// Under which condition a value is computed; `None` is every run.
    pub(crate) fn condition_of(&self, value: Output) -> Option<Output> {
        self.nodes()[value.node.index()].condition
    }

    /// `value` is computed only when its condition holds, and how it can be used elsewhere.
    pub(crate) fn says_when(&self, value: Output) -> String {
        let condition = self.condition_of(value).map(|condition| self.edge_name(condition)).unwrap_or_default();
        let value = self.edge_name(value);
        format!("{value} is computed only when {condition}; return it from its branch and use what cond gives for it")
    }

    /// A condition that holds if both do: a value of every run, even if `predicate` is one of the runs of `outer` alone.
    #[track_caller]
    pub(crate) fn both(&mut self, outer: Option<Output>, predicate: Output) -> Result<Output> {
        let Some(outer) = outer else { return Ok(predicate) };
        let and = Op::Logic(LogicOp::And);
        match self.find_computed(None, LogicOp::And, &[outer, predicate]) {
            Some(found) => Ok(found),
            None => self.under(Conditions::default(), |graph| graph.add_op(and, &[outer, predicate])),
        }
    }

    /// A condition that holds if `condition` does not, read where `outer` holds.
    #[track_caller]
    pub(crate) fn negation(&mut self, condition: Output, outer: Option<Output>) -> Result<Output> {
        if let Some((LogicOp::Not, [negated])) = self.logic(condition) {
            return Ok(*negated);
        }
        match self.find_computed(outer, LogicOp::Not, &[condition]) {
            Some(found) => Ok(found),
            None => self.under(Conditions::all(outer), |graph| graph.logical_not(condition)),
        }
    }

    /// What is made so already and known where the condition holds.
    fn find_computed(&self, condition: Option<Output>, op: LogicOp, inputs: &[Output]) -> Option<Output> {
        let is_known = |found: Output| self.implies(condition, self.condition_of(found));
        let is_it = |found: Output| self.logic(found) == Some((op, inputs)) && is_known(found);
        self.nodes().iter().map(|node| Output::first(node.id())).find(|found| is_it(*found))
    }

    /// How a condition is made of others.
    pub(crate) fn logic(&self, condition: Output) -> Option<(LogicOp, &[Output])> {
        let node = &self.nodes()[condition.node.index()];
        match node.op() {
            Op::Logic(op) => Some((*op, node.inputs())),
            _ => None,
        }
    }

    /// Whether one condition can hold only if the other does, as far as conjunctions tell.
    pub(crate) fn implies(&self, one: Option<Output>, other: Option<Output>) -> bool {
        let Some(wanted) = other else { return true };
        let Some(given) = one else { return false };
        if given == wanted {
            return true;
        }
        if let Some((LogicOp::And, parts)) = self.logic(given)
            && parts.iter().any(|part| self.implies(Some(*part), other))
        {
            return true;
        }
        match self.logic(wanted) {
            Some((LogicOp::And, parts)) => parts.iter().all(|part| self.implies(one, Some(*part))),
            _ => false,
        }
    }

    /// The first input that need not have been computed where the op is: one of another branch of which more is used than
    /// the shape.
    ///
    /// A conjunction whose first operand is false is false whatever the second one holds.
    pub(crate) fn unreadable(&self, op: &Op, inputs: &[Output], condition: Option<Output>) -> Option<Output> {
        let is_readable = |(index, input): &(usize, &Output)| {
            let needed = self.condition_of(**input);
            let is_second = matches!(op, Op::Logic(LogicOp::And)) && *index == 1;
            op.uses_only_shape_of(*index)
                || self.implies(condition, needed)
                || is_second && self.implies(Some(inputs[0]), needed)
        };
        if matches!(op, Op::Merge) {
            return None;
        }
        inputs.iter().enumerate().find(|input| !is_readable(input)).map(|(_, input)| *input)
    }
}
