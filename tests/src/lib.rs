//! Tests that cross crates; see `tests/`.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
