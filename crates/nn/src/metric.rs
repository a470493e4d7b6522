//! What training is judged by.

use everstep_graph::{Axes, Graph, Output};
use everstep_tensor::{DType, Result};

/// The fraction of rows of `logits` `[batch, classes]` whose greatest element is at the label: an f32 scalar.
///
/// Of equal elements the first counts. A batch of no rows gives NaN.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the logits have no axis 1 or are not numbers, or the shapes do not fit.
#[track_caller]
pub fn accuracy(graph: &mut Graph, logits: impl Into<Output>, labels: impl Into<Output>) -> Result<Output> {
    let (logits, labels) = (logits.into(), labels.into());
    graph.composite("accuracy", |graph| {
        let predicted = graph.arg_max(logits, 1)?;
        let (predictions, labelled) = (graph.type_of(predicted)?, graph.type_of(labels)?);
        if predictions.shape.merge(&labelled.shape).is_none() {
            let message = format!("logits make {predictions}, labels are {labelled}; give one label per row");
            return Err(graph.refusal("accuracy", message));
        }
        let wanted = graph.cast(labels, DType::I64)?;
        let is_right = graph.equal(predicted, wanted)?;
        let right = graph.cast(is_right, DType::F32)?;
        graph.mean(right, Axes::all())
    })
}
