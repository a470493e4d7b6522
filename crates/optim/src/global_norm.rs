//! The length of all gradients together.

use everstep_graph::{Axes, Graph, Output};
use everstep_tensor::{DType, Result};

use crate::hyperparameters::cast;

/// The square root of the sum of the squares of all elements of some values, as TensorFlow's `global_norm`.
///
/// A scalar of the first value's dtype, f32 if that is bf16 or f16; it is not finite if any element is not.
///
/// # Errors
/// `InvalidArgument` naming the caller's line if there is no value, or one is not float.
#[track_caller]
pub fn global_norm(graph: &mut Graph, values: &[Output]) -> Result<Output> {
    graph.composite("global_norm", |graph| {
        let Some((first, rest)) = values.split_first() else {
            return Err(graph.refusal("global norm", "there is no value; give at least one"));
        };
        let dtype = graph.type_of(*first)?.dtype.arithmetic();
        let mut sum = sum_of_squares(graph, *first, dtype)?;
        for value in rest {
            let squares = sum_of_squares(graph, *value, dtype)?;
            sum = graph.add(sum, squares)?;
        }
        graph.sqrt(sum)
    })
}

fn sum_of_squares(graph: &mut Graph, value: Output, dtype: DType) -> Result<Output> {
    let arithmetic = graph.type_of(value)?.dtype.arithmetic();
    let value = cast(graph, value, arithmetic)?;
    let squares = graph.square(value)?;
    let sum = graph.sum(squares, Axes::all())?;
    cast(graph, sum, dtype)
}
