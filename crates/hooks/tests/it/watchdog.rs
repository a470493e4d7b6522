//! The thread that watches: when it ends, and the process that it aborts.

use std::{
    env,
    io::Write,
    process::Command,
    sync::{Arc, Weak},
    time::Duration,
};

use everstep_hook::{Hook, StartedFrom};
use everstep_hooks::Watchdog;
use everstep_session::Clock;
use everstep_tensor::{Error, ErrorKind, Result};
use everstep_testkit::VirtualClock;

use crate::driver::{Driver, Scripted};

/// A watchdog that has begun, and a handle that can be upgraded as long as its thread lives or it does.
fn begun() -> Result<(Watchdog, Weak<dyn Clock>)> {
    let clock: Arc<dyn Clock> = Arc::new(VirtualClock::new());
    let alive = Arc::downgrade(&clock);
    let mut watchdog = Watchdog::new(Duration::from_secs(60)).with_clock(clock);
    Hook::<Scripted>::begin(&mut watchdog)?;
    Ok((watchdog, alive))
}

#[test]
fn its_thread_ends_with_the_training() -> Result<()> {
    let (mut watchdog, alive) = begun()?;
    let mut driver = Driver::new();
    driver.start(&mut watchdog, StartedFrom::Fresh)?;
    driver.train(&mut watchdog, 3)?;
    assert_eq!(alive.strong_count(), 2, "the hook and its thread");
    driver.end(&mut watchdog)?;
    assert_eq!(alive.strong_count(), 1, "the hook alone");
    Ok(())
}

#[test]
fn its_thread_ends_when_the_training_fails_or_is_dropped() -> Result<()> {
    let (mut watchdog, alive) = begun()?;
    Hook::<Scripted>::failed(&mut watchdog, &Error::new(ErrorKind::Internal, "no more"));
    assert_eq!(alive.strong_count(), 1);

    let (watchdog, alive) = begun()?;
    drop(watchdog);
    assert_eq!(alive.strong_count(), 0);
    Ok(())
}

/// The test's own program is the training that stands still: it runs this test with a variable set.
#[cfg(unix)]
#[test]
fn a_training_that_stands_still_can_be_aborted() -> Result<()> {
    use std::os::unix::process::ExitStatusExt;

    const CHILD: &str = "EVERSTEP_TEST_STANDS_STILL";
    const SIGABRT: i32 = 6;
    if env::var_os(CHILD).is_some() {
        return stand_still();
    }
    let test = "watchdog::a_training_that_stands_still_can_be_aborted";
    let output = Command::new(env::current_exe()?).args([test, "--exact", "--nocapture"]).env(CHILD, "1").output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(SIGABRT), "{told}");
    assert!(told.contains("no step for 61.0 s, since step 3: for 61.0 s the loop is between two runs"), "{told}");
    Ok(())
}

#[cfg(unix)]
struct ToStderr;

#[cfg(unix)]
impl log::Log for ToStderr {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{}\n", record.args());
        std::io::stderr().write_all(line.as_bytes()).expect("the parent reads what is told");
    }
    fn flush(&self) {}
}

#[cfg(unix)]
fn stand_still() -> Result<()> {
    log::set_logger(&ToStderr).expect("nobody else sets a logger in this process");
    log::set_max_level(log::LevelFilter::Error);
    let clock = VirtualClock::new();
    let mut watchdog = Watchdog::new(Duration::from_secs(60)).abort().with_clock(Arc::new(clock.clone()));
    let mut driver = Driver::new();
    Hook::<Scripted>::begin(&mut watchdog)?;
    driver.start(&mut watchdog, StartedFrom::Fresh)?;
    driver.train(&mut watchdog, 3)?;
    clock.advance(Duration::from_secs(61));
    // The watchdog ends the process long before this does.
    std::thread::park_timeout(Duration::from_secs(60));
    Err(Error::new(ErrorKind::Internal, "the watchdog slept"))
}
