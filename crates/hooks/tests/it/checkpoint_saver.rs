//! Asking for checkpoints.

use std::time::Duration;

use everstep_hook::{Every, StartedFrom};
use everstep_hooks::CheckpointSaver;
use everstep_session::Clock;
use everstep_tensor::Result;

use crate::driver::Driver;

/// The steps at which a save is asked for in runs of `millis` each.
#[track_caller]
fn check(every: Every, from: StartedFrom, runs: u64, millis: u64, steps_per_run: u64, expected: &[u64]) {
    let mut driver = Driver::new();
    driver.millis_per_run = millis;
    driver.session.steps_per_run = steps_per_run;
    let mut hook = CheckpointSaver::new(every).with_clock(driver.clock.clone());
    let trained = driver.start(&mut hook, from).and_then(|()| driver.train(&mut hook, runs));
    assert!(trained.is_ok(), "{trained:?}");
    assert_eq!(driver.saves, expected);
    assert!(driver.save.is_at_end(), "the last step is the loop's to save");
}

#[test]
fn a_fresh_start_is_saved_and_then_each_period() {
    check(Every::steps(2), StartedFrom::Fresh, 7, 0, 1, &[0, 2, 4, 6]);
    check(Every::steps(1), StartedFrom::Fresh, 2, 0, 1, &[0, 1, 2]);
    check(Every::steps(10), StartedFrom::Fresh, 5, 0, 5, &[0, 10, 20]);
    check(Every::secs(2.0), StartedFrom::Fresh, 9, 500, 1, &[0, 4, 8]);
    check(Every { steps: 3, time: Duration::from_secs(1) }, StartedFrom::Fresh, 6, 500, 1, &[0, 2, 4, 6]);
    check(Every::NEVER, StartedFrom::Fresh, 9, 500, 1, &[0]);
}

#[test]
fn a_restored_or_live_model_is_not_saved_again() {
    check(Every::steps(3), StartedFrom::Restored(7), 7, 0, 1, &[10, 13]);
    check(Every::steps(3), StartedFrom::Live(7), 4, 0, 1, &[10]);
    check(Every::secs(600.0), StartedFrom::Restored(7), 100, 1000, 1, &[]);
}

#[test]
fn the_period_goes_back_with_a_recovered_session() -> Result<()> {
    let mut driver = Driver::new();
    let mut hook = CheckpointSaver::new(Every::steps(5));
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 9)?;
    driver.start(&mut hook, StartedFrom::Restored(5))?;
    driver.train(&mut hook, 5)?;
    assert_eq!(driver.saves, [0, 5, 10]);
    Ok(())
}

#[test]
fn time_that_passes_in_reading_runs_is_saved_by_the_next_training_run() -> Result<()> {
    let mut driver = Driver::new();
    let mut hook = CheckpointSaver::new(Every::secs(2.0)).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.clock.sleep(Duration::from_secs(3));
    driver.read(&mut hook)?;
    assert_eq!(driver.saves, [0]);
    driver.train(&mut hook, 2)?;
    assert_eq!(driver.saves, [0, 1]);
    Ok(())
}

/// The steps at which a save is asked for by a hook that was not shown the start of its session.
#[track_caller]
fn check_without_a_start(steps: u64, runs: u64, steps_per_run: u64, expected: &[u64]) {
    let mut driver = Driver::new();
    driver.session.steps_per_run = steps_per_run;
    let trained = driver.train(&mut CheckpointSaver::new(Every::steps(steps)), runs);
    assert!(trained.is_ok(), "{trained:?}");
    assert_eq!(driver.saves, expected);
}

#[test]
fn case_137_142_without_a_start_the_first_run_is_saved() {
    check_without_a_start(2, 1, 1, &[1]);
    check_without_a_start(10, 5, 5, &[5, 15, 25]);
}
