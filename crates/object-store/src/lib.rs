//! Checkpoints in S3, Google Cloud Storage, Azure or memory: a storage for the saver, over object_store.
#![doc = include_str!("../README.md")]

mod claim;
mod output;
mod runtime;
mod storage;
mod stored;

pub use object_store;
pub use storage::ObjectStorage;
