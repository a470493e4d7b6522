//! Building normalisations.

use everstep_tensor::Result;

use crate::{BatchNormOp, BatchNormPass, Graph, NormKind, NormOp, NormPass, Op, Output};

/// Normalisation by the statistics of the elements themselves.
impl Graph {
    /// `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, mean and variance of the elements along the last axis.
    ///
    /// # Errors
    /// If the inputs are not of one float dtype, `x` is a scalar, or `gamma` or `beta` are not as long as its last axis.
    ///
    /// ```
    /// use everstep_graph::{Graph, Initializer};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let x = graph.placeholder("x", DType::F32, [None, Some(128)])?;
    /// let gamma = graph.variable("gamma", DType::F32, [128], Initializer::ONES)?;
    /// let beta = graph.variable("beta", DType::F32, [128], Initializer::ZEROS)?;
    /// let y = graph.layer_norm(x, gamma, beta, 1e-5)?;
    /// assert_eq!(graph.type_of(y)?.to_string(), "f32[?, 128]");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn layer_norm(
        &mut self,
        x: impl Into<Output>,
        gamma: impl Into<Output>,
        beta: impl Into<Output>,
        epsilon: f64,
    ) -> Result<Output> {
        self.norm(NormKind::Layer, epsilon, &[x.into(), gamma.into(), beta.into()])
    }

    /// `x / sqrt(mean(x^2) + epsilon) * gamma`, the mean of the elements along the last axis.
    ///
    /// # Errors
    /// As [`layer_norm`](Self::layer_norm).
    #[track_caller]
    pub fn rms_norm(&mut self, x: impl Into<Output>, gamma: impl Into<Output>, epsilon: f64) -> Result<Output> {
        self.norm(NormKind::Rms, epsilon, &[x.into(), gamma.into()])
    }

    /// As [`layer_norm`](Self::layer_norm) of `[batch, .., channels]`, by mean and variance of all elements of an example
    /// that lie in one of so many groups of neighbouring channels.
    ///
    /// # Errors
    /// As [`layer_norm`](Self::layer_norm), and if the channels are no multiple of the groups.
    #[track_caller]
    pub fn group_norm(
        &mut self,
        x: impl Into<Output>,
        gamma: impl Into<Output>,
        beta: impl Into<Output>,
        groups: usize,
        epsilon: f64,
    ) -> Result<Output> {
        self.norm(NormKind::Group(groups), epsilon, &[x.into(), gamma.into(), beta.into()])
    }

    #[track_caller]
    fn norm(&mut self, kind: NormKind, epsilon: f64, inputs: &[Output]) -> Result<Output> {
        self.add_op(Op::Norm(NormOp { pass: NormPass::Forward, kind, epsilon }), inputs)
    }
}

/// What [`Graph::batch_norm`] gives.
#[derive(Clone, Copy, Debug)]
pub struct BatchNormed {
    /// The normalised elements.
    pub output: Output,
    /// The mean of each channel in a training run; in any other the one that was given.
    pub mean: Output,
    /// The variance of each channel in a training run, as that of a sample; in any other the one that was given.
    pub variance: Output,
}

impl Graph {
    /// `(x - mean) / sqrt(variance + epsilon) * scale + offset` of `[.., channels]`, all others vectors of the channels.
    ///
    /// A training run takes mean and variance of the elements of each channel, and no gradient flows to those given; any
    /// other run takes those given, which are usually moving averages of what training runs put out.
    ///
    /// # Errors
    /// If the inputs are not of one float dtype, `x` is a scalar, or a vector is not as long as its last axis.
    #[track_caller]
    pub fn batch_norm(
        &mut self,
        x: impl Into<Output>,
        [scale, offset]: [Output; 2],
        [mean, variance]: [Output; 2],
        epsilon: f64,
    ) -> Result<BatchNormed> {
        let op = BatchNormOp { pass: BatchNormPass::Forward, epsilon };
        let output = self.add_op(Op::BatchNorm(op), &[x.into(), scale, offset, mean, variance])?;
        Ok(BatchNormed { output, mean: Output { index: 1, ..output }, variance: Output { index: 2, ..output } })
    }
}
