//! Building nodes that are made of several functions of elements.

use everstep_tensor::Result;

use crate::{Axes, Graph, Op, Output, Reduction, Unary, infer::check_float};

/// Functions of one element with an attribute.
impl Graph {
    /// `x` where it is positive, else `alpha x`.
    ///
    /// # Errors
    /// If the input is not float.
    #[track_caller]
    pub fn leaky_relu(&mut self, input: impl Into<Output>, alpha: f64) -> Result<Output> {
        self.add_op(Op::Unary(Unary::LeakyRelu { alpha }), &[input.into()])
    }

    /// `x` times the normal distribution function at `x`; with `approximate` by the hyperbolic tangent.
    ///
    /// # Errors
    /// If the input is not float.
    #[track_caller]
    pub fn gelu(&mut self, input: impl Into<Output>, approximate: bool) -> Result<Output> {
        self.add_op(Op::Unary(Unary::Gelu { approximate }), &[input.into()])
    }
}

/// Values bounded, added, and kept from the gradient.
impl Graph {
    /// Each element, but not below `low` and not above `high`, with NumPy's broadcasting.
    ///
    /// The gradient flows where an element is not outside.
    ///
    /// # Errors
    /// If dtypes differ or are not numeric, or shapes do not broadcast.
    #[track_caller]
    pub fn clip_by_value(
        &mut self,
        input: impl Into<Output>,
        low: impl Into<Output>,
        high: impl Into<Output>,
    ) -> Result<Output> {
        let (input, low, high) = (input.into(), low.into(), high.into());
        self.composite("ClipByValue", |graph| {
            let below = graph.minimum(input, high)?;
            graph.maximum(below, low)
        })
    }

    /// The sum of several values of one dtype and shape, added from the first to the last.
    ///
    /// # Errors
    /// If there is none, dtypes differ or are not numeric, or shapes do not broadcast.
    #[track_caller]
    pub fn add_n(&mut self, values: &[Output]) -> Result<Output> {
        let Some((first, rest)) = values.split_first() else {
            return Err(self.refusal("AddN", "there is nothing to add; give a value"));
        };
        self.composite("AddN", |graph| rest.iter().try_fold(*first, |sum, value| graph.add(sum, *value)))
    }

    /// The value itself, through which no gradient flows.
    ///
    /// # Errors
    /// If the value is of another graph.
    #[track_caller]
    pub fn stop_gradient(&mut self, value: impl Into<Output>) -> Result<Output> {
        self.add_op(Op::StopGradient, &[value.into()])
    }
}

/// Reductions made of several.
impl Graph {
    /// `ln(sum(e^x))` along some axes, without overflow.
    ///
    /// # Errors
    /// If the input is not float, or has no such axis.
    #[track_caller]
    pub fn log_sum_exp(&mut self, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
        let (input, axes) = (input.into(), axes.into());
        self.composite("LogSumExp", |graph| {
            let dtype = graph.type_of(input)?.dtype;
            check_float(dtype)?;
            let greatest = graph.max(input, axes.clone().keep())?;
            let finite = graph.is_finite(greatest)?;
            let zero = graph.scalar("Const", dtype, 0.0)?;
            let shift = graph.select(finite, greatest, zero)?;
            let shift = graph.stop_gradient(shift)?;
            let shifted = graph.sub(input, shift)?;
            let powers = graph.exp(shifted)?;
            let sum = graph.sum(powers, axes.clone())?;
            let logarithm = graph.log(sum)?;
            // Of equal elements the reduction takes away the axes alone.
            let shift = graph.max(shift, axes)?;
            graph.add(logarithm, shift)
        })
    }

    /// The mean of the squared distances from the mean along some axes.
    ///
    /// # Errors
    /// If the input is not float, or has no such axis.
    #[track_caller]
    pub fn variance(&mut self, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
        let (input, axes) = (input.into(), axes.into());
        self.composite("Variance", |graph| {
            let mean = graph.reduce(Reduction::Mean, input, axes.clone().keep())?;
            let squares = graph.squared_difference(input, mean)?;
            graph.mean(squares, axes)
        })
    }

    /// The root of the [`variance`](Self::variance).
    ///
    /// # Errors
    /// As [`variance`](Self::variance).
    #[track_caller]
    pub fn standard_deviation(&mut self, input: impl Into<Output>, axes: impl Into<Axes>) -> Result<Output> {
        let (input, axes) = (input.into(), axes.into());
        self.composite("StandardDeviation", |graph| {
            let variance = graph.variance(input, axes)?;
            graph.sqrt(variance)
        })
    }
}
