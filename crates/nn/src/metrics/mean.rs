//! Means over all batches.

use everstep_graph::{Axes, Graph, Output};
use everstep_tensor::{DType, Result};

use super::{Metric, weights_of};

/// The mean of all values of all batches, `tf.metrics.mean`: of losses `[batch]`, the mean loss of a whole set.
///
/// Weights, broadcast to the values, count a value as many times; 0 leaves it out, as padding wants it.
/// Of a loss that is one number a batch, weight it by the batch's size. The value is f64, 0 of nothing.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the weights do not broadcast.
#[track_caller]
pub fn mean(graph: &mut Graph, name: &str, values: impl Into<Output>, weights: Option<Output>) -> Result<Metric> {
    let values = values.into();
    graph.composite(name, |graph| mean_of(graph, values, weights))
}

/// The fraction of rows of logits `[.., classes]` whose greatest element is at the label `[..]`, `tf.metrics.accuracy` of
/// the classes.
///
/// Weights are broadcast to the labels. The value is f64, 0 of nothing.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if logits, labels and weights do not fit.
#[track_caller]
pub fn accuracy(
    graph: &mut Graph,
    name: &str,
    logits: impl Into<Output>,
    labels: impl Into<Output>,
    weights: Option<Output>,
) -> Result<Metric> {
    let (logits, labels) = (logits.into(), labels.into());
    graph.composite(name, |graph| {
        let predicted = graph.arg_max(logits, -1)?;
        let (predictions, labelled) = (graph.type_of(predicted)?, graph.type_of(labels)?);
        if predictions.shape.merge(&labelled.shape).is_none() {
            let message = format!("logits make {predictions}, labels are {labelled}; give one label per row");
            return Err(graph.refusal(graph.scope_name(), message));
        }
        let labels = graph.cast(labels, DType::I64)?;
        let is_right = graph.equal(predicted, labels)?;
        mean_of(graph, is_right, weights)
    })
}

/// The fraction of rows of logits `[batch, classes]` of which fewer than `count` elements exceed that of the label
/// `[batch]`: Keras' `SparseTopKCategoricalAccuracy`.
///
/// Weights are broadcast to the labels. The value is f64, 0 of nothing.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if logits, labels and weights do not fit.
#[track_caller]
pub fn top_k_accuracy(
    graph: &mut Graph,
    name: &str,
    logits: impl Into<Output>,
    labels: impl Into<Output>,
    count: usize,
    weights: Option<Output>,
) -> Result<Metric> {
    let (logits, labels) = (logits.into(), labels.into());
    graph.composite(name, |graph| {
        let is_right = graph.in_top_k(logits, labels, count)?;
        mean_of(graph, is_right, weights)
    })
}

fn mean_of(graph: &mut Graph, values: Output, weights: Option<Output>) -> Result<Metric> {
    let weights = weights_of(graph, values, weights)?;
    let values = graph.cast(values, DType::F64)?;
    let weighted = graph.mul(values, weights)?;
    let total = graph.sum(weighted, Axes::all())?;
    let count = graph.sum(weights, Axes::all())?;
    super::gathered(graph, &[("total", total), ("count", count)], |graph, sums| graph.div_no_nan(sums[0], sums[1]))
}
