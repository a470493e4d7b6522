//! Measures gathered over the batches of an evaluation, with the semantics of `tf.metrics`.
//!
//! ```
//! use everstep_graph::Graph;
//! use everstep_nn::metrics;
//! use everstep_tensor::DType;
//!
//! let mut graph = Graph::new();
//! let logits = graph.placeholder("logits", DType::F32, [None, Some(10)])?;
//! let labels = graph.placeholder("labels", DType::I64, [None])?;
//! let accuracy = metrics::accuracy(&mut graph, "accuracy", logits, labels, None)?;
//! // For each batch fetch `accuracy.update`, then read `accuracy.value` once.
//! assert_eq!(graph.local_variables().len(), 2);
//! assert_eq!(graph.type_of(accuracy.value)?.to_string(), "f64[]");
//! # Ok::<(), everstep_tensor::Error>(())
//! ```

mod auc;
mod counts;
mod mean;

use everstep_graph::{Graph, Initializer, Output};
use everstep_tensor::{DType, Result, Shape};

pub use auc::{Auc, Curve};
pub use counts::{confusion_matrix, precision, recall};
pub use mean::{accuracy, mean, top_k_accuracy};

/// A measure of all batches since local variables were initialised.
///
/// It gathers sums in local variables of f64: each session begins anew, nothing of it is saved, and initialising the
/// local variables (`Scope::Local`) begins again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// The measure of the batches taken in so far; before the first one what the formula gives of nothing, mostly 0.
    pub value: Output,
    /// Takes this run's batch in, and gives the measure with it; to be fetched by an evaluation's run.
    pub update: Output,
}

impl Metric {
    /// A measure by a formula of sums over all batches: for measures of one's own.
    ///
    /// Each sum has a name and what a batch adds to it, of a shape that is known, f64; `formula` takes them in order, and
    /// is built twice, for the value and for the update.
    ///
    /// ```
    /// use everstep_graph::{Axes, Graph};
    /// use everstep_nn::metrics::Metric;
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let errors = graph.placeholder("errors", DType::F64, [None])?;
    /// let squares = graph.square(errors)?;
    /// let sum = graph.sum(squares, Axes::all())?;
    /// let norm = Metric::of_sums(&mut graph, "norm", &[("squares", sum)], |graph, sums| graph.sqrt(sums[0]))?;
    /// assert_eq!(graph.name_of(norm.update)?, "norm/update_op");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidArgument` naming the caller's line if a sum is not f64 of known shape, or a name is taken; what the formula
    /// returns.
    #[track_caller]
    pub fn of_sums(
        graph: &mut Graph,
        name: &str,
        sums: &[(&str, Output)],
        formula: impl Fn(&mut Graph, &[Output]) -> Result<Output>,
    ) -> Result<Self> {
        graph.composite(name, |graph| gathered(graph, sums, formula))
    }
}

fn gathered(
    graph: &mut Graph,
    sums: &[(&str, Output)],
    formula: impl Fn(&mut Graph, &[Output]) -> Result<Output>,
) -> Result<Metric> {
    let (mut before, mut after, mut updates) = (Vec::new(), Vec::new(), Vec::new());
    for (name, batch) in sums {
        let variable = graph.local_variable(name, DType::F64, shape_of(graph, name, *batch)?, Initializer::ZEROS)?;
        let sum = graph.add(variable, *batch)?;
        before.push(variable.output());
        after.push(sum);
        updates.push(graph.assign(variable, sum)?);
    }
    let value = graph.scope("value", |graph| formula(graph, &before))?;
    let with_batch = graph.scope("update", |graph| formula(graph, &after))?;
    Ok(Metric { value, update: graph.after("update_op", with_batch, &updates)? })
}

/// The shape of what a batch adds to a sum.
fn shape_of(graph: &Graph, name: &str, batch: Output) -> Result<Shape> {
    let known = graph.type_of(batch)?;
    match known.shape.to_shape() {
        Some(shape) if known.dtype == DType::F64 => Ok(shape),
        _ => {
            let message = format!("the sum {name} of a batch is {known}; give f64 of known lengths");
            Err(graph.refusal(graph.scope_name(), message))
        }
    }
}

/// Each value's weight as f64, in the shape of the values: 1 unless weights are given, which are broadcast.
fn weights_of(graph: &mut Graph, values: Output, weights: Option<Output>) -> Result<Output> {
    let values = graph.cast(values, DType::F64)?;
    let Some(weights) = weights else { return graph.ones_like(values) };
    let weights = graph.cast(weights, DType::F64)?;
    graph.broadcast_like(weights, values)
}
