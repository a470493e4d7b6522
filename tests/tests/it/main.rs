//! Tests that cross crates.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod crash;
