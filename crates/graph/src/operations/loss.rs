//! Building losses of each element; those of rows are beside the softmax.

use everstep_tensor::Result;

use crate::{Graph, Output};

/// Losses of each element.
impl Graph {
    /// The cross-entropy between the sigmoid of each logit and its label from 0 to 1: `max(x, 0) - x z + ln(1 + e^-|x|)`.
    ///
    /// # Errors
    /// If the inputs are not of one float dtype, or the shapes do not broadcast.
    #[track_caller]
    pub fn sigmoid_cross_entropy(&mut self, logits: impl Into<Output>, labels: impl Into<Output>) -> Result<Output> {
        let (logits, labels) = (logits.into(), labels.into());
        self.composite("SigmoidCrossEntropy", |graph| {
            let all = graph.softplus(logits)?;
            let labelled = graph.mul(logits, labels)?;
            graph.sub(all, labelled)
        })
    }

    /// Half the square of each error up to `delta`, and beyond it a line of that slope: `delta |e| - delta^2 / 2`.
    ///
    /// Huber, "Robust Estimation of a Location Parameter" (1964); computed as TensorFlow's `huber_loss`.
    ///
    /// # Errors
    /// If the inputs are not of one float dtype, the shapes do not broadcast, or `delta` is not positive.
    #[track_caller]
    pub fn huber_loss(
        &mut self,
        predictions: impl Into<Output>,
        targets: impl Into<Output>,
        delta: f64,
    ) -> Result<Output> {
        let (predictions, targets) = (predictions.into(), targets.into());
        if !(delta > 0.0 && delta.is_finite()) {
            return Err(self.refusal("HuberLoss", format!("delta is {delta}; give a positive number")));
        }
        self.composite("HuberLoss", |graph| {
            let error = graph.sub(predictions, targets)?;
            let size = graph.abs(error)?;
            let dtype = graph.type_of(size)?.dtype;
            let [delta, half] = [("Delta", delta), ("Half", 0.5)].map(|(name, value)| graph.scalar(name, dtype, value));
            let (delta, half) = (delta?, half?);
            let square_part = graph.minimum(size, delta)?;
            let line_part = graph.sub(size, square_part)?;
            let square = graph.square(square_part)?;
            let square = graph.mul(square, half)?;
            let line = graph.mul(line_part, delta)?;
            graph.add(square, line)
        })
    }
}
