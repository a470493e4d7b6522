//! Tests that cross crates.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

#[cfg(unix)]
mod checkpoint;
mod crash;
mod divergence;
mod errors;
mod events;
mod killed_events;
mod models;
mod regression;
#[cfg(unix)]
mod signals;
mod swaps;
mod train_op;
