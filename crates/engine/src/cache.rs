//! The plans that were made, the last used one first.

use everstep_graph::{Input, Output};
use everstep_tensor::Tensor;

use crate::plan::Plan;

/// The last used plans of a session, of which it keeps a few: training, evaluation, the last batch of an epoch.
#[derive(Debug, Default)]
pub(crate) struct PlanCache(Vec<Plan>);

impl PlanCache {
    /// How many plans are kept.
    const CAPACITY: usize = 16;

    /// Brings the plan for these fetches and feeds to the front, if there is one.
    pub(crate) fn find(&mut self, fetches: &[Output], feeds: &[(Input, Tensor)], is_training: bool) -> bool {
        let found = self.0.iter().position(|plan| plan.serves(fetches, feeds, is_training));
        if let Some(index) = found.filter(|index| *index > 0) {
            self.0[..=index].rotate_right(1);
        }
        found.is_some()
    }

    /// Puts a plan to the front; the one that was not used for the longest time may go.
    pub(crate) fn insert(&mut self, plan: Plan) {
        self.0.truncate(Self::CAPACITY - 1);
        self.0.insert(0, plan);
    }

    /// The plan that was found or inserted last.
    pub(crate) fn front(&self) -> &Plan {
        self.0.first().expect("a plan was found or inserted")
    }
}
