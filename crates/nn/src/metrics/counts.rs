//! Measures of how often what was predicted as what.

use everstep_graph::{Axes, Graph, Output, Transpose};
use everstep_tensor::{DType, Result, Tensor};

use super::{Metric, weights_of};

/// Of what was predicted true, the fraction that is: `tp / (tp + fp)`, `tf.metrics.precision`.
///
/// Predictions and labels are of one shape and count as true where they are not zero: compare probabilities with a
/// threshold first. Weights are broadcast to them. The value is f64, 0 where nothing was predicted true.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the shapes do not fit.
#[track_caller]
pub fn precision(
    graph: &mut Graph,
    name: &str,
    predictions: impl Into<Output>,
    labels: impl Into<Output>,
    weights: Option<Output>,
) -> Result<Metric> {
    let (predictions, labels) = (predictions.into(), labels.into());
    graph.composite(name, |graph| {
        let [predicted, actual] = truths(graph, predictions, labels)?;
        let [hits, mistakes] = parted(graph, predicted, actual, weights)?;
        let sums = [("true_positives", hits), ("false_positives", mistakes)];
        super::gathered(graph, &sums, fraction)
    })
}

/// Of what is true, the fraction that was predicted so: `tp / (tp + fn)`, `tf.metrics.recall`.
///
/// Inputs and weights as of [`precision`]. The value is f64, 0 where nothing is true.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the shapes do not fit.
#[track_caller]
pub fn recall(
    graph: &mut Graph,
    name: &str,
    predictions: impl Into<Output>,
    labels: impl Into<Output>,
    weights: Option<Output>,
) -> Result<Metric> {
    let (predictions, labels) = (predictions.into(), labels.into());
    graph.composite(name, |graph| {
        let [predicted, actual] = truths(graph, predictions, labels)?;
        let [hits, misses] = parted(graph, actual, predicted, weights)?;
        let sums = [("true_positives", hits), ("false_negatives", misses)];
        super::gathered(graph, &sums, fraction)
    })
}

/// How often each class was taken for each: f64 `[classes, classes]`, labels down, predictions across, as
/// `tf.math.confusion_matrix` over all batches.
///
/// Predictions and labels are i32 or i64 `[batch]`; one outside `0..classes` is an error of the run. Weights are broadcast
/// to the labels.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the shapes do not fit, or the classes are not integers.
#[track_caller]
pub fn confusion_matrix(
    graph: &mut Graph,
    name: &str,
    predictions: impl Into<Output>,
    labels: impl Into<Output>,
    classes: usize,
    weights: Option<Output>,
) -> Result<Metric> {
    let (predictions, labels) = (predictions.into(), labels.into());
    graph.composite(name, |graph| {
        check_alike(graph, predictions, labels, 1)?;
        // Looked up, not made by one-hot, for which a class that is none is no error.
        let unit = |index: usize| f64::from(u8::from(index.is_multiple_of(classes + 1)));
        let units = Tensor::from_vec([classes; 2], (0..classes * classes).map(unit).collect())?;
        let units = graph.constant("classes", units)?;
        let weights = weights_of(graph, labels, weights)?;
        let weights = graph.expand_dims(weights, -1)?;
        let actual = graph.gather(units, labels, 0)?;
        let weighted = graph.mul(actual, weights)?;
        let predicted = graph.gather(units, predictions, 0)?;
        let counts = graph.matmul_transposed(weighted, predicted, Transpose { a: true, b: false })?;
        super::gathered(graph, &[("total_confusion_matrix", counts)], |graph, sums| graph.identity("counts", sums[0]))
    })
}

/// `first / (first + second)`, 0 of nothing.
fn fraction(graph: &mut Graph, sums: &[Output]) -> Result<Output> {
    let all = graph.add(sums[0], sums[1])?;
    graph.div_no_nan(sums[0], all)
}

/// Predictions and labels as truth values.
pub(super) fn truths(graph: &mut Graph, predictions: Output, labels: Output) -> Result<[Output; 2]> {
    let rank = graph.type_of(labels)?.shape.len();
    check_alike(graph, predictions, labels, rank)?;
    Ok([graph.cast(predictions, DType::Bool)?, graph.cast(labels, DType::Bool)?])
}

/// The weights where `chosen` is true, summed where `by` is true and where it is not.
fn parted(graph: &mut Graph, chosen: Output, by: Output, weights: Option<Output>) -> Result<[Output; 2]> {
    let weights = weights_of(graph, chosen, weights)?;
    let not = graph.logical_not(by)?;
    let mut sum = |by: Output| {
        let counted = graph.logical_and(chosen, by)?;
        let counted = graph.cast(counted, DType::F64)?;
        let weighted = graph.mul(counted, weights)?;
        graph.sum(weighted, Axes::all())
    };
    Ok([sum(by)?, sum(not)?])
}

pub(super) fn check_alike(graph: &Graph, predictions: Output, labels: Output, rank: usize) -> Result<()> {
    let (predicted, labelled) = (graph.type_of(predictions)?, graph.type_of(labels)?);
    if predicted.shape.merge(&labelled.shape).is_some() && labelled.shape.len() == rank {
        return Ok(());
    }
    let message = format!("predictions are {predicted}, labels {labelled}; give one label for each prediction");
    Err(graph.refusal(graph.scope_name(), message))
}
