//! Layers, initialisers, losses and metrics as builders of an Everstep graph.
#![doc = include_str!("../README.md")]

mod activation;
mod attention;
mod batch_norm;
mod conv2d;
mod conv2d_transpose;
mod dense;
mod depthwise_conv2d;
mod dropout;
mod embedding;
mod gru;
mod images;
mod kernel;
mod layer;
mod loss;
mod lstm;
mod metric;
pub mod metrics;
mod norm;
mod pool2d;
mod recurrent;
mod reshape;
mod sequential;
mod transformer;
mod variance_scaling;

pub use activation::Activation;
pub use attention::{Attended, MultiHeadAttention};
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2D;
pub use conv2d_transpose::Conv2DTranspose;
pub use dense::Dense;
pub use depthwise_conv2d::DepthwiseConv2D;
pub use dropout::Dropout;
pub use embedding::{Embedding, PositionalEmbedding};
pub use gru::Gru;
pub use kernel::Kernel;
pub use layer::Layer;
pub use loss::{
    huber_loss, mean_squared_error, sigmoid_cross_entropy, smoothed_labels, softmax_cross_entropy,
    sparse_softmax_cross_entropy, weighted_mean,
};
pub use lstm::Lstm;
pub use metric::accuracy;
pub use norm::{GroupNorm, LayerNorm, RmsNorm};
pub use pool2d::{AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D};
pub use recurrent::Returns;
pub use reshape::{Flatten, Reshape};
pub use sequential::Sequential;
pub use transformer::TransformerBlock;
pub use variance_scaling::{Fan, Spread, VarianceScaling, fans};
