//! Tests of the public API.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::{collections::BTreeMap, sync::Arc};

use everstep_checkpoint::Contents;
use everstep_tensor::{Error, ErrorKind, Result, Shared};
use everstep_tensor_bundle::{Shard, read, write};

mod damage;
mod laws;
mod others;
mod state;

/// A bundle in memory: its index, and its data files by the ends of their names.
#[derive(Clone, Debug, PartialEq)]
struct Files {
    index: Vec<u8>,
    data: BTreeMap<String, Vec<u8>>,
}

impl Files {
    fn of(contents: &Contents, limit: u64) -> Self {
        Self::try_of(contents, limit).unwrap()
    }

    fn try_of(contents: &Contents, limit: u64) -> Result<Self> {
        let mut data = BTreeMap::new();
        let index = write(contents, limit, |shard, bytes| {
            data.insert(shard.to_string(), bytes.concat());
            Ok(())
        })?;
        Ok(Self { index, data })
    }

    fn read(&self) -> Result<Contents> {
        read(&self.index, &mut |shard: Shard| {
            let missing = || Error::new(ErrorKind::NotFound, shard.to_string());
            let file: Shared = Arc::new(self.data.get(&shard.to_string()).ok_or_else(missing)?.clone());
            Ok(file)
        })
    }
}
