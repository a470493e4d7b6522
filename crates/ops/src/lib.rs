//! Tensor operations on the CPU: kernels that write into given buffers, deterministic on any number of threads.
//!
#![doc = include_str!("../README.md")]

mod check;
mod element;
mod erf;
mod error;
mod half;
mod kernel;
mod kernels;
mod key;
mod philox;
mod random;
mod shape;
mod update;
mod view;

mod cpu;
mod reference;

pub use cpu::Cpu;
pub use error::KernelError;
pub use kernel::{
    Activation, AttentionPass, BatchNormPass, Binary, Compare, Compute, Cumulate, CustomKernel, Distribution, Epilogue,
    Fused, FusedInput, FusedOutput, FusedStep, FusedValue, IndexKernel, Kernel, LogicKernel, Mirror, NormKind,
    NormPass, Pass, Pooling, Reduction, ShapeKernel, Unary, UnaryGrad, Window, Windows,
};
pub use kernels::Kernels;
pub use key::Key;
pub use reference::Reference;
pub use update::Update;
pub use view::{DType, Data, DataMut, Target, View, ViewMut};
