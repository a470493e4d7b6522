//! Tells when a training stands still.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use everstep_hook::{AfterRun, BeforeRun, Hook, Start};
use everstep_session::{Clock, Monotonic, Purpose, Session};
use everstep_tensor::{Error, Result, Variables};

/// Logs an error when no step was made for so long, with what the loop is doing and since when; named `watchdog`.
///
/// The first line comes after the limit, and another each time it passes again. A thread of its own watches from the
/// hook's `begin` to its `end`, the opening of sessions and waits of a worker included: the limit must be longer than
/// these. What it tells of is what the loop last told it: `in a training run` includes what other hooks do in it, and
/// the replacement of a session that was lost in it.
///
/// ```
/// use std::time::Duration;
/// use everstep_hooks::Watchdog;
///
/// // A job that hangs ends, and so is started anew by whatever watches the job.
/// let watchdog = Watchdog::new(Duration::from_secs(1800)).abort();
/// ```
#[derive(Debug)]
pub struct Watchdog {
    limit: Duration,
    abort: bool,
    clock: Arc<dyn Clock>,
    watched: Arc<Watched>,
    thread: Option<JoinHandle<()>>,
}

/// What the loop tells and the thread looks at.
#[derive(Debug, Default)]
struct Watched {
    progress: Mutex<Progress>,
    ended: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    step: u64,
    last_step: Duration,
    /// When the last step was made, or the last line was logged.
    quiet_since: Duration,
    doing: Doing,
    doing_since: Duration,
    is_over: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum Doing {
    #[default]
    Opening,
    BetweenRuns,
    Training,
    Reading,
    Saving,
}

impl Watchdog {
    /// Logs when no step was made for so long, on the system's clock; zero is never.
    pub fn new(limit: Duration) -> Self {
        Self { limit, abort: false, clock: Arc::new(Monotonic), watched: Arc::default(), thread: None }
    }

    /// The same, and aborts the process after the first line, as `std::process::abort` does.
    pub fn abort(mut self) -> Self {
        self.abort = true;
        self
    }

    /// The same on another clock; how often the thread looks at it is a matter of the system's.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn tell(&self, doing: Doing) {
        let now = self.clock.now();
        let mut progress = self.watched.lock();
        progress.doing = doing;
        progress.doing_since = now;
    }

    fn end(&mut self) {
        self.watched.lock().is_over = true;
        self.watched.ended.notify_all();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the thread of the watchdog panicked");
        }
    }
}

impl Watched {
    /// Poisoning means nothing here: every state is a sound one.
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks until it is over.
    fn watch(&self, limit: Duration, clock: &dyn Clock, abort: bool) {
        let period = (limit / 8).clamp(Duration::from_millis(1), Duration::from_secs(1));
        let mut progress = self.lock();
        while !progress.is_over {
            if let Some(line) = progress.look(limit, clock.now()) {
                drop(progress);
                log::error!("{line}");
                if abort {
                    log::logger().flush();
                    std::process::abort();
                }
                progress = self.lock();
                continue;
            }
            progress = self.ended.wait_timeout(progress, period).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Progress {
    /// What is to be logged now, if anything.
    fn look(&mut self, limit: Duration, now: Duration) -> Option<String> {
        if limit.is_zero() || now.saturating_sub(self.quiet_since) < limit {
            return None;
        }
        self.quiet_since = now;
        let still = now.saturating_sub(self.last_step).as_secs_f64();
        let doing = now.saturating_sub(self.doing_since).as_secs_f64();
        let Self { step, .. } = self;
        Some(format!("no step for {still:.1} s, since step {step}: for {doing:.1} s the loop is {}", self.doing.text()))
    }
}

impl Doing {
    fn text(self) -> &'static str {
        match self {
            Self::Opening => "opening a session",
            Self::BetweenRuns => "between two runs",
            Self::Training => "in a training run",
            Self::Reading => "in a reading run",
            Self::Saving => "saving, or between that and the next run",
        }
    }
}

impl<S: Session> Hook<S> for Watchdog {
    fn name(&self) -> &str {
        "watchdog"
    }

    /// # Errors
    /// Why the thread could not be made.
    fn begin(&mut self) -> Result<()> {
        let now = self.clock.now();
        let progress = Progress { last_step: now, quiet_since: now, doing_since: now, ..Progress::default() };
        *self.watched.lock() = progress;
        let (watched, limit, clock, abort) = (self.watched.clone(), self.limit, self.clock.clone(), self.abort);
        let thread = thread::Builder::new().name("everstep-watchdog".into());
        self.thread = Some(thread.spawn(move || watched.watch(limit, &*clock, abort))?);
        Ok(())
    }

    fn after_create_session(&mut self, session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        self.tell(Doing::BetweenRuns);
        self.watched.lock().step = session.global_step();
        Ok(())
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        self.tell(if run.purpose() == Purpose::Train { Doing::Training } else { Doing::Reading });
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.tell(Doing::BetweenRuns);
        if run.purpose() == Purpose::Train {
            let mut progress = self.watched.lock();
            progress.step = run.global_step();
            progress.last_step = progress.doing_since;
            progress.quiet_since = progress.doing_since;
        }
        Ok(())
    }

    fn before_save(&mut self, _step: u64, _variables: &dyn Variables) -> Result<()> {
        self.tell(Doing::Saving);
        Ok(())
    }

    /// A run that was undone has made no step.
    fn undone(&mut self, _run: &mut AfterRun<'_, S>) -> Result<()> {
        self.tell(Doing::BetweenRuns);
        Ok(())
    }

    fn end(&mut self, _session: &mut S) -> Result<()> {
        self.end();
        Ok(())
    }

    fn failed(&mut self, _error: &Error) {
        self.end();
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
