//! The parameters of `train`.

use std::{fmt, path::Path, time::Duration};

use everstep_hook::Hook;
use everstep_monitored::Recovery;
use everstep_session::{RunMetadata, Session, SessionConfig, Stop};
use everstep_tensor::{Error, ErrorKind, Result};

use crate::Scaffold;

/// The parameters of [`train`](crate::train), named as those of TensorFlow's `tf.contrib.training.train`.
pub struct TrainOptions<'a, S: Session> {
    /// Where the engine is; empty for one in this process.
    pub master: String,
    /// Whether this process initialises, restores and saves; the others wait until the model is ready.
    pub is_chief: bool,
    /// The pieces around the session.
    pub scaffold: Scaffold<'a, S>,
    /// Hooks that every process runs, after the default ones.
    pub hooks: Vec<Box<dyn Hook<S> + 'a>>,
    /// Hooks that the chief alone runs, before all others.
    pub chief_only_hooks: Vec<Box<dyn Hook<S> + 'a>>,
    /// Seconds between two checkpoints; `None` and 0 are off, and then only hooks of the caller's ask for saves.
    pub save_checkpoint_secs: Option<f64>,
    /// Steps between two records of the summaries; `None` and 0 are off.
    pub save_summaries_steps: Option<u64>,
    /// How sessions are opened.
    pub config: SessionConfig,
    /// How long a process that is not the chief waits for the model, in seconds.
    pub max_wait_secs: f64,
    /// Cleared and filled on every run with what it told: nothing unless a hook or the configuration asked for a trace.
    pub run_metadata: Option<&'a mut RunMetadata>,
    /// How a lost session is replaced.
    pub recovery: Recovery,
    /// Asks for the end from outside: a signal handler, another thread.
    pub stop: Stop,
}

impl<S: Session> Default for TrainOptions<'_, S> {
    fn default() -> Self {
        Self {
            master: String::new(),
            is_chief: true,
            scaffold: Scaffold::default(),
            hooks: Vec::new(),
            chief_only_hooks: Vec::new(),
            save_checkpoint_secs: Some(600.0),
            save_summaries_steps: Some(100),
            config: SessionConfig::default(),
            max_wait_secs: 7200.0,
            run_metadata: None,
            recovery: Recovery::default(),
            stop: Stop::default(),
        }
    }
}

impl<S: Session> TrainOptions<'_, S> {
    /// # Errors
    /// `InvalidArgument` naming the parameter, its value and the remedy.
    pub(crate) fn check(&self, logdir: Option<&Path>) -> Result<()> {
        let refuse = |message: String| Err(Error::new(ErrorKind::InvalidArgument, message));
        if logdir.is_some_and(|logdir| logdir.as_os_str().is_empty()) {
            return refuse("logdir is an empty path; name a directory, or pass None to keep nothing".into());
        }
        let nowhere = self.is_chief && logdir.is_none();
        if let Some(steps) = self.save_summaries_steps.filter(|steps| *steps > 0)
            && nowhere
            && self.scaffold.events.is_none()
        {
            return refuse(format!(
                "logdir is None while save_summaries_steps is {steps}; name a directory, give the scaffold a sink of \
                 events, or pass None for save_summaries_steps"
            ));
        }
        let secs = self.save_checkpoint_secs.unwrap_or(0.0);
        if secs.is_nan() || secs < 0.0 {
            return refuse(format!("save_checkpoint_secs is {secs}; give seconds above 0, or None to save nothing"));
        }
        if secs > 0.0 && nowhere && self.scaffold.saver.is_none() {
            return refuse(format!(
                "logdir is None while save_checkpoint_secs is {secs}; name a directory, give the scaffold a saver, or \
                 pass None for save_checkpoint_secs"
            ));
        }
        if self.max_wait_secs.is_nan() || self.max_wait_secs < 0.0 {
            return refuse(format!("max_wait_secs is {}; give seconds from 0 on", self.max_wait_secs));
        }
        Ok(())
    }

    pub(crate) fn max_wait(&self) -> Duration {
        Duration::try_from_secs_f64(self.max_wait_secs).unwrap_or(Duration::MAX)
    }
}

impl<S: Session> fmt::Debug for TrainOptions<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrainOptions")
            .field("master", &self.master)
            .field("is_chief", &self.is_chief)
            .field("scaffold", &self.scaffold)
            .field("hooks", &self.hooks.len())
            .field("chief_only_hooks", &self.chief_only_hooks.len())
            .field("save_checkpoint_secs", &self.save_checkpoint_secs)
            .field("save_summaries_steps", &self.save_summaries_steps)
            .field("config", &self.config)
            .field("max_wait_secs", &self.max_wait_secs)
            .finish_non_exhaustive()
    }
}
