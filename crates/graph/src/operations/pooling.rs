//! Building poolings.

use everstep_tensor::Result;

use crate::{Graph, Op, Output, Pooling, PoolingKind, PoolingOp};

/// Pooling of images `[batch, height, width, channels]`.
impl Graph {
    /// The greatest element of each window, channel by channel; the gradient goes to the first of several.
    ///
    /// # Errors
    /// If the images are not float or not of rank 4, a length or stride is 0, the window does not fit, or the padding
    /// holds a whole window.
    ///
    /// ```
    /// use everstep_graph::{Graph, Pooling};
    /// use everstep_tensor::DType;
    ///
    /// let mut graph = Graph::new();
    /// let images = graph.placeholder("images", DType::F32, [None, Some(28), Some(28), Some(32)])?;
    /// let half = graph.max_pool(images, Pooling::new(2))?;
    /// assert_eq!(graph.type_of(half)?.to_string(), "f32[?, 14, 14, 32]");
    /// # Ok::<(), everstep_tensor::Error>(())
    /// ```
    #[track_caller]
    pub fn max_pool(&mut self, images: impl Into<Output>, pooling: Pooling) -> Result<Output> {
        self.pooling(PoolingOp { kind: PoolingKind::Max, pooling }, &[images.into()])
    }

    /// The mean of the elements of each window that lie in the image, channel by channel.
    ///
    /// # Errors
    /// As [`max_pool`](Self::max_pool).
    #[track_caller]
    pub fn avg_pool(&mut self, images: impl Into<Output>, pooling: Pooling) -> Result<Output> {
        self.pooling(PoolingOp { kind: PoolingKind::Average, pooling }, &[images.into()])
    }

    /// A pooling or its gradient, with the inputs that [`PoolingKind`] lists: for derivatives of one's own.
    ///
    /// # Errors
    /// If the inputs are not as many, not float, or their shapes do not fit.
    #[track_caller]
    pub fn pooling(&mut self, op: PoolingOp, inputs: &[Output]) -> Result<Output> {
        self.add_op(Op::Pooling(op), inputs)
    }
}
