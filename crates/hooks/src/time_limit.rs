//! Ends a training in time.

use std::{sync::Arc, time::Duration};

use everstep_hook::{AfterRun, BeforeRun, Hook, Start};
use everstep_session::{Clock, Monotonic, Session};
use everstep_tensor::{Result, Variables};

/// Asks for the end early enough that the last save fits into a budget of time; named `time_limit`.
///
/// It measures the longest run so far, the longest time between two runs (or the start of a session and its first run),
/// and the longest save: from when the loop says that it saves to the next run. It asks for the end as soon as one more
/// run, the time before it, a last save and the reserve might not fit any more. So the budget holds as long as nothing
/// takes longer than it ever took. A saver that writes in the background is waited for at the end alone, and a training
/// that was restored has not saved yet: leave a [`reserve`](Self::reserve) for these.
///
/// The budget begins when the hook is made, so that opening a session counts. It asks for a save of the last step.
///
/// ```
/// use std::time::Duration;
/// use everstep_hooks::TimeLimit;
///
/// // A job that is killed after an hour, with half a minute to write the last checkpoint.
/// let limit = TimeLimit::new(Duration::from_secs(3600)).reserve(Duration::from_secs(30));
/// ```
#[derive(Clone, Debug)]
pub struct TimeLimit {
    limit: Duration,
    reserve: Duration,
    clock: Arc<dyn Clock>,
    began: Duration,
    /// When the last run began or ended, or the session began.
    mark: Duration,
    longest_run: Duration,
    longest_between: Duration,
    longest_save: Duration,
    save_began: Option<Duration>,
}

impl TimeLimit {
    /// A budget that begins now, on the system's clock.
    pub fn new(limit: Duration) -> Self {
        Self::on(limit, Arc::new(Monotonic))
    }

    /// The same, and keeps so much for what cannot be measured before the end.
    pub fn reserve(mut self, reserve: Duration) -> Self {
        self.reserve = reserve;
        self
    }

    /// The same on another clock; the budget begins now.
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { reserve: self.reserve, ..Self::on(self.limit, clock) }
    }

    fn on(limit: Duration, clock: Arc<dyn Clock>) -> Self {
        let (began, zero) = (clock.now(), Duration::ZERO);
        Self {
            limit,
            reserve: zero,
            clock,
            began,
            mark: began,
            longest_run: zero,
            longest_between: zero,
            longest_save: zero,
            save_began: None,
        }
    }

    /// The time since the last mark; the next is measured from here.
    fn lap(&mut self) -> Duration {
        let now = self.clock.now();
        now.saturating_sub(std::mem::replace(&mut self.mark, now))
    }

    /// Why it is time to end, as of the last mark.
    fn reason(&self) -> Option<String> {
        let passed = self.mark.saturating_sub(self.began);
        let save = self.longest_save.saturating_add(self.reserve);
        let more = self.longest_between.saturating_add(self.longest_run);
        if passed.saturating_add(more).saturating_add(save) < self.limit {
            return None;
        }
        let [limit, passed, more, save] = [self.limit, passed, more, save].map(|time| time.as_secs_f64());
        Some(format!(
            "{passed:.1} s of the {limit:.1} s of the time limit have passed; another run may take {more:.1} s and the \
             last save {save:.1} s"
        ))
    }
}

impl<S: Session> Hook<S> for TimeLimit {
    fn name(&self) -> &str {
        "time_limit"
    }

    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        start.save_at_end();
        self.lap();
        self.save_began = None;
        if let Some(reason) = self.reason() {
            start.request_stop(reason);
        }
        Ok(())
    }

    fn before_run(&mut self, _run: &mut BeforeRun<'_, S>) -> Result<()> {
        self.longest_between = self.longest_between.max(self.lap());
        if let Some(began) = self.save_began.take() {
            self.longest_save = self.longest_save.max(self.mark.saturating_sub(began));
        }
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.longest_run = self.longest_run.max(self.lap());
        if let Some(reason) = self.reason() {
            run.request_stop(reason);
        }
        Ok(())
    }

    fn before_save(&mut self, _step: u64, _variables: &dyn Variables) -> Result<()> {
        self.save_began = Some(self.clock.now());
        Ok(())
    }

    fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.after_run(run)
    }
}
