//! Asks the loop for checkpoints.

use std::sync::Arc;

use everstep_hook::{AfterRun, Hook, Start, StartedFrom, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::{Result, Save};

use crate::{Listener, listener::Listening};

/// Asks the loop to save: at a fresh start, by its period from there on, and at the end; named `checkpoint_saver`.
///
/// The period is measured from the last save that this hook asked for, or from the start of the session: a restored
/// model is not saved at the step it was restored from. [`Every::NEVER`](everstep_hook::Every::NEVER) leaves the first
/// and the last save.
/// The hook holds no file: the loop saves, after every hook has accepted the step.
#[derive(Clone, Debug)]
pub struct CheckpointSaver {
    trigger: Trigger,
    listening: Option<Arc<Listening>>,
}

impl CheckpointSaver {
    /// Saves by this period, on the system's clock.
    pub fn new(when: impl Into<When>) -> Self {
        Self { trigger: Trigger::new(when), listening: None }
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    /// The same, and the saver that the loop is to be given in place of `saver`, of whose every save `listeners` are
    /// told.
    ///
    /// Such a save waits until it is durable. The loop must be given both: without this hook the listeners are told of
    /// saves alone, and their wish for the end is not heard.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use everstep_hook::Every;
    /// use everstep_hooks::{CheckpointSaver, Listener};
    /// use everstep_tensor::{Result, Save, Saving};
    ///
    /// /// Ends a training with its third save.
    /// struct Three(u32);
    ///
    /// impl Listener for Three {
    ///     fn after_save(&mut self, _: &Saving<'_>) -> Result<Option<String>> {
    ///         self.0 += 1;
    ///         Ok((self.0 == 3).then(|| "three are saved".into()))
    ///     }
    /// }
    ///
    /// fn with_three(saver: Arc<dyn Save>) -> (CheckpointSaver, Arc<dyn Save>) {
    ///     CheckpointSaver::new(Every::secs(600.0)).listeners(saver, vec![Box::new(Three(0))])
    /// }
    /// ```
    pub fn listeners(mut self, saver: Arc<dyn Save>, listeners: Vec<Box<dyn Listener>>) -> (Self, Arc<dyn Save>) {
        let listening = Arc::new(Listening::new(saver, listeners));
        self.listening = Some(listening.clone());
        (self, listening)
    }
}

impl<S: Session> Hook<S> for CheckpointSaver {
    fn name(&self) -> &str {
        "checkpoint_saver"
    }

    fn begin(&mut self) -> Result<()> {
        self.listening.as_ref().map_or(Ok(()), |listening| listening.begin())
    }

    fn after_create_session(&mut self, session: &mut S, start: &mut Start<'_>) -> Result<()> {
        if let Some(listening) = &self.listening {
            listening.stop_with(start.stop());
        }
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

    fn end(&mut self, session: &mut S) -> Result<()> {
        if let Some(listening) = &self.listening {
            listening.ends_at(session.global_step());
        }
        Ok(())
    }
}
