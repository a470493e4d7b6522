//! Adafactor.

use everstep_graph::{Axes, Graph, Initializer, Output, Update, UpdateRule, Variable};
use everstep_tensor::{DType, Result};

use crate::{
    LearningRate, Optimizer, VariableGradient,
    hyperparameters::cast,
    updating::{Updating, each},
};

/// Adafactor: the mean of the squared gradients of a matrix is kept as that of its rows and that of its columns.
///
/// With `t` as the number of the update, from 1, and `rms` as the root of the mean of the squares:
///
/// ```text
/// beta2    = 1 - t ^ beta2_decay
/// r        = beta2 * r + (1 - beta2) * mean(gradient ^ 2 + epsilon1, last axis)
/// c        = beta2 * c + (1 - beta2) * mean(gradient ^ 2 + epsilon1, last axis but one)
/// v        = r * c / mean(r)                               (of fewer axes: beta2 * v + (1 - beta2) * (gradient ^ 2 + epsilon1))
/// u        = gradient / sqrt(v)
/// rate     = max(epsilon2, rms(variable)) * min(learning_rate, 1 / sqrt(t))          (relative; else learning_rate alone)
/// variable = variable - rate * u / max(1, rms(u) / clip_threshold)
/// ```
///
/// The slots are `variable/Adafactor`, of the rows, and `variable/Adafactor_1`, of the columns; the update is numbered by
/// the global step.
///
/// Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018).
#[derive(Clone, Debug)]
pub struct Adafactor {
    /// Which part of its root mean square each variable goes in one run, at most.
    pub learning_rate: LearningRate,
    /// The exponent by which the means forget less and less, negative.
    pub beta2_decay: f64,
    /// What keeps the means from zero.
    pub epsilon1: f64,
    /// The least root mean square that a variable counts as.
    pub epsilon2: f64,
    /// The greatest root mean square of a step, before the learning rate.
    pub clip_threshold: f64,
    /// Whether the learning rate is no more than the inverse root of the number of updates.
    pub relative_step: bool,
}

/// The paper's: 0.01, -0.8, 1e-30, 0.001, 1, relative.
impl Default for Adafactor {
    fn default() -> Self {
        Self {
            learning_rate: 0.01.into(),
            beta2_decay: -0.8,
            epsilon1: 1e-30,
            epsilon2: 1e-3,
            clip_threshold: 1.0,
            relative_step: true,
        }
    }
}

impl Optimizer for Adafactor {
    fn name(&self) -> &str {
        "Adafactor"
    }

    fn apply(&self, graph: &mut Graph, gradients: &[VariableGradient]) -> Result<Vec<Update>> {
        let step = graph.global_step()?;
        let step = graph.cast(step, DType::F64)?;
        let one = graph.scalar("one", DType::F64, 1.0)?;
        let number = graph.add(step, one)?;
        let exponent = graph.scalar("beta2_decay", DType::F64, self.beta2_decay)?;
        let fresh = graph.pow(number, exponent)?;
        let slowing = graph.rsqrt(number)?;
        let mut slots = Vec::new();
        let mut updates = each(graph, gradients, |updating| self.update(updating, [fresh, slowing], &mut slots))?;
        updates.extend(slots);
        Ok(updates)
    }
}

