//! The area under a curve of all thresholds.

use everstep_graph::{Axes, Graph, Output};
use everstep_tensor::{DType, Result, Tensor};

use super::{
    Metric,
    counts::{check_alike, truths},
    weights_of,
};

/// TensorFlow's guard against dividing by nothing, and how far the outermost thresholds are outside.
const EPSILON: f64 = 1e-7;

/// Which curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Curve {
    /// The true positives of what is true, over the false positives of what is not.
    #[default]
    Roc,
    /// Precision over recall.
    PrecisionRecall,
}

/// The area under the curve that all thresholds give, by trapezoids between them: `tf.metrics.auc`.
///
/// A prediction counts as true if it exceeds the threshold. There is one threshold below 0, one above 1, and the others
/// divide the space between evenly. The formulas, with `e = 1e-7`:
///
/// ```text
/// recall              = (tp + e) / (tp + fn + e)
/// precision           = (tp + e) / (tp + fp + e)
/// false positive rate =  fp      / (fp + tn + e)
/// ```
///
/// ```
/// use everstep_graph::Graph;
/// use everstep_nn::metrics::{Auc, Curve};
/// use everstep_tensor::DType;
///
/// let mut graph = Graph::new();
/// let probabilities = graph.placeholder("probabilities", DType::F32, [None])?;
/// let labels = graph.placeholder("labels", DType::Bool, [None])?;
/// let auc = Auc { curve: Curve::PrecisionRecall, ..Auc::default() };
/// auc.build(&mut graph, "auc", probabilities, labels, None)?;
/// # Ok::<(), everstep_tensor::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auc {
    /// Which curve.
    pub curve: Curve,
    /// How many thresholds, at least 2.
    pub thresholds: usize,
}

/// 200 thresholds on the ROC curve, as in TensorFlow.
impl Default for Auc {
    fn default() -> Self {
        Self { curve: Curve::Roc, thresholds: 200 }
    }
}

impl Auc {
    /// The measure of predictions from 0 to 1 and labels of one shape; labels count as true where they are not zero.
    ///
    /// Weights are broadcast to them. The value is f64.
    ///
    /// # Errors
    /// `InvalidArgument` naming the caller's line if the predictions are not float, the shapes do not fit, or the
    /// thresholds are fewer than 2.
    #[track_caller]
    pub fn build(
        &self,
        graph: &mut Graph,
        name: &str,
        predictions: impl Into<Output>,
        labels: impl Into<Output>,
        weights: Option<Output>,
    ) -> Result<Metric> {
        let (predictions, labels) = (predictions.into(), labels.into());
        graph.composite(name, |graph| self.metric(graph, predictions, labels, weights))
    }

    fn metric(
        &self,
        graph: &mut Graph,
        predictions: Output,
        labels: Output,
        weights: Option<Output>,
    ) -> Result<Metric> {
        check_alike(graph, predictions, labels, graph.type_of(predictions)?.shape.len())?;
        if self.thresholds < 2 {
            let message = format!("{} thresholds make no curve; give at least 2", self.thresholds);
            return Err(graph.refusal(graph.scope_name(), message));
        }
        let [_, actual] = truths(graph, predictions, labels)?;
        let weights = weights_of(graph, labels, weights)?;
        let thresholds = self.constant(graph, predictions)?;
        let [predictions, actual, weights] = [predictions, actual, weights].map(|each| graph.reshape(each, [-1, 1]));
        let above = graph.greater(predictions?, thresholds)?;
        let sums = confusion(graph, above, actual?, weights?)?;
        let names = ["true_positives", "false_negatives", "true_negatives", "false_positives"];
        let named: Vec<_> = names.into_iter().zip(sums).collect();
        super::gathered(graph, &named, |graph, sums| self.area(graph, sums))
    }

    /// The thresholds `[1, thresholds]`, in the dtype of the predictions.
    fn constant(&self, graph: &mut Graph, predictions: Output) -> Result<Output> {
        let last = self.thresholds - 1;
        let threshold = |index: usize| match index {
            0 => -EPSILON,
            index if index == last => 1.0 + EPSILON,
            index => index as f64 / last as f64,
        };
        let values = Tensor::from_vec([1, self.thresholds], (0..self.thresholds).map(threshold).collect::<Vec<f64>>())?;
        let dtype = graph.type_of(predictions)?.dtype;
        let values = graph.constant("thresholds", values)?;
        graph.cast(values, dtype)
    }

    fn area(&self, graph: &mut Graph, sums: &[Output]) -> Result<Output> {
        let [hits, misses, rejections, alarms] = [sums[0], sums[1], sums[2], sums[3]];
        let recall = rate(graph, hits, misses, EPSILON)?;
        let (x, y) = match self.curve {
            Curve::Roc => (rate(graph, alarms, rejections, 0.0)?, recall),
            Curve::PrecisionRecall => (recall, rate(graph, hits, alarms, EPSILON)?),
        };
        let count = self.thresholds as isize - 1;
        let (x_before, x_after) = (graph.slice(x, &[0], &[count])?, graph.slice(x, &[1], &[count])?);
        let (y_before, y_after) = (graph.slice(y, &[0], &[count])?, graph.slice(y, &[1], &[count])?);
        let width = graph.sub(x_before, x_after)?;
        let height = graph.add(y_before, y_after)?;
        let twice = graph.mul(width, height)?;
        let half = graph.scalar("half", DType::F64, 0.5)?;
        let areas = graph.mul(twice, half)?;
        graph.sum(areas, Axes::all())
    }
}

/// `(part + extra) / (part + rest + e)`
fn rate(graph: &mut Graph, part: Output, rest: Output, extra: f64) -> Result<Output> {
    let epsilon = graph.scalar("epsilon", DType::F64, EPSILON)?;
    let extra = graph.scalar("extra", DType::F64, extra)?;
    let (part_and_rest, part) = (graph.add(part, rest)?, graph.add(part, extra)?);
    let whole = graph.add(part_and_rest, epsilon)?;
    graph.div(part, whole)
}

/// True positives, false negatives, true negatives and false positives, each `[thresholds]`, of columns of samples.
fn confusion(graph: &mut Graph, above: Output, actual: Output, weights: Output) -> Result<[Output; 4]> {
    let (below, not_actual) = (graph.logical_not(above)?, graph.logical_not(actual)?);
    let mut sum = |predicted: Output, actual: Output| {
        let counted = graph.logical_and(predicted, actual)?;
        let counted = graph.cast(counted, DType::F64)?;
        let weighted = graph.mul(counted, weights)?;
        graph.sum(weighted, [0])
    };
    Ok([sum(above, actual)?, sum(below, actual)?, sum(below, not_actual)?, sum(above, not_actual)?])
}
