//! The choices of a train op.

use std::fmt;

use everstep_graph::{Gradient, Graph, Update, Variable};
use everstep_tensor::Result;

use crate::LossScale;

/// A variable and the gradient of the loss by it: of all of it, or of its used rows.
pub type VariableGradient = (Variable, Gradient);

/// Makes the gradients that are applied of those that were computed, by adding nodes to the graph.
pub type TransformGradients<'a> =
    Box<dyn FnOnce(&mut Graph, Vec<VariableGradient>) -> Result<Vec<VariableGradient>> + 'a>;

/// The choices of [`create_train_op_with`](crate::create_train_op_with), named as the parameters of TensorFlow's
/// `tf.contrib.training.create_train_op`.
pub struct TrainOpOptions<'a> {
    /// Whether each run increments the global step, which is made if the graph has none.
    pub global_step: bool,
    /// The updates that each run applies beside those of the optimizer; `None` is [`Graph::update_ops`].
    pub update_ops: Option<Vec<Update>>,
    /// The variables to train; `None` is [`Graph::trainable_variables`].
    pub variables_to_train: Option<Vec<Variable>>,
    /// What becomes of the gradients before the optimizer gets them, such as
    /// [`clip_gradient_norms_fn`](crate::clip_gradient_norms_fn).
    pub transform_grads_fn: Option<TransformGradients<'a>>,
    /// Of how many runs the gradients make one update; at least 1.
    ///
    /// The runs of an update equal one run on all their batches, if each loss is a mean over as many examples: what is
    /// applied is the mean of their gradients. The others leave the weights, the optimizer's slots and the global step as
    /// they are, so a schedule steps once; `update_ops` are applied in each.
    /// The sums lie in `variable/GradientAccumulator` and are saved with the model, sparse gradients as dense ones.
    pub gradient_accumulation_steps: u64,
    /// By how much the loss is multiplied while its gradients are computed.
    pub loss_scale: Option<LossScale>,
    /// Whether the distributions and norms of the applied gradients are reported, by
    /// [`add_gradients_summaries`](crate::add_gradients_summaries).
    pub summarize_gradients: bool,
    /// Whether a run whose loss is NaN or infinite fails with `Diverged` before it changes anything.
    ///
    /// Such a run has no outcome. Turn it off where a guard among the hooks shall see the loss and decide, for instance to
    /// go on with the next batch.
    pub check_numerics: bool,
}

/// All as in TensorFlow: a global step, the registered updates, every trainable variable, an update in each run, plain
/// gradients without summaries, a loss that is checked.
impl Default for TrainOpOptions<'_> {
    fn default() -> Self {
        Self {
            global_step: true,
            update_ops: None,
            variables_to_train: None,
            transform_grads_fn: None,
            gradient_accumulation_steps: 1,
            loss_scale: None,
            summarize_gradients: false,
            check_numerics: true,
        }
    }
}

impl fmt::Debug for TrainOpOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrainOpOptions")
            .field("global_step", &self.global_step)
            .field("update_ops", &self.update_ops)
            .field("variables_to_train", &self.variables_to_train)
            .field("transform_grads_fn", &self.transform_grads_fn.is_some())
            .field("gradient_accumulation_steps", &self.gradient_accumulation_steps)
            .field("loss_scale", &self.loss_scale)
            .field("summarize_gradients", &self.summarize_gradients)
            .field("check_numerics", &self.check_numerics)
            .finish()
    }
}
