//! Time, passed in, so that a test can move it.

use std::{
    fmt::Debug,
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

/// A clock that never goes back; every period and deadline of the loop is measured by one.
pub trait Clock: Debug + Send + Sync {
    /// The time since some moment that stays the same for the clock's life.
    fn now(&self) -> Duration;

    /// Returns when at least `time` has passed.
    fn sleep(&self, time: Duration);
}

/// The system's monotonic clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct Monotonic;

impl Clock for Monotonic {
    fn now(&self) -> Duration {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed()
    }
    fn sleep(&self, time: Duration) {
        thread::sleep(time);
    }
}
