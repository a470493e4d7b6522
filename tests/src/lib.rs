//! Tests that cross crates; see `tests/`. The library is what they share with the benches.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

pub mod models;
