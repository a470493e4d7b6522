//! Schedules, multiplied.

use everstep_graph::{Graph, Output};
use everstep_tensor::Result;

use crate::{LearningRate, Schedule};

/// The product of several schedules, at the same step.
#[derive(Clone, Debug)]
pub struct Product(pub Vec<LearningRate>);

impl Schedule for Product {
    fn at(&self, graph: &mut Graph, step: Output) -> Result<Output> {
        let Some((first, others)) = self.0.split_first() else {
            return Err(graph.refusal("product", "there is no schedule; give at least one"));
        };
        let mut product = first.at(graph, step)?;
        for schedule in others {
            let factor = schedule.at(graph, step)?;
            product = graph.mul(product, factor)?;
        }
        Ok(product)
    }
}
