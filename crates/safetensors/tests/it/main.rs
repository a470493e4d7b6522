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
    everstep_safetensors::write(contents, &mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8]) -> Result<Contents> {
    let file: Shared = Arc::new(bytes.to_vec());
    everstep_safetensors::read(&file)
}

/// A file of this header and so many bytes of data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}
