//! What Adam and its relatives share.

use everstep_graph::{Graph, Initializer, Output, Update, UpdateRule, Variable};
use everstep_tensor::{DType, Result};

use crate::{
    Adam, Mask, VariableGradient,
    hyperparameters::{Hyperparameters, cast},
    slot::scalar,
    updating::{Updating, each_with},
};

/// Adam, with decay of some variables or without.
pub(crate) struct Moments<'a> {
    pub(crate) adam: &'a Adam,
    /// The name of the slots.
    pub(crate) slot: &'static str,
    pub(crate) decay: Option<Decay<'a>>,
}

/// Which part of which variables goes with a learning rate of 1.
#[derive(Clone, Copy)]
pub(crate) struct Decay<'a> {
    pub(crate) rate: f64,
    pub(crate) mask: &'a Mask,
}

impl Moments<'_> {
    pub(crate) fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let Some((first, _)) = gradients.first() else { return Ok(Vec::new()) };
        let powers = Powers::new(graph, graph.spec_of(*first)?.dtype.arithmetic(), [self.adam.beta1, self.adam.beta2])?;
        let mut numbers = Hyperparameters::default();
        let mut updates = each_with(graph, &mut numbers, gradients, |updating| self.apply_one(updating, &powers))?;
        updates.extend(powers.advance(graph, &mut numbers)?);
        Ok(updates)
    }

    fn apply_one(&self, mut updating: Updating<'_>, powers: &Powers) -> Result<Update> {
        let Adam { learning_rate, beta1, beta2, epsilon, lazy: _ } = self.adam;
        let mut slot = || updating.slot(self.slot, Initializer::ZEROS);
        let slots = [slot()?, slot()?];
        let [first, second] = powers.read(updating.graph, updating.spec.dtype.arithmetic())?;
        let mut inputs = vec![
            first,
            second,
            updating.learning_rate(learning_rate)?,
            updating.number("beta1", *beta1)?,
            updating.number("beta2", *beta2)?,
            updating.number("epsilon", *epsilon)?,
        ];
        let decay = self.decay.filter(|decay| decay.mask.chooses(&updating.spec));
        if let Some(decay) = decay {
            inputs.push(updating.number("weight_decay", decay.rate)?);
        }
        if !self.adam.lazy {
            updating.whole_gradient()?;
        }
        let rule = if decay.is_some() { UpdateRule::AdamW } else { UpdateRule::Adam };
        updating.update(rule, &slots, |gradient| [&inputs[..], &[gradient]].concat())
    }
}

/// The betas to the power of the number of the coming update.
pub(crate) struct Powers {
    dtype: DType,
    variables: [Variable; 2],
    betas: [f64; 2],
}

impl Powers {
    pub(crate) fn new(graph: &mut Graph, dtype: DType, betas: [f64; 2]) -> Result<Self> {
        let first = scalar(graph, "beta1_power", dtype, betas[0])?;
        let second = scalar(graph, "beta2_power", dtype, betas[1])?;
        Ok(Self { dtype, variables: [first, second], betas })
    }

    pub(crate) fn read(&self, graph: &mut Graph, dtype: DType) -> Result<[Output; 2]> {
        let [first, second] = self.variables;
        Ok([cast(graph, first.output(), dtype)?, cast(graph, second.output(), dtype)?])
    }

    pub(crate) fn advance(&self, graph: &mut Graph, numbers: &mut Hyperparameters) -> Result<[Update; 2]> {
        let mut advance = |index: usize, name| {
            let beta = numbers.get(graph, name, self.dtype, self.betas[index])?;
            let next = graph.mul(self.variables[index], beta)?;
            graph.assign(self.variables[index], next)
        };
        Ok([advance(0, "beta1")?, advance(1, "beta2")?])
    }
}
