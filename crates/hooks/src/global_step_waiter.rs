//! Lets a worker begin later than the others.

use std::{sync::Arc, time::Duration};

use everstep_hook::{BeforeRun, Hook, Start};
use everstep_session::{Clock, Deadline, Monotonic, Purpose, Session, Stop};
use everstep_tensor::Result;

/// Waits before the first training run until the session's step has reached a given one; named `global_step_waiter`.
///
/// For a worker that shall begin after others have warmed the model up. It looks at the step at first every 50 ms and
/// then ever more seldom, at most every 2 s, and logs when it begins to wait and each 1000 steps. A session in place of
/// a lost one is not waited for again.
///
/// ```
/// use std::time::Duration;
/// use everstep_hooks::GlobalStepWaiter;
///
/// let waiter = GlobalStepWaiter::new(1000).no_longer_than(Duration::from_secs(600));
/// ```
#[derive(Clone, Debug)]
pub struct GlobalStepWaiter {
    step: u64,
    limit: Option<Duration>,
    clock: Arc<dyn Clock>,
    stop: Stop,
    waited: bool,
}

impl GlobalStepWaiter {
    const FIRST_WAIT: Duration = Duration::from_millis(50);
    const LONGEST_WAIT: Duration = Duration::from_secs(2);
    const STEPS_BETWEEN_LINES: u64 = 1000;

    /// Waits for this step, for as long as it takes; 0 is no wait.
    pub fn new(step: u64) -> Self {
        Self { step, limit: None, clock: Arc::new(Monotonic), stop: Stop::default(), waited: false }
    }

    /// The same, and gives up with `DeadlineExceeded` when it has waited so long.
    pub fn no_longer_than(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn wait<S: Session>(&self, run: &BeforeRun<'_, S>) -> Result<()> {
        let mut step = run.global_step();
        if step >= self.step {
            return Ok(());
        }
        log::info!("waiting for step {}; it is {step}", self.step);
        let phase = format!("waiting for step {}", self.step);
        let until = Deadline::new(phase, self.limit, self.clock.clone(), self.stop.clone());
        let (mut wait, mut logged) = (Self::FIRST_WAIT, step);
        while step < self.step {
            until.wait(wait)?;
            wait = (wait * 2).min(Self::LONGEST_WAIT);
            step = run.global_step();
            if step.saturating_sub(logged) >= Self::STEPS_BETWEEN_LINES {
                log::info!("waiting for step {}; it is {step}", self.step);
                logged = step;
            }
        }
        Ok(())
    }
}

impl<S: Session> Hook<S> for GlobalStepWaiter {
    fn name(&self) -> &str {
        "global_step_waiter"
    }

    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        self.stop = start.stop().clone();
        Ok(())
    }

    /// # Errors
    /// `Cancelled` if the end is asked for while it waits, `DeadlineExceeded` if it takes too long; both name the step.
    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() != Purpose::Train || self.waited {
            return Ok(());
        }
        if self.step > 0 {
            self.wait(run)?;
        }
        self.waited = true;
        Ok(())
    }
}
