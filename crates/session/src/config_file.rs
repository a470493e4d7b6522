//! How a [`SessionConfig`](crate::SessionConfig) is read from files: by serde, so that every wrong value is named by its key.

use std::{fmt::Display, time::Duration};

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::{GraphOptimization, Replica};

/// A function for each key that reads its value and names the key if that fails; serde itself names unknown keys alone.
macro_rules! keys {
    ($($key:ident: $type:ty),* $(,)?) => {$(
        pub(crate) fn $key<'de, D: Deserializer<'de>>(value: D) -> Result<$type, D::Error> {
            Deserialize::deserialize(value).map_err(|error| at(stringify!($key), error))
        }
    )*};
}

keys! {
    intra_op_threads: usize,
    graph_optimization: GraphOptimization,
    seed: u64,
    trace_every: u64,
    memory_limit: Option<u64>,
    replica: Replica,
}

pub(crate) fn operation_timeout<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<f64>::deserialize(value).map_err(|error| at("operation_timeout", error))?;
    let timeout = seconds.map(Duration::try_from_secs_f64).transpose();
    timeout.map_err(|error| at("operation_timeout", error))
}

pub(crate) fn write_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_f64(time.as_secs_f64()),
        None => serializer.serialize_none(),
    }
}

fn at<E: Error>(key: &str, error: impl Display) -> E {
    E::custom(format_args!("{key}: {error}"))
}
