//! Until when a wait may last.

use std::{sync::Arc, time::Duration};

use everstep_tensor::{Error, ErrorKind, Result};

use crate::{Clock, Stop};

/// Until when a wait may last, what it waits for, and the stop that ends it early.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// What is being waited for, for the error's text.
    pub phase: String,
    /// How long the wait may last; `None` is for ever.
    pub limit: Option<Duration>,
    clock: Arc<dyn Clock>,
    began: Duration,
    stop: Stop,
}

impl Deadline {
    /// How long a stop may go unnoticed while a wait sleeps.
    const SLICE: Duration = Duration::from_millis(50);

    /// A wait that begins now.
    pub fn new(phase: impl Into<String>, limit: Option<Duration>, clock: Arc<dyn Clock>, stop: Stop) -> Self {
        Self { phase: phase.into(), limit, began: clock.now(), clock, stop }
    }

    /// What is left of the time; `None` is for ever.
    pub fn left(&self) -> Option<Duration> {
        let passed = self.clock.now().saturating_sub(self.began);
        self.limit.map(|limit| limit.saturating_sub(passed))
    }

    /// # Errors
    /// `Cancelled` if a stop was requested, `DeadlineExceeded` if no time is left; both name the phase.
    pub fn check(&self) -> Result<()> {
        if let Some(reason) = self.stop.reason() {
            let message = format!("{} was given up because a stop was requested: {reason}", self.phase);
            return Err(Error::new(ErrorKind::Cancelled, message));
        }
        match (self.left(), self.limit) {
            (Some(Duration::ZERO), Some(limit)) => {
                let message = format!("{} took longer than {:.1} s", self.phase, limit.as_secs_f64());
                Err(Error::new(ErrorKind::DeadlineExceeded, message))
            }
            _ => Ok(()),
        }
    }

    /// Sleeps for `time`, or until the deadline or a stop ends the wait.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn wait(&self, time: Duration) -> Result<()> {
        let until = self.clock.now().saturating_add(time);
        loop {
            self.check()?;
            let rest = until.saturating_sub(self.clock.now());
            if rest.is_zero() {
                return Ok(());
            }
            self.clock.sleep(rest.min(self.left().unwrap_or(rest)).min(Self::SLICE));
        }
    }
}
