//! Updates that belong to every training run of a model.

use everstep_tensor::Result;

use crate::{Graph, Update};

impl Graph {
    /// Registers an update that every training run shall apply beside those of its optimizer, such as the moving average
    /// of a batch's statistics: TensorFlow's collection `update_ops`.
    ///
    /// # Errors
    /// If the update is of another graph.
    #[track_caller]
    pub fn add_update_op(&mut self, update: Update) -> Result<()> {
        match self.node(update.node()).and_then(|node| node.op().update_rule()) {
            Some(_) => self.update_ops.push(update),
            None => {
                return Err(self.refusal("update op", format!("{update:?} is not of this graph; register it there")));
            }
        }
        Ok(())
    }

    /// The registered updates, in order of registration.
    pub fn update_ops(&self) -> &[Update] {
        &self.update_ops
    }
}
