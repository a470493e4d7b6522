//! Tests of the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::sync::Arc;

use everstep_checkpoint::Contents;
use everstep_tensor::{Result, Shared};

mod damage;
mod laws;
mod others;

fn written(contents: &Contents) -> Vec<u8> {
    let mut bytes = Vec::new();
    everstep_npz::write(contents, &mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Contents> {
    let file: Shared = Arc::new(bytes.to_vec());
    everstep_npz::read(&file)
}
