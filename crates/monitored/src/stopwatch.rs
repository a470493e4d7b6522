//! Enters what the parts of a step took into the account of times.

use std::{sync::Arc, time::Duration};

use everstep_hook::{Part, Times};
use everstep_session::Clock;

/// Measures from one lap to the next, if somebody wants to know; otherwise it never looks at the clock.
pub(crate) struct Stopwatch {
    times: Option<Times>,
    clock: Arc<dyn Clock>,
    last: Duration,
}

impl Stopwatch {
    pub(crate) fn new(times: Option<Times>, clock: Arc<dyn Clock>) -> Self {
        Self { times, clock, last: Duration::ZERO }
    }

    /// Whether somebody wants to know.
    pub(crate) fn is_on(&self) -> bool {
        self.times.is_some()
    }

    /// Leaves out what was before.
    pub(crate) fn start(&mut self) {
        if self.is_on() {
            self.last = self.clock.now();
        }
    }

    /// What has passed since the last call was this part's.
    pub(crate) fn lap(&mut self, part: Part) {
        if let Some(times) = &self.times {
            let now = self.clock.now();
            times.add(part, now.saturating_sub(self.last));
            self.last = now;
        }
    }
}
