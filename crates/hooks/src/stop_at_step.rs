//! Asks for the end at a step.

use everstep_hook::{AfterRun, Hook, Start};
use everstep_session::{Purpose, Session};
use everstep_tensor::Result;

/// Asks for the end when the global step reaches the last step; named `stop_at_step`.
///
/// A training that is there already when it starts is asked to run not one step more.
#[derive(Clone, Debug)]
pub struct StopAtStep {
    last: Last,
}

#[derive(Clone, Copy, Debug)]
enum Last {
    At(u64),
    /// Becomes `At` at the first session, so that a recovered training keeps its target.
    After(u64),
}

impl StopAtStep {
    /// Stops when this many updates have been applied, however many a restored training brings along.
    pub fn last_step(last_step: u64) -> Self {
        Self { last: Last::At(last_step) }
    }

    /// Stops this many updates after the step of the first session.
    pub fn num_steps(num_steps: u64) -> Self {
        Self { last: Last::After(num_steps) }
    }

    /// The step to stop at, known from the first session on; resolved only once.
    fn resolve(&mut self, step: u64) -> u64 {
        let last = match self.last {
            Last::At(last) => last,
            Last::After(steps) => step.saturating_add(steps),
        };
        self.last = Last::At(last);
        last
    }

    fn reason(&mut self, step: u64) -> Option<String> {
        let last = self.resolve(step);
        (step >= last).then(|| format!("step {step} has reached the last step, {last}"))
    }
}

impl<S: Session> Hook<S> for StopAtStep {
    fn name(&self) -> &str {
        "stop_at_step"
    }

    fn after_create_session(&mut self, session: &mut S, start: &mut Start<'_>) -> Result<()> {
        if let Some(reason) = self.reason(session.global_step()) {
            start.request_stop(reason);
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Train
            && let Some(reason) = self.reason(run.global_step())
        {
            run.request_stop(reason);
        }
        Ok(())
    }
}
