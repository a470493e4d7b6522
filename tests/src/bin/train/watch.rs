//! A hook of the program's own: what the report tells of the loop.

use std::time::{Duration, Instant};

use everstep::{
    hook::StartedFrom,
    prelude::{AfterRun, Hook, Result, Session, Start},
};

/// Sees where the training began, how long it took and how often its session was lost.
pub(crate) struct Watch {
    pub(crate) resumed_at: Option<u64>,
    /// Sessions lost and replaced.
    pub(crate) restarts: u32,
    pub(crate) steps: u64,
    began: Instant,
    ended: Option<Instant>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self { resumed_at: None, restarts: 0, steps: 0, began: Instant::now(), ended: None }
    }

    pub(crate) fn time(&self) -> Duration {
        self.ended.unwrap_or_else(Instant::now) - self.began
    }
}

impl<S: Session> Hook<S> for Watch {
    fn name(&self) -> &str {
        "watch"
    }
    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        self.restarts = start.restarts;
        self.steps += u64::from(start.applied_unseen);
        if start.restarts > 0 {
            return Ok(());
        }
        if let StartedFrom::Restored(step) = start.from {
            println!("resumed at step {step}");
            self.resumed_at = Some(step);
        }
        self.began = Instant::now();
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.steps += run.global_step() - run.step_before();
        Ok(())
    }
    fn end(&mut self, _session: &mut S) -> Result<()> {
        self.ended = Some(Instant::now());
        Ok(())
    }
}
