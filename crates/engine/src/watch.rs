//! The time of a run: its limit, and what each kernel took.

use std::time::{Duration, Instant};

use everstep_session::{KernelStats, RunOptions, SessionConfig};
use everstep_tensor::{Error, ErrorKind, Result};

/// What the configuration says of the time of every run.
#[derive(Debug)]
pub(crate) struct Watches {
    timeout: Option<Duration>,
    trace_every: u64,
    runs: u64,
}

/// Started with a run; looked at between kernels.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Unless nobody asks for the time.
    started: Option<Instant>,
    timeout: Option<Duration>,
    kernels: Option<Vec<KernelStats>>,
}

impl Watches {
    pub(crate) fn new(config: &SessionConfig) -> Self {
        Self { timeout: config.operation_timeout, trace_every: config.trace_every, runs: 0 }
    }

    /// The next run begins.
    pub(crate) fn start(&mut self, options: &RunOptions) -> Watch {
        self.runs += 1;
        let is_due = self.trace_every > 0 && self.runs.is_multiple_of(self.trace_every);
        let timeout = options.timeout.or(self.timeout);
        let kernels = (options.trace || is_due).then(Vec::new);
        let started = (timeout.is_some() || kernels.is_some()).then(Instant::now);
        Watch { started, timeout, kernels }
    }
}

impl Watch {
    /// # Errors
    /// `DeadlineExceeded`, if the run has taken as long as it may.
    pub(crate) fn check(&self) -> Result<()> {
        let (Some(timeout), Some(started)) = (self.timeout, self.started) else { return Ok(()) };
        if started.elapsed() < timeout {
            return Ok(());
        }
        let message = format!("the run was given up after {timeout:?} and changed nothing; allow it a longer timeout");
        Err(Error::new(ErrorKind::DeadlineExceeded, message))
    }

    /// Does the work of a kernel; a traced run remembers how long it took.
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (Some(kernels), Some(started)) = (&mut self.kernels, self.started) else { return work() };
        let start = started.elapsed();
        let done = work();
        let elapsed = started.elapsed() - start;
        kernels.push(KernelStats { start, elapsed, ..KernelStats::default() });
        done
    }

    /// What is known of the last kernel, to be completed; nothing if the run is not traced.
    pub(crate) fn last(&mut self) -> Option<&mut KernelStats> {
        self.kernels.as_mut()?.last_mut()
    }

    /// The kernels that ran, if the run is traced.
    pub(crate) fn take_kernels(&mut self) -> Option<Vec<KernelStats>> {
        self.kernels.take()
    }
}
