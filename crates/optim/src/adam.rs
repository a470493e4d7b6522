//! Adam.

use everstep_graph::{Gradient, Graph, Output, Update, UpdateRule, Variable};
use everstep_tensor::{DType, Result};

use crate::{
    Optimizer, VariableGradient,
    apply::apply,
    hyperparameters::Hyperparameters,
    slot::{scalar, slot},
};

/// Adam, TensorFlow's `AdamOptimizer`; the formulas are at [`UpdateRule::Adam`].
///
/// The moments of each variable are the slots `variable/Adam` and `variable/Adam_1`; the powers of the two betas are the
/// variables `beta1_power` and `beta2_power`, of the first variable's dtype.
///
/// Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2014); epsilon is the paper's "epsilon hat".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// About how far each element goes in one run.
    pub learning_rate: f64,
    /// How slowly the first moment forgets.
    pub beta1: f64,
    /// How slowly the second moment forgets.
    pub beta2: f64,
    /// What keeps the divisor from zero.
    pub epsilon: f64,
    /// Whether a sparse gradient touches the used rows alone, as TensorFlow's `LazyAdamOptimizer`.
    ///
    /// Otherwise it is applied as the whole gradient, as `AdamOptimizer` does: the moments of all rows decay, and all rows
    /// move by them, which costs as much as the variable has elements.
    pub lazy: bool,
}

/// TensorFlow's defaults: 0.001, 0.9, 0.999 and 1e-8, and not lazy.
impl Default for Adam {
    fn default() -> Self {
        Self { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, lazy: false }
    }
}

impl Optimizer for Adam {
    fn name(&self) -> &str {
        "Adam"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let Some((first, _)) = gradients.first() else { return Ok(Vec::new()) };
        let dtype = graph.spec_of(*first)?.dtype;
        let powers = [
            Power { variable: scalar(graph, "beta1_power", dtype, self.beta1)?, name: "beta1", beta: self.beta1 },
            Power { variable: scalar(graph, "beta2_power", dtype, self.beta2)?, name: "beta2", beta: self.beta2 },
        ];
        let mut numbers = Hyperparameters::default();
        let mut updates = Vec::with_capacity(gradients.len() + powers.len());
        for (variable, gradient) in gradients {
            updates.push(self.apply_one(graph, *variable, *gradient, &powers, &mut numbers)?);
        }
        for power in &powers {
            updates.push(power.advance(graph, dtype, &mut numbers)?);
        }
        Ok(updates)
    }
}

impl Adam {
    fn apply_one(
        &self,
        graph: &mut Graph,
        variable: Variable,
        gradient: Gradient,
        powers: &[Power; 2],
        numbers: &mut Hyperparameters,
    ) -> Result<Update> {
        let spec = graph.spec_of(variable)?;
        let targets = [variable, slot(graph, &spec, "Adam")?, slot(graph, &spec, "Adam")?];
        let mut number = |graph: &mut Graph, name, value| numbers.get(graph, name, spec.dtype, value);
        let learning_rate = number(graph, "learning_rate", self.learning_rate)?;
        let betas = [number(graph, "beta1", self.beta1)?, number(graph, "beta2", self.beta2)?];
        let epsilon = number(graph, "epsilon", self.epsilon)?;
        graph.scope(&format!("update_{}", spec.name), |graph| {
            let powers = [powers[0].read(graph, spec.dtype)?, powers[1].read(graph, spec.dtype)?];
            let gradient = if self.lazy { gradient } else { gradient.dense(graph)?.into() };
            let inputs = |gradient| vec![powers[0], powers[1], learning_rate, betas[0], betas[1], epsilon, gradient];
            apply(graph, UpdateRule::Adam, &targets, gradient, inputs)
        })
    }
}

/// A beta to the power of the number of the coming update.
struct Power {
    variable: Variable,
    name: &'static str,
    beta: f64,
}

impl Power {
    fn read(&self, graph: &mut Graph, dtype: DType) -> Result<Output> {
        let power = self.variable.output();
        if graph.type_of(power)?.dtype == dtype { Ok(power) } else { graph.cast(power, dtype) }
    }

    fn advance(&self, graph: &mut Graph, dtype: DType, numbers: &mut Hyperparameters) -> Result<Update> {
        let beta = numbers.get(graph, self.name, dtype, self.beta)?;
        let next = graph.mul(self.variable, beta)?;
        graph.assign(self.variable, next)
    }
}
