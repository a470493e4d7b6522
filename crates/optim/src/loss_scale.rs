//! Losses that are multiplied while their gradients are computed.

use everstep_graph::{Graph, Output, Update, Variable};
use everstep_tensor::{DType, Result};

use crate::slot::scalar;

/// By how much a loss is multiplied before it is differentiated, and its gradients are divided after: small gradients
/// do not become zero on their way through a network.
///
/// Micikevicius and others, "Mixed Precision Training" (2017).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LossScale {
    /// The same scale in every run; a power of two changes no bit of a gradient that is neither tiny nor huge.
    Fixed(f64),
    /// As much as the gradients bear, as TensorFlow's `LossScaleOptimizer`: in a run whose gradients are not finite nothing
    /// is trained, the global step stands, and the scale is halved, down to 1; after as many good updates in a row as
    /// `growth_steps` it is doubled.
    ///
    /// The scale is the variable `loss_scale`, the good updates are counted by `good_steps`.
    /// A guard shall watch the loss then, not [`TrainOp::gradient_norm`](crate::TrainOp::gradient_norm), which is not
    /// finite in runs that are passed over.
    Dynamic {
        /// The scale of the first run.
        initial_scale: f64,
        /// How many good updates in a row double it; at least 1.
        growth_steps: u64,
    },
}

impl LossScale {
    /// TensorFlow's defaults: 2 to the 15th, doubled after 2000 good updates.
    pub fn dynamic() -> Self {
        Self::Dynamic { initial_scale: 32768.0, growth_steps: 2000 }
    }

    /// The scale of a run, in f64, with what adjusts it; registered to be reported.
    pub(crate) fn build(self, graph: &mut Graph) -> Result<Scaling> {
        let (Self::Fixed(initial) | Self::Dynamic { initial_scale: initial, .. }) = self;
        if !(initial > 0.0 && initial.is_finite()) {
            return Err(graph.refusal("loss scale", format!("the scale is {initial}; give a positive number")));
        }
        let Self::Dynamic { growth_steps, .. } = self else {
            return Ok(Scaling { scale: graph.scalar("loss_scale", DType::F64, initial)?, dynamic: None });
        };
        if growth_steps == 0 {
            return Err(graph.refusal("loss scale", "growth_steps is 0; give at least 1"));
        }
        let scale = scalar(graph, "loss_scale", DType::F64, initial)?;
        let good_steps = scalar(graph, "good_steps", DType::I64, 0.0)?;
        graph.summary_scalar("loss_scale", scale)?;
        Ok(Scaling { scale: scale.output(), dynamic: Some(Dynamic { scale, good_steps, growth_steps }) })
    }
}

/// The scale of a graph.
pub(crate) struct Scaling {
    pub(crate) scale: Output,
    pub(crate) dynamic: Option<Dynamic>,
}

/// What adjusts a scale.
pub(crate) struct Dynamic {
    scale: Variable,
    good_steps: Variable,
    growth_steps: u64,
}

impl Dynamic {
    /// The next scale and number of good updates, given whether the gradients are finite.
    pub(crate) fn adjust(&self, graph: &mut Graph, is_finite: Output) -> Result<[Update; 2]> {
        let whole = |graph: &mut Graph, name, value| graph.scalar(name, DType::I64, value);
        let (zero, one) = (whole(graph, "zero", 0.0)?, whole(graph, "one", 1.0)?);
        let enough = whole(graph, "growth_steps", self.growth_steps as f64)?;
        let good = graph.add(self.good_steps, one)?;
        let grows = graph.greater_equal(good, enough)?;
        let good = graph.select(grows, zero, good)?;
        let good = graph.select(is_finite, good, zero)?;
        let least = graph.scalar("least_scale", DType::F64, 1.0)?;
        let (half, two) = (graph.scalar("half", DType::F64, 0.5)?, graph.scalar("two", DType::F64, 2.0)?);
        let larger = graph.mul(self.scale, two)?;
        let kept = graph.select(grows, larger, self.scale)?;
        let smaller = graph.mul(self.scale, half)?;
        let smaller = graph.maximum(smaller, least)?;
        let scale = graph.select(is_finite, kept, smaller)?;
        Ok([graph.assign(self.scale, scale)?, graph.assign(self.good_steps, good)?])
    }
}
