//! Branches: values that are computed only in the runs that take them.

use everstep_tensor::Result;

use crate::{Graph, LogicOp, Op, Output, condition::Conditions};

impl Graph {
    /// The values of one of two branches: of `yes` in the runs in which `predicate`, a bool scalar, is true, else of `no`;
    /// `tf.cond`.
    ///
    /// Of the branch that is not taken nothing is computed, so it costs nothing and cannot fail, and its updates do not
    /// take effect. A branch may use every value from outside, and hold further branches. Outside, its values are had
    /// through the results alone: an array or vector of as many values from either branch, of the same dtypes and shapes.
    /// An update of a branch is applied by the runs that fetch a result [after](Self::after) it:
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer, PartialShape};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let loss = graph.placeholder("loss", DType::F32, PartialShape::SCALAR)?;
    /// let limit = graph.scalar("limit", DType::F32, 10.0)?;
    /// let skipped = graph.state("skipped", DType::F32, [], Initializer::ZEROS)?;
    /// let is_good = graph.less(loss, limit)?;
    /// let [used] = graph.cond(
    ///     is_good,
    ///     |graph| Ok([graph.sqrt(loss)?]),
    ///     |graph| {
    ///         let one = graph.scalar("one", DType::F32, 1.0)?;
    ///         let counted = graph.assign_add(skipped, one)?;
    ///         Ok([graph.after("unused", limit, &[counted])?])
    ///     },
    /// )?;
    /// assert_eq!(graph.name_of(used)?, "cond/Merge");
    /// assert!(graph.to_string().contains("cond/Sqrt = Sqrt(loss) f32[] when Less\n"));
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// The nodes are in the scope `cond`. The gradient of a value that a branch reads is zero where that branch is not
    /// taken; the nodes that compute it are of that branch too.
    ///
    /// # Errors
    /// If the predicate is no bool scalar, or the values of the branches differ in number, dtype or shape; what `yes` and
    /// `no` return. The graph is then as it was.
    #[track_caller]
    pub fn cond<T: AsMut<[Output]>>(
        &mut self,
        predicate: impl Into<Output>,
        yes: impl FnOnce(&mut Self) -> Result<T>,
        no: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let (here, predicate) = (self.location(), predicate.into());
        self.check_predicate("cond", predicate)?;
        let scope = self.unique_scope("cond");
        let build = |graph: &mut Self| {
            let sides = graph.at(here, |graph| graph.sides(predicate))?;
            let (mut yes, mut no) = (graph.under(sides[0], yes)?, graph.under(sides[1], no)?);
            graph.at(here, |graph| graph.merge_all(yes.as_mut(), no.as_mut(), sides))?;
            Ok(yes)
        };
        self.scope(&scope, |graph| graph.whole(build))
    }

    /// The conditions of a branch, and of its alternative.
    fn sides(&mut self, predicate: Output) -> Result<[Conditions; 2]> {
        let outer = self.conditions;
        let side = |graph: &mut Self, predicate| -> Result<Conditions> {
            let value = Some(graph.both(outer.value, predicate)?);
            Ok(Conditions { value, update: Some(graph.both(outer.update, predicate)?) })
        };
        let negation = self.negation(predicate, outer.value)?;
        Ok([side(self, predicate)?, side(self, negation)?])
    }

    /// Puts what both give in the place of each value.
    fn merge_all(&mut self, values: &mut [Output], others: &[Output], sides: [Conditions; 2]) -> Result<()> {
        if values.len() != others.len() {
            let (yes, no) = (values.len(), others.len());
            let message = format!("the branches give {yes} and {no} values; give as many from either");
            return Err(self.refusal("cond", message));
        }
        let [yes, no] = sides.map(|side| side.value.expect("a branch has a condition"));
        for (value, other) in values.iter_mut().zip(others) {
            *value = self.merge([(*value, yes), (*other, no)])?;
        }
        Ok(())
    }

    /// The value of that branch which is taken, each given with its condition, of which one holds wherever this is built.
    pub(crate) fn merge(&mut self, [one, other]: [(Output, Output); 2]) -> Result<Output> {
        let values = [self.entered(one)?, self.entered(other)?];
        self.add_op(Op::Merge, &values)
    }

    /// A value as one of a branch.
    fn entered(&mut self, (value, condition): (Output, Output)) -> Result<Output> {
        self.type_of(value)?;
        if self.condition_of(value) == Some(condition) {
            return Ok(value);
        }
        self.under(Conditions::all(Some(condition)), |graph| graph.add_op(Op::Identity, &[value]))
    }

    /// The condition that holds where `outer` does and `condition`, which implies it, does not.
    pub(crate) fn alternative(&mut self, condition: Output, outer: Option<Output>) -> Result<Output> {
        let predicate = self.predicate_within(condition, outer).unwrap_or(condition);
        let negation = self.negation(predicate, outer)?;
        self.both(outer, negation)
    }

    /// What must hold within `outer` for a condition to hold, if it was made so.
    fn predicate_within(&self, condition: Output, outer: Option<Output>) -> Option<Output> {
        match (self.logic(condition), outer) {
            (_, None) => Some(condition),
            (Some((LogicOp::And, [first, second])), Some(outer)) if *first == outer => Some(*second),
            _ => None,
        }
    }

    /// Whether exactly one of two conditions holds where `outer` does: the second was made as the first one's alternative.
    pub(crate) fn are_alternatives(&self, one: Output, other: Output, outer: Option<Output>) -> bool {
        let is_not = |one: Output, other: Output| self.logic(one) == Some((LogicOp::Not, &[other][..]));
        let predicates = [one, other].map(|condition| self.predicate_within(condition, outer).unwrap_or(condition));
        let is_within = |condition| self.implies(Some(condition), outer);
        (is_not(predicates[0], predicates[1]) || is_not(predicates[1], predicates[0]))
            && is_within(one)
            && is_within(other)
    }
}
