//! Tells how fast the training is, and where its time goes.

use std::{fmt, sync::Arc, time::Duration};

use everstep_event::EventSink;
use everstep_hook::{AfterRun, Elapsed, Hook, Part, Start, Times, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::Result;

use crate::{sending, text};

/// Tells how many steps a second the training makes, as the scalar `global_step/sec` and in the log; named
/// `step_counter`.
///
/// The first step only arms it: every 100 steps from a fresh start is told at 101, 201, … The time between counts
/// whole: saves, evaluations and other hooks too; a session that takes the place of a lost one arms it anew.
/// Where it is told more, it tells `samples/sec`, and what a step took on average, in milliseconds: `time_ms/input`,
/// `time_ms/compute`, `time_ms/hooks`, `time_ms/save`, and `time_ms/other` outside of the loop.
/// A training run after which the step is no higher than before is warned about, the first five times.
pub struct StepCounter {
    trigger: Trigger,
    sink: Arc<dyn EventSink>,
    stalls: u32,
    samples_per_step: Option<u64>,
    times: Option<Split>,
}

/// The account of times, and what stood there when the present period began.
struct Split {
    times: Times,
    before: [Duration; Part::ALL.len()],
}

impl StepCounter {
    const TAG: &str = "global_step/sec";
    const WARNINGS: u32 = 5;

    /// Tells `sink` by this period, on the system's clock.
    pub fn new(when: impl Into<When>, sink: Arc<dyn EventSink>) -> Self {
        Self { trigger: Trigger::new(when), sink, stalls: 0, samples_per_step: None, times: None }
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    /// The same, which tells samples a second too, of so many a step.
    pub fn samples_per_step(mut self, samples: u64) -> Self {
        self.samples_per_step = Some(samples);
        self
    }

    /// The same, which tells where the time of a step goes, as the loop enters it into this account.
    pub fn times(mut self, times: Times) -> Self {
        self.times = Some(Split { times, before: Default::default() });
        self
    }

    fn warn_of_stall(&mut self, step: u64) {
        if self.stalls < Self::WARNINGS {
            self.stalls += 1;
            log::warn!("the global step stayed at {step} in a training run; let the train op increment it");
        }
    }

    /// A clock that stood still gives no rate.
    fn tell(&mut self, step: u64, elapsed: Elapsed) -> Result<()> {
        if elapsed.time.is_zero() {
            return Ok(());
        }
        let rate = elapsed.steps as f64 / elapsed.time.as_secs_f64();
        log::info!("step {step}: {} = {}", Self::TAG, text::number(rate));
        sending::scalar(&*self.sink, step, Self::TAG, rate)?;
        if let Some(samples) = self.samples_per_step {
            sending::scalar(&*self.sink, step, "samples/sec", rate * samples as f64)?;
        }
        self.times.as_ref().map_or(Ok(()), |split| split.tell(step, elapsed, &*self.sink))
    }

    /// Does the work of this step, and begins the next period.
    fn count(&mut self, step: u64) -> Result<()> {
        let told = self.trigger.done(step).map_or(Ok(()), |elapsed| self.tell(step, elapsed));
        if let Some(split) = &mut self.times {
            split.before = split.totals();
        }
        told
    }
}

impl Split {
    fn totals(&self) -> [Duration; Part::ALL.len()] {
        Part::ALL.map(|part| self.times.total(part))
    }

    /// Tells what a step of the period took on average; what no part has entered is other.
    fn tell(&self, step: u64, elapsed: Elapsed, sink: &dyn EventSink) -> Result<()> {
        if elapsed.steps == 0 {
            return Ok(());
        }
        let millis = |time: Duration| time.as_secs_f64() * 1e3 / elapsed.steps as f64;
        let mut other = elapsed.time;
        for ((part, total), before) in Part::ALL.into_iter().zip(self.totals()).zip(self.before) {
            let time = total.saturating_sub(before);
            other = other.saturating_sub(time);
            sending::scalar(sink, step, &format!("time_ms/{}", part.name()), millis(time))?;
        }
        sending::scalar(sink, step, "time_ms/other", millis(other))
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
        if let Some(split) = &mut self.times {
            split.before = split.totals();
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
        self.count(step)
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        let step = session.global_step();
        if self.trigger.is_due_at_end(step) {
            self.count(step)?;
        }
        sending::flush(&*self.sink, step)
    }
}

impl fmt::Debug for StepCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepCounter").field("trigger", &self.trigger).finish_non_exhaustive()
    }
}
