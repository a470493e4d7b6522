//! How a session is to be opened.

use std::time::Duration;

use everstep_tensor::{Error, ErrorKind, Result};

/// How a session is to be opened; the default is one replica, all cores, no limit.
///
/// With the feature `serde` it is read from and written to files, TOML and JSON among them: the keys are the names of
/// the fields, any may be left out, and an unknown one or a wrong value is an error that names it.
/// The default text, with the keys that it leaves out as comments:
///
/// ```toml
/// intra_op_threads = 0
/// graph_optimization = "on"
/// seed = 0
/// trace_every = 0
/// # memory_limit = 8589934592
/// # operation_timeout = 30.0
/// [replica]
/// rank = 0
/// of = 1
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct SessionConfig {
    /// Threads that one operation may use; 0 is the number of cores. The results are the same bits for any number.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::config_file::intra_op_threads"))]
    pub intra_op_threads: usize,
    /// Whether the engine may rewrite what it computes. The results are the same bits either way.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::config_file::graph_optimization"))]
    pub graph_optimization: GraphOptimization,
    /// What all randomness of the session is keyed by: initial values, dropout. TOML has no numbers from 2^63 on.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::config_file::seed"))]
    pub seed: u64,
    /// Every run whose number, counted from 1, this divides is traced as if it had asked for it; 0 is none.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::config_file::trace_every"))]
    pub trace_every: u64,
    /// The most bytes that the session's tensors may take: variables with their second buffers, intermediate and fetched
    /// results. A run or an initialisation that needs more is `ResourceExhausted` before anything is done.
    #[cfg_attr(
        feature = "serde",
        serde(skip_serializing_if = "Option::is_none", deserialize_with = "crate::config_file::memory_limit")
    )]
    pub memory_limit: Option<u64>,
    /// The timeout of a run that has none of its own; in a file a number of seconds, fractions allowed.
    #[cfg_attr(
        feature = "serde",
        serde(
            skip_serializing_if = "Option::is_none",
            serialize_with = "crate::config_file::write_seconds",
            deserialize_with = "crate::config_file::operation_timeout"
        )
    )]
    pub operation_timeout: Option<Duration>,
    /// Which replica of how many this is.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::config_file::replica"))]
    pub replica: Replica,
}

/// Whether the engine may rewrite what it computes: fold constants, compute common subexpressions once, fuse operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum GraphOptimization {
    /// It may.
    #[default]
    On,
    /// Each operation of the graph is computed by itself, to compare with or to trace.
    Off,
}

/// One of several equal trainers of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Replica {
    /// Counted from 0.
    pub rank: usize,
    /// How many there are, at least 1.
    pub of: usize,
}

impl Default for Replica {
    fn default() -> Self {
        Self { rank: 0, of: 1 }
    }
}

impl SessionConfig {
    /// For engines, before a session is opened: whether the values make sense.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field: a replica whose rank is not below their number, a timeout of 0.
    pub fn check(&self) -> Result<()> {
        let Replica { rank, of } = self.replica;
        if rank >= of {
            return invalid(format!("replica: rank {rank} of {of}; ranks are counted from 0 and less than `of`"));
        }
        if self.operation_timeout == Some(Duration::ZERO) {
            return invalid("operation_timeout: no run ends within 0 s; leave it out for no limit".into());
        }
        Ok(())
    }
}

fn invalid(message: String) -> Result<()> {
    Err(Error::new(ErrorKind::InvalidArgument, message))
}
