//! Steps a second.

use std::{io, sync::Arc, time::Duration};

use everstep_event::{Event, EventSink, Memory};
use everstep_hook::{Every, Part, StartedFrom, Times, When};
use everstep_hooks::StepCounter;
use everstep_session::Clock;
use everstep_tensor::{ErrorKind, Result};

use crate::driver::{Driver, capture_log, logged};

/// The curve of a fresh training in runs of half a second.
#[track_caller]
fn check(every: Every, runs: u64, steps_per_run: u64, expected: &[(u64, f64)]) {
    let mut driver = Driver::new();
    driver.millis_per_run = 500;
    driver.session.steps_per_run = steps_per_run;
    let sink = Arc::new(Memory::new());
    let mut hook = StepCounter::new(every, sink.clone()).with_clock(driver.clock.clone());
    let trained = driver.start(&mut hook, StartedFrom::Fresh).and_then(|()| driver.train(&mut hook, runs));
    assert!(trained.is_ok(), "{trained:?}");
    assert_eq!(sink.scalars("global_step/sec"), expected);
}

#[test]
fn case_145_146_149_151_the_first_step_arms_and_each_period_tells() {
    capture_log();
    check(Every::steps(10), 30, 1, &[(11, 2.0), (21, 2.0)]);
    assert!(!logged().iter().any(|line| line.starts_with("WARN")));
    check(Every::secs(0.2), 3, 1, &[(2, 2.0), (3, 2.0)]);
    check(Every::steps(10), 5, 5, &[(15, 10.0), (25, 10.0)]);
    check(Every::steps(5), 5, 10, &[(20, 20.0), (30, 20.0), (40, 20.0), (50, 20.0)]);
    check(Every::NEVER, 30, 1, &[]);
}

#[test]
fn the_rate_is_logged() -> Result<()> {
    capture_log();
    check(Every::steps(4), 5, 1, &[(5, 2.0)]);
    assert_eq!(logged(), ["INFO: step 5: global_step/sec = 2"]);
    Ok(())
}

#[test]
fn a_restored_training_arms_at_its_first_step() -> Result<()> {
    let (mut driver, sink) = (Driver::new(), Arc::new(Memory::new()));
    driver.millis_per_run = 250;
    let mut hook = StepCounter::new(Every::steps(3), sink.clone()).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Restored(100))?;
    driver.train(&mut hook, 5)?;
    assert_eq!(sink.scalars("global_step/sec"), [(104, 4.0)]);
    Ok(())
}

#[test]
fn a_rate_never_spans_two_sessions() -> Result<()> {
    let (mut driver, sink) = (Driver::new(), Arc::new(Memory::new()));
    driver.millis_per_run = 500;
    let mut hook = StepCounter::new(Every::secs(2.0), sink.clone()).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 4)?;
    driver.clock.sleep(Duration::from_secs(60));
    driver.start(&mut hook, StartedFrom::Restored(2))?;
    driver.train(&mut hook, 4)?;
    assert_eq!(sink.scalars("global_step/sec"), [(6, 2.0)]);
    Ok(())
}

#[test]
fn a_clock_that_stands_still_gives_no_rate() -> Result<()> {
    let (mut driver, sink) = (Driver::new(), Arc::new(Memory::new()));
    let mut hook = StepCounter::new(Every::steps(1), sink.clone()).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 4)?;
    assert_eq!(sink.events(), []);
    Ok(())
}

#[test]
fn case_148_a_step_that_does_not_grow_is_warned_about_five_times() -> Result<()> {
    capture_log();
    let mut driver = Driver::new();
    driver.session.steps_per_run = 0;
    let mut hook = StepCounter::new(Every::steps(10), Arc::new(Memory::new()));
    driver.start(&mut hook, StartedFrom::Restored(7))?;
    driver.read(&mut hook)?;
    assert_eq!(logged().len(), 0);
    driver.train(&mut hook, 8)?;
    let warning = "WARN: the global step stayed at 7 in a training run; let the train op increment it";
    assert_eq!(logged(), [warning; 5]);
    Ok(())
}

struct Full;

impl EventSink for Full {
    fn emit(&self, _: Event) -> io::Result<()> {
        Err(io::Error::new(io::ErrorKind::StorageFull, "no space left"))
    }
}

#[test]
fn a_sink_that_fails_is_named_with_the_scalar() -> Result<()> {
    let mut driver = Driver::new();
    driver.millis_per_run = 1;
    let mut hook = StepCounter::new(Every::steps(1), Arc::new(Full)).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 1)?;
    let error = driver.train(&mut hook, 1).expect_err("the sink is full");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    let expected = "scalar global_step/sec of step 2 could not be written \
                    (free disk space or give the events another place): no space left";
    assert_eq!(error.to_string(), expected);
    Ok(())
}

#[test]
fn the_last_step_tells_the_rate_since_the_last_time() -> Result<()> {
    let (mut driver, sink) = (Driver::new(), Arc::new(Memory::new()));
    driver.millis_per_run = 250;
    let when = Every::steps(3).or(When::Last);
    let mut hook = StepCounter::new(when, sink.clone()).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 6)?;
    driver.end(&mut hook)?;
    assert_eq!(sink.scalars("global_step/sec"), [(4, 4.0), (6, 4.0)]);
    Ok(())
}

#[test]
fn samples_and_the_parts_of_a_steps_time_are_told_where_they_are_known() -> Result<()> {
    let (mut driver, sink) = (Driver::new(), Arc::new(Memory::new()));
    driver.millis_per_run = 250;
    let times = Times::default();
    let counter = StepCounter::new(Every::steps(2), sink.clone()).with_clock(driver.clock.clone());
    let mut hook = counter.samples_per_step(64).times(times.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    times.add(Part::Compute, Duration::from_secs(60));
    driver.train(&mut hook, 1)?;
    for part in [Part::Input, Part::Compute, Part::Compute] {
        times.add(part, Duration::from_millis(100));
    }
    driver.train(&mut hook, 2)?;
    assert_eq!(sink.scalars("samples/sec"), [(3, 256.0)]);
    let told = ["input", "compute", "hooks", "save", "other"].map(|part| sink.scalars(&format!("time_ms/{part}")));
    assert_eq!(told, [50.0, 100.0, 0.0, 0.0, 100.0].map(|millis| [(3, millis)]));
    Ok(())
}
