//! Random ops as kernels.

use everstep_graph::{Law, RandomOp};
use everstep_ops::{Distribution, Kernel, Key};

/// What the random ops of a plan depend on besides the number of the training run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Randomness {
    pub(crate) seed: u64,
    /// Whether the run trains, so that values are dropped.
    pub(crate) is_training: bool,
}

impl Randomness {
    /// The kernel, or `None` if the op gives its first input.
    pub(crate) fn kernel(self, op: &RandomOp) -> Option<Kernel> {
        match op {
            RandomOp::Draw { law, stream, .. } => {
                Some(Kernel::Random { distribution: distribution(*law), key: Key::new(self.seed, stream) })
            }
            RandomOp::Dropout { rate, stream } if self.is_training && *rate > 0.0 => {
                Some(Kernel::Dropout { rate: *rate, key: Key::new(self.seed, stream) })
            }
            RandomOp::Dropout { .. } => None,
        }
    }
}

fn distribution(law: Law) -> Distribution {
    match law {
        Law::Uniform { low, high } => Distribution::Uniform { low, high },
        Law::UniformInt { low, high } => Distribution::UniformInt { low, high },
        Law::Normal { mean, stddev } => Distribution::Normal { mean, stddev },
        Law::TruncatedNormal { mean, stddev } => Distribution::TruncatedNormal { mean, stddev },
        Law::Bernoulli { probability } => Distribution::Bernoulli { probability },
    }
}
