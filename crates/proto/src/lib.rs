//! The protocol messages that TensorBoard and TensorFlow read.
#![doc = include_str!("../README.md")]

pub mod attr_value;
pub mod event;
pub mod graph;
pub mod hparams;
pub mod layout;
pub mod node_def;
pub mod plugin_data;
pub mod step_stats;
pub mod summary;
pub mod tensor;
pub mod tensor_bundle;
pub mod tensor_shape;
pub mod tensor_slice;
pub mod types;
pub mod versions;
pub mod xplane;

pub use prost::{DecodeError, Message};
