//! Variables that are trained differently.

use std::fmt;

use everstep_graph::{Graph, Update};
use everstep_tensor::Result;

use crate::{Mask, Optimizer, VariableGradient};

/// An optimizer for each group of variables, by their names and shapes.
///
/// A variable belongs to the first group whose mask chooses it.
///
/// ```
/// use everstep_optim::{Adam, AdamW, Mask, ParameterGroups, Sgd};
///
/// let frozen_slowly = Sgd { learning_rate: 0.001.into() };
/// let optimizer = ParameterGroups::new()
///     .group(Mask::name_contains("embedding"), frozen_slowly)
///     .group(!Mask::rank_at_least(2), Adam { learning_rate: 0.01.into(), ..Adam::default() })
///     .group(Mask::all(), AdamW::default());
/// ```
#[derive(Default)]
pub struct ParameterGroups(Vec<(Mask, Box<dyn Optimizer>)>);

impl ParameterGroups {
    /// No group.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more group, of the variables that no earlier one has.
    pub fn group(mut self, mask: Mask, optimizer: impl Optimizer + 'static) -> Self {
        self.0.push((mask, Box::new(optimizer)));
        self
    }
}

impl Optimizer for ParameterGroups {
    fn name(&self) -> &str {
        "ParameterGroups"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let mut groups = vec![Vec::new(); self.0.len()];
        for gradient in gradients {
            let spec = graph.spec_of(gradient.0)?;
            let Some(group) = self.0.iter().position(|(mask, _)| mask.chooses(&spec)) else {
                let message = format!("variable {} is in no group; end with a group of Mask::all()", spec.name);
                return Err(graph.refusal("parameter groups", message));
            };
            groups[group].push(*gradient);
        }
        let mut updates = Vec::new();
        for (gradients, (_, optimizer)) in groups.iter().zip(&self.0).filter(|(gradients, _)| !gradients.is_empty()) {
            updates.extend(graph.composite(optimizer.name(), |graph| optimizer.apply(graph, gradients))?);
        }
        Ok(updates)
    }
}

impl fmt::Debug for ParameterGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(mask, optimizer)| (mask, optimizer.name()))).finish()
    }
}
