//! Layers, initialisers, losses and metrics as builders of an Everstep graph.
#![doc = include_str!("../README.md")]

mod activation;
mod dense;
mod kernel;
mod layer;
mod loss;
mod metric;
mod sequential;

pub use activation::Activation;
pub use dense::Dense;
pub use kernel::{Kernel, fans, glorot_uniform, he_normal};
pub use layer::Layer;
pub use loss::{mean_squared_error, sparse_softmax_cross_entropy};
pub use metric::accuracy;
pub use sequential::Sequential;
