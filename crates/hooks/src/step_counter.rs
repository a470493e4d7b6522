//! Tells how many steps a second the training makes.

use std::{fmt, sync::Arc};

use everstep_event::EventSink;
use everstep_hook::{AfterRun, Elapsed, Hook, Start, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::Result;

use crate::{sending, text};

/// Tells how many steps a second the training makes, as the scalar `global_step/sec` and in the log; named
/// `step_counter`.
///
/// The first step only arms it: every 100 steps from a fresh start is told at 101, 201, … The time between counts
/// whole: saves, evaluations and other hooks too; a session that takes the place of a lost one arms it anew.
/// A training run after which the step is no higher than before is warned about, the first five times.
pub struct StepCounter {
    trigger: Trigger,
    sink: Arc<dyn EventSink>,
    stalls: u32,
}

impl StepCounter {
    const TAG: &str = "global_step/sec";
    const WARNINGS: u32 = 5;

    /// Tells `sink` by this period, on the system's clock.
    pub fn new(when: impl Into<When>, sink: Arc<dyn EventSink>) -> Self {
        Self { trigger: Trigger::new(when), sink, stalls: 0 }
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    fn warn_of_stall(&mut self, step: u64) {
        if self.stalls < Self::WARNINGS {
            self.stalls += 1;
            log::warn!("the global step stayed at {step} in a training run; let the train op increment it");
        }
    }

    /// A clock that stood still gives no rate.
    fn tell(&self, step: u64, elapsed: Elapsed) -> Result<()> {
        if elapsed.time.is_zero() {
            return Ok(());
        }
        let rate = elapsed.steps as f64 / elapsed.time.as_secs_f64();
        log::info!("step {step}: {} = {}", Self::TAG, text::number(rate));
        sending::scalar(&*self.sink, step, Self::TAG, rate)
    }
}

impl<S: Session> Hook<S> for StepCounter {
    fn name(&self) -> &str {
        "step_counter"
    }

    fn after_create_session(&mut self, session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        if self.trigger.last_step().is_some() {
            self.trigger.done(session.global_step());
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        if run.purpose() != Purpose::Train {
            return Ok(());
        }
        let step = run.global_step();
        if step <= run.step_before() {
            self.warn_of_stall(step);
        }
        if !self.trigger.is_due(step) {
            return Ok(());
        }
        self.trigger.done(step).map_or(Ok(()), |elapsed| self.tell(step, elapsed))
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        let step = session.global_step();
        if self.trigger.is_due_at_end(step)
            && let Some(elapsed) = self.trigger.done(step)
        {
            self.tell(step, elapsed)?;
        }
        sending::flush(&*self.sink, step)
    }
}

impl fmt::Debug for StepCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepCounter").field("trigger", &self.trigger).finish_non_exhaustive()
    }
}
