//! The crate through its public face.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod files;
mod follower;
mod kinds;
mod reader;
mod record;
mod writer;
