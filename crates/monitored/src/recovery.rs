//! How a lost session is replaced.

use std::{sync::Arc, time::Duration};

use everstep_session::{Clock, Deadline, Stop};
use everstep_tensor::{Error, ErrorKind, Result};

/// How a lost session is replaced: with growing waits, so many times in a row, and no longer than so long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Attempts in a row before the error is returned; a step that succeeds starts the count anew. 0 is none.
    pub attempts: u32,
    /// The wait before the second attempt; the first is made at once, and each later wait is doubled.
    pub first_wait: Duration,
    /// No wait is longer than this.
    pub longest_wait: Duration,
    /// All attempts in a row together may take this long.
    pub limit: Duration,
}

impl Default for Recovery {
    /// Ten attempts within half an hour: at once, then after 0.5 s, 1 s, 2 s … at most 60 s.
    fn default() -> Self {
        Self {
            attempts: 10,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(60),
            limit: Duration::from_secs(30 * 60),
        }
    }
}

impl Recovery {
    /// A lost session is never replaced.
    pub const NONE: Self =
        Self { attempts: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, limit: Duration::ZERO };
}

/// Attempts in a row to replace a lost session.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: Recovery,
    clock: Arc<dyn Clock>,
    made: u32,
    since: Option<Deadline>,
}

impl Attempts {
    pub(crate) fn new(policy: Recovery, clock: Arc<dyn Clock>) -> Self {
        Self { policy, clock, made: 0, since: None }
    }

    /// A step succeeded: the next loss is the first of its row.
    pub(crate) fn succeeded(&mut self) {
        self.made = 0;
        self.since = None;
    }

    /// Waits as long as the policy asks after `error`, or returns it where no attempt is left.
    pub(crate) fn next(&mut self, error: Error, stop: &Stop) -> Result<()> {
        if self.made >= self.policy.attempts {
            let made = self.made;
            return Err(if made == 0 {
                error
            } else {
                error.context(format!("gave up after {made} attempts in a row"))
            });
        }
        let limit = Some(self.policy.limit);
        let since = self
            .since
            .get_or_insert_with(|| Deadline::new("replacing a lost session", limit, self.clock.clone(), stop.clone()));
        let doubled = self.made.checked_sub(1).map(|exponent| 2u32.saturating_pow(exponent));
        let wait = doubled.map_or(Duration::ZERO, |factor| self.policy.first_wait.saturating_mul(factor));
        let wait = wait.min(self.policy.longest_wait);
        self.made += 1;
        log::warn!(
            "the session was lost ({error}); attempt {} to replace it in {:.1} s",
            self.made,
            wait.as_secs_f64()
        );
        // The first attempt is made even after a stop, so that the last step can be saved.
        if wait.is_zero() {
            return Ok(());
        }
        since.wait(wait).map_err(|end| match end.kind() {
            ErrorKind::Cancelled => error,
            _ => end.with_source(error),
        })
    }
}
