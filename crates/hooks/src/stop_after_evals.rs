//! Ends an evaluation after a number of runs.

use everstep_hook::{AfterRun, Hook, Start};
use everstep_session::Session;
use everstep_tensor::Result;

/// Ends an evaluation after a number of evaluations, usually one a run, counted from each session's start; named `stop_after_evals`.
///
/// It logs `evaluation [i/n]`, each run where there are fewer than 20, else ten times and at the end.
#[derive(Clone, Copy, Debug)]
pub struct StopAfterEvals {
    limit: Option<u64>,
    done: u64,
    per_run: u64,
}

impl StopAfterEvals {
    /// Asks for the end after `limit` runs.
    pub fn new(limit: u64) -> Self {
        Self { limit: Some(limit), done: 0, per_run: 1 }
    }

    /// Only logs; the evaluation ends when its input is used up.
    pub fn endless() -> Self {
        Self { limit: None, done: 0, per_run: 1 }
    }

    /// The same where one run makes several evaluations, at least 1.
    pub fn evals_per_run(mut self, per_run: u64) -> Self {
        self.per_run = per_run.max(1);
        self
    }

    /// Evaluations so far.
    pub fn done(&self) -> u64 {
        self.done
    }

    fn is_logged(&self, limit: u64) -> bool {
        limit < 20 || self.done.is_multiple_of(limit / 10) || self.done == limit
    }
}

impl<S: Session> Hook<S> for StopAfterEvals {
    fn name(&self) -> &str {
        "stop_after_evals"
    }

    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        self.done = 0;
        if self.limit == Some(0) {
            start.request_stop("no evaluation was asked for");
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.done += self.per_run;
        match self.limit {
            Some(limit) if self.is_logged(limit) => log::info!("evaluation [{}/{limit}]", self.done),
            Some(_) => {}
            None => log::info!("evaluation [{}]", self.done),
        }
        if self.limit.is_some_and(|limit| self.done >= limit) {
            run.request_stop(format!("{} evaluations are done", self.done));
        }
        Ok(())
    }
}
