//! What training makes small.

use everstep_graph::{Axes, Graph, Output};
use everstep_tensor::Result;

/// The mean over the batch of the cross-entropy between softmax of logits `[batch, classes]` and labels `[batch]`.
///
/// A scalar of the logits' dtype.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the logits are not float, the labels not i32 or i64, or the shapes do not fit.
#[track_caller]
pub fn sparse_softmax_cross_entropy(
    graph: &mut Graph,
    logits: impl Into<Output>,
    labels: impl Into<Output>,
) -> Result<Output> {
    let (logits, labels) = (logits.into(), labels.into());
    graph.composite("loss", |graph| {
        let losses = graph.sparse_softmax_cross_entropy(logits, labels)?;
        graph.mean(losses, Axes::all())
    })
}

/// The mean over all elements of the squared difference; a scalar of the inputs' dtype.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the inputs are not of one float dtype, or their shapes contradict each other.
#[track_caller]
pub fn mean_squared_error(
    graph: &mut Graph,
    predictions: impl Into<Output>,
    targets: impl Into<Output>,
) -> Result<Output> {
    let (predictions, targets) = (predictions.into(), targets.into());
    graph.composite("loss", |graph| {
        let (predicted, wanted) = (graph.type_of(predictions)?, graph.type_of(targets)?);
        if predicted.shape.merge(&wanted.shape).is_none() {
            let message = format!("predictions are {predicted}, targets {wanted}; give one target for each prediction");
            return Err(graph.refusal("mean squared error", message));
        }
        let difference = graph.sub(predictions, targets)?;
        let squared = graph.square(difference)?;
        graph.mean(squared, Axes::all())
    })
}
