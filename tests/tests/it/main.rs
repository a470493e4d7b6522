//! Tests that cross crates.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod crash;
mod divergence;
mod errors;
mod regression;
mod swaps;
