//! The parameters of a training.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use everstep_checkpoint::Keep;
use everstep_hook::{Every, Hook, Times};
use everstep_monitored::Recovery;
use everstep_session::{RunMetadata, Session, SessionConfig, Stop};
use everstep_tensor::{Error, ErrorKind, Result};

use crate::Scaffold;

/// The parameters of [`train`](crate::train) and of a [`MonitoredTrainingSession`](crate::MonitoredTrainingSession),
/// named as those of TensorFlow's `tf.contrib.training.train` and `MonitoredTrainingSession`.
///
/// `None` and 0 turn a period off; of two periods for one thing, in steps and in seconds, whichever comes first counts.
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
    /// Seconds between two checkpoints, by default 600; with both periods off only hooks of the caller's ask for saves.
    pub save_checkpoint_secs: Option<f64>,
    /// Steps between two checkpoints, by default off.
    pub save_checkpoint_steps: Option<u64>,
    /// Which checkpoints stay in the log directory, by default the last five; a saver of the scaffold's has its own rule.
    pub keep_checkpoints: Keep,
    /// The run's configuration as text, recorded with its hash in each checkpoint in the log directory; resuming under
    /// another one warns.
    pub run_config: String,
    /// Steps between two records of the summaries, by default 100.
    pub save_summaries_steps: Option<u64>,
    /// Seconds between two records of the summaries, by default off.
    pub save_summaries_secs: Option<f64>,
    /// Steps between two records of `global_step/sec` and where the time of a step goes, and, at most once a second,
    /// the memory; by default 100.
    pub log_step_count_steps: Option<u64>,
    /// The account of where the time goes; whoever makes batches outside of hooks may enter that as the input's.
    pub times: Times,
    /// Where events go; by default the directory of the checkpoints.
    pub summary_dir: Option<PathBuf>,
    /// How sessions are opened.
    pub config: SessionConfig,
    /// How long a process that is not the chief waits for the model, in seconds.
    pub max_wait_secs: f64,
    /// How long threads beside the loop may go on after the end, in seconds.
    pub stop_grace_period_secs: f64,
    /// Cleared and filled on every run with what it told: nothing unless a hook or the configuration asked for a trace.
    pub run_metadata: Option<&'a mut RunMetadata>,
    /// How a lost session is replaced; `Recovery::NONE` is the singular session, whose loss is an error.
    pub recovery: Recovery,
    /// Asks for the end from outside: a signal handler, another thread; for one training.
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
            save_checkpoint_steps: None,
            keep_checkpoints: Keep::default(),
            run_config: String::new(),
            save_summaries_steps: Some(100),
            save_summaries_secs: None,
            log_step_count_steps: Some(100),
            times: Times::default(),
            summary_dir: None,
            config: SessionConfig::default(),
            max_wait_secs: 7200.0,
            stop_grace_period_secs: 120.0,
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
        for (name, directory) in [("logdir", logdir), ("summary_dir", self.summary_dir.as_deref())] {
            if directory.is_some_and(|directory| directory.as_os_str().is_empty()) {
                return refuse(format!("{name} is an empty path; name a directory, or pass None to keep nothing"));
            }
        }
        for (name, secs) in [
            ("save_checkpoint_secs", self.save_checkpoint_secs),
            ("save_summaries_secs", self.save_summaries_secs),
            ("max_wait_secs", Some(self.max_wait_secs)),
            ("stop_grace_period_secs", Some(self.stop_grace_period_secs)),
        ] {
            if let Some(secs) = secs.filter(|secs| secs.is_nan() || *secs < 0.0) {
                return refuse(format!("{name} is {secs}; give seconds from 0 on"));
            }
        }
        Ok(())
    }

    /// What `train` asks beyond [`check`](Self::check): what is to be written has a place.
    ///
    /// # Errors
    /// `InvalidArgument` naming the parameter, its value and the remedy.
    pub(crate) fn check_place(&self, logdir: Option<&Path>) -> Result<()> {
        if !self.is_chief || logdir.is_some() {
            return Ok(());
        }
        let summaries_have_place = self.scaffold.events.is_some() || self.summary_dir.is_some();
        if !summaries_have_place && let Some((name, period)) = said("save_summaries", self.save_summaries()) {
            return refuse(format!(
                "logdir is None while {name} is {period}; name a directory, give the scaffold a sink of events, or pass \
                 None for {name}"
            ));
        }
        if self.scaffold.saver.is_none()
            && let Some((name, period)) = said("save_checkpoint", self.save_checkpoint())
        {
            return refuse(format!(
                "logdir is None while {name} is {period}; name a directory, give the scaffold a saver, or pass None for \
                 {name}"
            ));
        }
        Ok(())
    }

    pub(crate) fn save_checkpoint(&self) -> Every {
        either(self.save_checkpoint_steps, self.save_checkpoint_secs)
    }

    pub(crate) fn save_summaries(&self) -> Every {
        either(self.save_summaries_steps, self.save_summaries_secs)
    }

    pub(crate) fn log_step_count(&self) -> Every {
        either(self.log_step_count_steps, None)
    }

    pub(crate) fn max_wait(&self) -> Duration {
        duration(self.max_wait_secs)
    }

    pub(crate) fn grace(&self) -> Duration {
        duration(self.stop_grace_period_secs)
    }
}

fn refuse(message: String) -> Result<()> {
    Err(Error::new(ErrorKind::InvalidArgument, message))
}

fn either(steps: Option<u64>, secs: Option<f64>) -> Every {
    Every { steps: steps.unwrap_or(0), ..Every::secs(secs.unwrap_or(0.0)) }
}

/// The parameter that turns a period on, and its value.
fn said(name: &str, Every { steps, time }: Every) -> Option<(String, f64)> {
    if steps > 0 {
        return Some((format!("{name}_steps"), steps as f64));
    }
    (!time.is_zero()).then(|| (format!("{name}_secs"), time.as_secs_f64()))
}

/// Of seconds that were checked; more than a duration holds is for ever.
fn duration(secs: f64) -> Duration {
    Duration::try_from_secs_f64(secs).unwrap_or(Duration::MAX)
}

impl<S: Session> fmt::Debug for TrainOptions<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrainOptions")
            .field("master", &self.master)
            .field("is_chief", &self.is_chief)
            .field("scaffold", &self.scaffold)
            .field("hooks", &self.hooks.len())
            .field("chief_only_hooks", &self.chief_only_hooks.len())
            .field("save_checkpoint", &self.save_checkpoint())
            .field("save_summaries", &self.save_summaries())
            .field("config", &self.config)
            .field("max_wait_secs", &self.max_wait_secs)
            .finish_non_exhaustive()
    }
}
