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

/// The mean over the batch of the cross-entropy between softmax of logits `[batch, classes]` and labels of that shape, of
/// which each row adds up to 1; [`smoothed_labels`] makes them less certain.
///
/// A scalar of the logits' dtype.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the inputs are not of one float dtype, or not both `[batch, classes]`.
#[track_caller]
pub fn softmax_cross_entropy(
    graph: &mut Graph,
    logits: impl Into<Output>,
    labels: impl Into<Output>,
) -> Result<Output> {
    let (logits, labels) = (logits.into(), labels.into());
    graph.composite("loss", |graph| {
        let losses = graph.softmax_cross_entropy(logits, labels)?;
        graph.mean(losses, Axes::all())
    })
}

/// The mean over all elements of the cross-entropy between the sigmoid of logits and labels from 0 to 1.
///
/// A scalar of the logits' dtype.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the inputs are not of one float dtype, or the shapes do not broadcast.
#[track_caller]
pub fn sigmoid_cross_entropy(
    graph: &mut Graph,
    logits: impl Into<Output>,
    labels: impl Into<Output>,
) -> Result<Output> {
    let (logits, labels) = (logits.into(), labels.into());
    graph.composite("loss", |graph| {
        let losses = graph.sigmoid_cross_entropy(logits, labels)?;
        graph.mean(losses, Axes::all())
    })
}

/// The mean over all elements of half the squared difference, which beyond `delta` grows as a line of that slope.
///
/// A scalar of the inputs' dtype; the formula is that of [`Graph::huber_loss`].
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the inputs are not of one float dtype, the shapes do not broadcast, or
/// `delta` is not positive.
#[track_caller]
pub fn huber_loss(
    graph: &mut Graph,
    predictions: impl Into<Output>,
    targets: impl Into<Output>,
    delta: f64,
) -> Result<Output> {
    let (predictions, targets) = (predictions.into(), targets.into());
    graph.composite("loss", |graph| {
        let losses = graph.huber_loss(predictions, targets, delta)?;
        graph.mean(losses, Axes::all())
    })
}

/// The sum of losses times weights, divided by how many of the weights are not zero; 0 if none is.
///
/// As TensorFlow's `compute_weighted_loss` reduces by default. The weights have the shape of the losses.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the inputs are not of one float dtype, or their shapes contradict each other.
#[track_caller]
pub fn weighted_mean(graph: &mut Graph, losses: impl Into<Output>, weights: impl Into<Output>) -> Result<Output> {
    let (losses, weights) = (losses.into(), weights.into());
    graph.composite("loss", |graph| {
        let (lost, weighed) = (graph.type_of(losses)?, graph.type_of(weights)?);
        if lost.shape.merge(&weighed.shape).is_none() {
            let message = format!("losses are {lost}, weights {weighed}; give one weight for each loss");
            return Err(graph.refusal("weighted mean", message));
        }
        let dtype = lost.dtype;
        let weighted = graph.mul(losses, weights)?;
        let sum = graph.sum(weighted, Axes::all())?;
        let zero = graph.scalar("Zero", dtype, 0.0)?;
        let counts = graph.not_equal(weights, zero)?;
        let counts = graph.cast(counts, dtype)?;
        let count = graph.sum(counts, Axes::all())?;
        graph.div_no_nan(sum, count)
    })
}

/// Labels `[batch, classes]` of which a part is taken and shared by all classes: `labels (1 - smoothing) + smoothing / classes`.
///
/// Szegedy et al., "Rethinking the Inception Architecture for Computer Vision" (2016).
///
/// # Errors
/// `InvalidArgument` naming the caller's line if the labels are not float with a known number of classes, or the
/// smoothing is not from 0 to 1.
#[track_caller]
pub fn smoothed_labels(graph: &mut Graph, labels: impl Into<Output>, smoothing: f64) -> Result<Output> {
    let labels = labels.into();
    graph.composite("smoothed_labels", |graph| {
        let known = graph.type_of(labels)?.clone();
        let Some(classes) = known.shape.last().copied().flatten().filter(|classes| *classes > 0) else {
            let message = format!("{} is {known}; labels are [batch, classes], classes known", graph.name_of(labels)?);
            return Err(graph.refusal("smoothed labels", message));
        };
        if !(0.0..=1.0).contains(&smoothing) {
            let message = format!("the smoothing is {smoothing}; give a number from 0 to 1");
            return Err(graph.refusal("smoothed labels", message));
        }
        let kept = graph.scalar("Kept", known.dtype, 1.0 - smoothing)?;
        let shared = graph.scalar("Shared", known.dtype, smoothing / classes as f64)?;
        let scaled = graph.mul(labels, kept)?;
        graph.add(scaled, shared)
    })
}
