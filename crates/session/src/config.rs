//! How a session is to be opened.

/// How a session is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionConfig {
    /// Threads that one operation may use; 0 is the number of cores. The results are the same bits for any number.
    pub intra_op_threads: usize,
    /// What all randomness of the session is keyed by: initial values, dropout.
    pub seed: u64,
    /// Which replica of how many this is.
    pub replica: Replica,
}

/// One of several equal trainers of one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