impl Adafactor {
    /// `fresh` is `1 - beta2`, `slowing` the inverse root of the number of updates.
    fn update(
        &self,
        mut updating: Updating<'_>,
        [fresh, slowing]: [Output; 2],
        slots: &mut Vec<Update>,
    ) -> Result<Update> {
        let dtype = updating.dtype();
        let fresh = cast(updating.graph, fresh, dtype)?;
        let rate = self.rate(&mut updating, slowing)?;
        let gradient = updating.whole_gradient()?;
        let gradient = cast(updating.graph, gradient, dtype)?;
        let squares = self.squares(&mut updating, gradient)?;
        let means = match updating.spec.shape.len() {
            0 | 1 => {
                let mean = updating.slot("Adafactor", Initializer::ZEROS)?;
                vec![follow(&mut updating, mean, squares, fresh, slots)?]
            }
            rank => factored(&mut updating, squares, fresh, rank, slots)?.to_vec(),
        };
        // One after the other: the product of what rows and columns have may be less than the least number there is.
        let step = means.into_iter().try_fold(gradient, |step, mean| {
            let scale = updating.graph.rsqrt(mean)?;
            updating.graph.mul(step, scale)
        })?;
        let length = root_mean_square(updating.graph, step)?;
        let (threshold, one) = (updating.number("clip_threshold", self.clip_threshold)?, updating.number("one", 1.0)?);
        let graph = &mut *updating.graph;
        let excess = graph.div(length, threshold)?;
        let excess = graph.maximum(one, excess)?;
        let rate = graph.div(rate, excess)?;
        updating.scoped(|graph, variable| graph.update(UpdateRule::GradientDescent, &[variable], &[rate, step]))
    }

    fn rate(&self, updating: &mut Updating<'_>, slowing: Output) -> Result<Output> {
        let mut rate = updating.learning_rate(&self.learning_rate)?;
        let least = updating.number("epsilon2", self.epsilon2)?;
        let (dtype, variable) = (updating.dtype(), updating.variable);
        let graph = &mut *updating.graph;
        if self.relative_step {
            let slowing = cast(graph, slowing, dtype)?;
            rate = graph.minimum(rate, slowing)?;
        }
        let value = cast(graph, variable.output(), dtype)?;
        let size = root_mean_square(graph, value)?;
        let size = graph.maximum(least, size)?;
        graph.mul(size, rate)
    }

    fn squares(&self, updating: &mut Updating<'_>, gradient: Output) -> Result<Output> {
        let epsilon = updating.number("epsilon1", self.epsilon1)?;
        let squares = updating.graph.square(gradient)?;
        updating.graph.add(squares, epsilon)
    }
}

/// The means of the squares as two factors: what a row has of them all, and what a column has.
fn factored(
    updating: &mut Updating<'_>,
    squares: Output,
    fresh: Output,
    rank: usize,
    slots: &mut Vec<Update>,
) -> Result<[Output; 2]> {
    let axis = |axis: usize| isize::try_from(axis).unwrap_or(isize::MAX);
    let (row, column) = (axis(rank - 2), axis(rank - 1));
    let mut mean = |updating: &mut Updating<'_>, over: isize| {
        let values = updating.graph.mean(squares, [over])?;
        let mut shape = updating.spec.shape.to_vec();
        shape.remove(usize::try_from(over).unwrap_or(0));
        let slot = updating.slot_of("Adafactor", &shape)?;
        follow(updating, slot, values, fresh, slots)
    };
    let (rows, columns) = (mean(updating, column)?, mean(updating, row)?);
    let graph = &mut *updating.graph;
    let whole = graph.mean(rows, Axes::from([row]).keep())?;
    let share = graph.div(rows, whole)?;
    Ok([graph.expand_dims(share, column)?, graph.expand_dims(columns, row)?])
}

/// `mean + (value - mean) * fresh`, which becomes the next mean.
fn follow(
    updating: &mut Updating<'_>,
    mean: Variable,
    value: Output,
    fresh: Output,
    slots: &mut Vec<Update>,
) -> Result<Output> {
    let graph = &mut *updating.graph;
    let way = graph.sub(value, mean)?;
    let step = graph.mul(way, fresh)?;
    let next = graph.add(mean, step)?;
    slots.push(graph.assign(mean, next)?);
    Ok(next)
}

fn root_mean_square(graph: &mut Graph, value: Output) -> Result<Output> {
    let squares = graph.square(value)?;
    let mean = graph.mean(squares, Axes::all())?;
    graph.sqrt(mean)
}
