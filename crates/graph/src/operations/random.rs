//! Building random nodes.

use everstep_tensor::{DType, Result, Shape};

use crate::{Graph, Initializer, Law, Op, Output, RandomOp, Variable, graph::first_free};

/// The variable that counts training runs.
const TRAINING_RUN: &str = "training_run";

/// Random values.
impl Graph {
    /// Independent random elements: a pure function of the session's seed, the node's name and the training run.
    ///
    /// # Errors
    /// If the law makes no sense, or the dtype is not the law's.
    #[track_caller]
    pub fn random(&mut self, law: Law, dtype: DType, shape: impl Into<Shape>) -> Result<Output> {
        let shape = Some(shape.into());
        let draw = |stream: &str| RandomOp::Draw { law, dtype, shape, stream: stream.into() };
        self.on_behalf(|graph| graph.draw(law.name(), draw, |run| vec![run]))
    }

    /// Random elements, as many as another value has in each run; else as [`random`](Self::random).
    ///
    /// # Errors
    /// If the law makes no sense, or the dtype is not the law's.
    #[track_caller]
    pub fn random_like(&mut self, law: Law, dtype: DType, like: impl Into<Output>) -> Result<Output> {
        let like = like.into();
        let draw = |stream: &str| RandomOp::Draw { law, dtype, shape: None, stream: stream.into() };
        self.on_behalf(|graph| graph.draw(law.name(), draw, |run| vec![run, like]))
    }

    /// In training runs each element is 0 with probability `rate`, else divided by `1 - rate`; in others the value itself.
    ///
    /// What is dropped is a pure function of the session's seed, the node's name, the training run and the place; the
    /// gradient draws it again.
    ///
    /// # Errors
    /// If the value is not float, or the rate is not from 0 to below 1.
    #[track_caller]
    pub fn dropout(&mut self, value: impl Into<Output>, rate: f64) -> Result<Output> {
        let value = value.into();
        let drop = |stream: &str| RandomOp::Dropout { rate, stream: stream.into() };
        self.on_behalf(|graph| graph.draw("Dropout", drop, |run| vec![value, run]))
    }

    /// The variable `training_run`, an i64 scalar that begins at 0, and that a session increases after each training run;
    /// made if there is none. What random ops draw depends on it.
    ///
    /// # Errors
    /// If a node of that name is something else.
    #[track_caller]
    pub fn training_run(&mut self) -> Result<Variable> {
        match self.find_training_run()? {
            Some(found) => Ok(found),
            None => {
                let zero = Initializer::ZEROS;
                self.on_behalf(|graph| graph.root(|graph| graph.state(TRAINING_RUN, DType::I64, [], zero)))
            }
        }
    }

    /// The variable `training_run`, if there is one.
    ///
    /// # Errors
    /// If a node of that name is something else.
    #[track_caller]
    pub fn find_training_run(&self) -> Result<Option<Variable>> {
        match self.find(TRAINING_RUN) {
            None => Ok(None),
            Some(found) if is_counter(found.op()) => Ok(Some(Variable(found.id()))),
            Some(_) => Err(self.refusal(
                TRAINING_RUN,
                "the node of that name is not a saved scalar variable of i64, which random ops need; rename it",
            )),
        }
    }

    /// Adds a node whose stream is its own name; if it cannot be built, the counter that was made for it is removed.
    #[track_caller]
    fn draw(
        &mut self,
        name: &str,
        op: impl FnOnce(&str) -> RandomOp,
        inputs: impl FnOnce(Output) -> Vec<Output>,
    ) -> Result<Output> {
        self.whole(|graph| {
            let run = graph.training_run()?.output();
            let name = first_free(&graph.scoped(name), |name| graph.find(name).is_none());
            let op = Op::Random(op(&name));
            graph.push_exact(name, op, &inputs(run), &[]).map(Output::first)
        })
    }
}

fn is_counter(op: &Op) -> bool {
    matches!(op, Op::Variable(def)
        if def.dtype == DType::I64 && def.shape.is_empty() && def.kind != crate::VariableKind::Local)
}
