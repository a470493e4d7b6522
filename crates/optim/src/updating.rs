//! The update of one variable in the making.

use everstep_graph::{Gradient, Graph, Initializer, Output, Update, UpdateRule, Variable};
use everstep_tensor::{DType, Result, Spec};

use crate::{LearningRate, Mask, VariableGradient, apply::apply, hyperparameters::Hyperparameters, slot::slot};

/// A variable whose update is being built.
pub(crate) struct Updating<'a> {
    pub(crate) graph: &'a mut Graph,
    pub(crate) spec: Spec,
    pub(crate) variable: Variable,
    pub(crate) gradient: Gradient,
    numbers: &'a mut Hyperparameters,
}

/// One update for each variable.
pub(crate) fn each(
    graph: &mut Graph,
    gradients: &[VariableGradient],
    build: impl FnMut(Updating<'_>) -> Result<Update>,
) -> Result<Vec<Update>> {
    each_with(graph, &mut Hyperparameters::default(), gradients, build)
}

/// The same, with numbers that are used elsewhere too.
pub(crate) fn each_with(
    graph: &mut Graph,
    numbers: &mut Hyperparameters,
    gradients: &[VariableGradient],
    mut build: impl FnMut(Updating<'_>) -> Result<Update>,
) -> Result<Vec<Update>> {
    let mut updates = Vec::with_capacity(gradients.len());
    for (variable, gradient) in gradients {
        let (spec, numbers) = (graph.spec_of(*variable)?, &mut *numbers);
        updates.push(build(Updating { graph, spec, variable: *variable, gradient: *gradient, numbers })?);
    }
    Ok(updates)
}

impl Updating<'_> {
    /// The dtype in which the update is computed.
    pub(crate) fn dtype(&self) -> DType {
        self.spec.dtype.arithmetic()
    }

    /// A number in the dtype of the update.
    pub(crate) fn number(&mut self, name: &'static str, value: f64) -> Result<Output> {
        let dtype = self.dtype();
        self.numbers.get(self.graph, name, dtype, value)
    }

    /// The learning rate in the dtype of the update.
    pub(crate) fn learning_rate(&mut self, rate: &LearningRate) -> Result<Output> {
        let dtype = self.dtype();
        self.numbers.learning_rate(self.graph, rate, dtype)
    }

    /// Which part of the variable goes with a learning rate of 1: none if the mask does not choose it.
    pub(crate) fn weight_decay(&mut self, rate: f64, mask: &Mask) -> Result<Output> {
        match mask.chooses(&self.spec) {
            true => self.number("weight_decay", rate),
            false => self.number("no_weight_decay", 0.0),
        }
    }

    /// A variable of the dtype of the update, and of the same shape.
    pub(crate) fn slot(&mut self, name: &str, initializer: Initializer) -> Result<Variable> {
        slot(self.graph, &self.spec, name, initializer)
    }

    /// A variable of zeros, of the dtype of the update and another shape.
    pub(crate) fn slot_of(&mut self, name: &str, shape: &[usize]) -> Result<Variable> {
        let spec = Spec { shape: shape.into(), ..self.spec.clone() };
        slot(self.graph, &spec, name, Initializer::ZEROS)
    }

    /// The gradient of the whole variable, also for the update.
    pub(crate) fn whole_gradient(&mut self) -> Result<Output> {
        let gradient = self.gradient;
        let whole = self.graph.scope(&scope(&self.spec), |graph| gradient.dense(graph))?;
        self.gradient = whole.into();
        Ok(whole)
    }

    /// The update itself, of the variable and its slots; `inputs` are the rule's other inputs, given the gradient.
    pub(crate) fn update(
        self,
        rule: UpdateRule,
        slots: &[Variable],
        inputs: impl FnOnce(Output) -> Vec<Output>,
    ) -> Result<Update> {
        let (targets, gradient) = ([&[self.variable], slots].concat(), self.gradient);
        self.scoped(|graph, _| apply(graph, rule, &targets, gradient, inputs))
    }

    /// What is built in the scope of the variable's update.
    pub(crate) fn scoped(self, build: impl FnOnce(&mut Graph, Variable) -> Result<Update>) -> Result<Update> {
        let variable = self.variable;
        self.graph.scope(&scope(&self.spec), |graph| build(graph, variable))
    }
}

fn scope(variable: &Spec) -> String {
    format!("update_{}", variable.name)
}
