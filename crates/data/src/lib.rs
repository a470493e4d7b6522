//! Seekable, deterministic training input: a batch is a pure function of seed and position.
#![doc = include_str!("../README.md")]

mod batch;
mod dataset;
mod digits;
mod fashion_mnist;
mod idx;
mod loader;
mod open;
mod permutation;
mod prefetch;
mod source;
mod split;
mod table;

pub use batch::Batch;
pub use dataset::Dataset;
pub use digits::{DIGITS_SPLIT_SEED, digits};
pub use fashion_mnist::{FASHION_MNIST_DIR, fashion_mnist};
pub use idx::read_idx;
pub use loader::{LastBatch, Loader, LoaderOptions, Shuffle};
pub use prefetch::Prefetch;
pub use source::Source;
pub use split::stratified_split;
pub use table::read_csv;
