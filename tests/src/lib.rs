//! Tests that cross crates; see `tests/`.
#![doc = include_str!("../../README.md")]
