//! A static computation graph: nodes, shapes, variables, gradients, names; computes nothing.
#![doc = include_str!("../README.md")]

mod axes;
mod branch;
mod condition;
mod custom;
mod dump;
mod gradient;
mod gradients;
mod graph;
#[cfg(feature = "everstep-proto")]
mod graph_def;
mod handle;
mod infer;
mod initializer;
mod node;
mod op;
mod operations;
mod partial_shape;
mod substitute;
mod summary;
mod tensor_type;
mod update_ops;
mod variables;
mod verify;

pub use axes::Axes;
pub use custom::CustomRule;
pub use gradient::{Gradient, IndexedSlices};
pub use graph::Graph;
pub use handle::{Input, NodeId, Output, Update, Variable};
pub use initializer::Initializer;
pub use node::Node;
pub use op::{
    AttentionOp, AttentionPass, BatchNormOp, BatchNormPass, Binary, Compare, Convolution, ConvolutionOp,
    ConvolutionPass, Cumulate, IndexOp, Law, Length, LogicOp, NormKind, NormOp, NormPass, Op, PadMode, Padding,
    Pooling, PoolingKind, PoolingOp, RandomOp, Reduction, Section, ShapeOp, Taken, Transpose, Unary, UnaryGrad,
    UpdateRule, VariableDef, VariableKind,
};
pub use operations::{Attention, BatchNormed};
pub use partial_shape::PartialShape;
pub use tensor_type::TensorType;
