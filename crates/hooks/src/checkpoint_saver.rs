//! Asks the loop for checkpoints.

use std::sync::Arc;

use everstep_hook::{AfterRun, Every, Hook, Start, StartedFrom, Trigger};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::Result;

/// Asks the loop to save: at a fresh start, by its period from there on, and at the end; named `checkpoint_saver`.
///
/// The period is measured from the last save that this hook asked for, or from the start of the session: a restored
/// model is not saved at the step it was restored from. [`Every::NEVER`] leaves the first and the last save.
/// The hook holds no file: the loop saves, after every hook has accepted the step.
#[derive(Clone, Debug)]
pub struct CheckpointSaver {
    every: Every,
    trigger: Trigger,
}

impl CheckpointSaver {
    /// Saves by this period, on the system's clock.
    pub fn new(every: Every) -> Self {
        Self { every, trigger: Trigger::new(every) }
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.every, clock);
        self
    }
}

impl<S: Session> Hook<S> for CheckpointSaver {
    fn name(&self) -> &str {
        "checkpoint_saver"
    }

    fn after_create_session(&mut self, session: &mut S, start: &mut Start<'_>) -> Result<()> {
        self.trigger.done(session.global_step());
        start.save_at_end();
        if start.from == StartedFrom::Fresh {
            start.request_save("the training starts");
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let step = run.global_step();
        if run.purpose() == Purpose::Train && self.trigger.is_due(step) {
            self.trigger.done(step);
            run.request_save("the period has passed");
        }
        Ok(())
    }
}
