//! The time of a run: its limit, and what each kernel took.

use std::time::{Duration, Instant};

use everstep_graph::Node;
use everstep_session::{KernelStats, RunMetadata, RunOptions};
use everstep_tensor::{Error, ErrorKind, Result};

/// Started with a run; looked at between kernels.
#[derive(Debug)]
pub(crate) struct Watch {
    started: Instant,
    timeout: Option<Duration>,
    trace: Option<RunMetadata>,
}

impl Watch {
    pub(crate) fn start(options: &RunOptions) -> Self {
        let trace = options.trace.then(RunMetadata::default);
        Self { started: Instant::now(), timeout: options.timeout, trace }
    }

    /// # Errors
    /// `DeadlineExceeded`, if the run has taken as long as it may.
    pub(crate) fn check(&self) -> Result<()> {
        let Some(timeout) = self.timeout.filter(|timeout| self.started.elapsed() >= *timeout) else { return Ok(()) };
        let message = format!("the run was given up after {timeout:?} and changed nothing; allow it a longer timeout");
        Err(Error::new(ErrorKind::DeadlineExceeded, message))
    }

    /// Does the work of a node; a traced run remembers how long it took.
    pub(crate) fn time<T>(&mut self, node: &Node, bytes: usize, work: impl FnOnce() -> T) -> T {
        let Some(trace) = &mut self.trace else { return work() };
        let start = self.started.elapsed();
        let done = work();
        trace.kernels.push(KernelStats {
            node: node.name().into(),
            kernel: node.op().name().into(),
            thread: 0,
            start,
            elapsed: self.started.elapsed() - start,
            bytes: bytes as u64,
        });
        done
    }

    /// What was traced, if it was asked for.
    pub(crate) fn into_metadata(self) -> Option<RunMetadata> {
        self.trace
    }
}
