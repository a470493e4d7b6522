//! The parameters of a monitored training session.

use std::{fmt, path::PathBuf, time::Duration};

use everstep_hook::{Every, Hook, Times};
use everstep_monitored::Recovery;
use everstep_session::{Session, SessionConfig, Stop};

use crate::Scaffold;

/// The parameters of a [`MonitoredTrainingSession`](crate::MonitoredTrainingSession); an [`Every`] in steps and in
/// seconds is whichever comes first.
pub struct MonitoredOptions<'a, S: Session> {
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
    /// How often to save, by default every 600 s; never: only hooks of the caller's ask for saves.
    pub save_checkpoint: Every,
    /// How often to record the summaries, by default every 100 steps.
    pub save_summaries: Every,
    /// How often to record `global_step/sec` and where the time of a step goes, and, at most once a second, the memory;
    /// by default every 100 steps.
    pub log_step_count: Every,
    /// The account of where the time goes; whoever makes batches outside of hooks may enter that as the input's.
    pub times: Times,
    /// Where events go; by default the checkpoint directory.
    pub summary_dir: Option<PathBuf>,
    /// How sessions are opened.
    pub config: SessionConfig,
    /// How long a process that is not the chief waits for the model.
    pub max_wait: Duration,
    /// How long threads beside the loop may go on after the end.
    pub grace: Duration,
    /// How a lost session is replaced; `Recovery::NONE` is the singular session, whose loss is an error.
    pub recovery: Recovery,
    /// Asks for the end from outside; for one training.
    pub stop: Stop,
}

impl<S: Session> Default for MonitoredOptions<'_, S> {
    fn default() -> Self {
        Self {
            master: String::new(),
            is_chief: true,
            scaffold: Scaffold::default(),
            hooks: Vec::new(),
            chief_only_hooks: Vec::new(),
            save_checkpoint: Every::secs(600.0),
            save_summaries: Every::steps(100),
            log_step_count: Every::steps(100),
            times: Times::default(),
            summary_dir: None,
            config: SessionConfig::default(),
            max_wait: Duration::from_secs(7200),
            grace: Duration::from_secs(120),
            recovery: Recovery::default(),
            stop: Stop::default(),
        }
    }
}

impl<S: Session> fmt::Debug for MonitoredOptions<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitoredOptions")
            .field("master", &self.master)
            .field("is_chief", &self.is_chief)
            .field("scaffold", &self.scaffold)
            .field("hooks", &self.hooks.len())
            .field("chief_only_hooks", &self.chief_only_hooks.len())
            .field("save_checkpoint", &self.save_checkpoint)
            .field("save_summaries", &self.save_summaries)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
