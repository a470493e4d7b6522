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
mod images;
mod kernel;
mod layer;
mod loss;
mod metric;
mod norm;
mod pool2d;
mod reshape;
mod sequential;
mod transformer;

pub use activation::Activation;
pub use attention::{Attended, MultiHeadAttention};
pub use batch_norm::BatchNorm;
pub use conv2d::Conv2D;
pub use conv2d_transpose::Conv2DTranspose;
pub use dense::Dense;
pub use depthwise_conv2d::DepthwiseConv2D;
pub use dropout::Dropout;
pub use embedding::{Embedding, PositionalEmbedding};
pub use kernel::{Kernel, fans, glorot_uniform, he_normal};
pub use layer::Layer;
pub use loss::{
    huber_loss, mean_squared_error, sigmoid_cross_entropy, smoothed_labels, softmax_cross_entropy,
    sparse_softmax_cross_entropy, weighted_mean,
};
pub use metric::accuracy;
pub use norm::{GroupNorm, LayerNorm, RmsNorm};
pub use pool2d::{AveragePool2D, GlobalAveragePool2D, GlobalMaxPool2D, MaxPool2D};
pub use reshape::{Flatten, Reshape};
pub use sequential::Sequential;
pub use transformer::TransformerBlock;
