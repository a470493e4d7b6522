//! The checkpoints of a training that goes on elsewhere, as they come.

use std::{fmt, sync::Arc, time::Duration};

use everstep_session::{Clock, Deadline, Monotonic, Stop};
use everstep_tensor::{Checkpoint, ErrorKind, Result, Save, Which};

/// How checkpoints are waited for.
pub struct CheckpointsOptions<'a> {
    /// No two checkpoints are given within this time; those that come between are passed over.
    pub min_interval: Duration,
    /// How long a new one may take; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Called when the time is over: whether that is the end. Without it, it is.
    pub timeout_fn: Option<Box<dyn FnMut() -> bool + 'a>>,
    /// Time between two looks.
    pub poll: Duration,
    /// What waits are measured by.
    pub clock: Arc<dyn Clock>,
    /// Ends a wait.
    pub stop: Stop,
}

impl Default for CheckpointsOptions<'_> {
    fn default() -> Self {
        Self {
            min_interval: Duration::ZERO,
            timeout: None,
            timeout_fn: None,
            poll: Duration::from_secs(1),
            clock: Arc::new(Monotonic),
            stop: Stop::default(),
        }
    }
}

/// The newest checkpoint of a step above `after`, waited for; `None` if none came in time or a stop was requested.
///
/// The saver is looked at once at least, and not again where the time does not last for another look.
///
/// # Errors
/// What the saver returns; `DataLoss` too is an error, for a checkpoint that is written whole is never damaged.
pub fn wait_for_new_checkpoint(
    saver: &dyn Save,
    after: Option<u64>,
    poll: Duration,
    until: &Deadline,
) -> Result<Option<Checkpoint>> {
    let is_new = |step: u64| after.is_none_or(|after| step > after);
    loop {
        if saver.newest_step()?.is_some_and(is_new)
            && let Some(checkpoint) = saver.open(Which::Newest)?.filter(|checkpoint| is_new(checkpoint.step))
        {
            return Ok(Some(checkpoint));
        }
        if until.left().is_some_and(|left| left < poll) {
            return Ok(None);
        }
        match until.wait(poll) {
            Ok(()) => {}
            Err(end) if matches!(end.kind(), ErrorKind::DeadlineExceeded | ErrorKind::Cancelled) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// The checkpoints of a training that goes on elsewhere, as they come; made by [`checkpoints`].
pub struct Checkpoints<'a> {
    saver: Arc<dyn Save>,
    options: CheckpointsOptions<'a>,
    last: Option<(u64, Duration)>,
}

/// Gives the newest checkpoint, then each newer one as it comes, until the time is over or a stop is requested.
///
/// Where several come while the caller works, only the newest is given.
pub fn checkpoints(saver: Arc<dyn Save>, options: CheckpointsOptions<'_>) -> Checkpoints<'_> {
    Checkpoints { saver, options, last: None }
}

impl Checkpoints<'_> {
    fn wait(&self) -> Result<Option<Checkpoint>> {
        let CheckpointsOptions { poll, timeout, clock, stop, .. } = &self.options;
        let until = Deadline::new("waiting for a checkpoint", *timeout, clock.clone(), stop.clone());
        wait_for_new_checkpoint(&*self.saver, self.last.map(|(step, _)| step), *poll, &until)
    }

    /// Sleeps until the last checkpoint was given `min_interval` ago; false if a stop ended that.
    fn keep_interval(&self) -> bool {
        let CheckpointsOptions { min_interval, clock, stop, .. } = &self.options;
        let Some((_, given)) = self.last else { return true };
        let rest = given.saturating_add(*min_interval).saturating_sub(clock.now());
        Deadline::new("keeping the interval", None, clock.clone(), stop.clone()).wait(rest).is_ok()
    }
}

impl Iterator for Checkpoints<'_> {
    type Item = Result<Checkpoint>;

    fn next(&mut self) -> Option<Self::Item> {
        if !self.keep_interval() {
            return None;
        }
        loop {
            match self.wait() {
                Ok(Some(checkpoint)) => {
                    self.last = Some((checkpoint.step, self.options.clock.now()));
                    return Some(Ok(checkpoint));
                }
                Ok(None) if self.options.stop.is_requested() => return None,
                Ok(None) if self.options.timeout_fn.as_mut().is_none_or(|is_end| is_end()) => {
                    log::info!("no new checkpoint came in time");
                    return None;
                }
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl fmt::Debug for Checkpoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoints").field("last", &self.last).field("options", &self.options).finish_non_exhaustive()
    }
}

impl fmt::Debug for CheckpointsOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min_interval, timeout, poll, .. } = self;
        f.debug_struct("CheckpointsOptions")
            .field("min_interval", min_interval)
            .field("timeout", timeout)
            .field("poll", poll)
            .finish_non_exhaustive()
    }
}
