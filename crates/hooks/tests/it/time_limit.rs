//! A budget of time, and what still has to fit into it.

use std::{sync::Arc, time::Duration};

use everstep_hook::{AfterRun, BeforeRun, Hook, StartedFrom};
use everstep_hooks::TimeLimit;
use everstep_session::Clock;
use everstep_tensor::{Result, Snapshot};

use crate::driver::{Driver, Scripted, Virtual};

fn secs(secs: f64) -> Duration {
    Duration::from_secs_f64(secs)
}

/// A loop of runs of 2 s, and of saves of 5 s between the runs whose numbers are named.
fn stopped_after(mut hook: TimeLimit, driver: &mut Driver, saves: &[u64]) -> Result<u64> {
    driver.start(&mut hook, StartedFrom::Fresh)?;
    for run in 1.. {
        if driver.stop.is_requested() {
            return Ok(run - 1);
        }
        if saves.contains(&run) {
            Hook::<Scripted>::before_save(&mut hook, run, &Snapshot::new())?;
            driver.clock.sleep(secs(5.0));
        }
        let clock = driver.clock.clone();
        driver.train(&mut Slow { hook: &mut hook, clock }, 1)?;
    }
    Ok(u64::MAX)
}

/// The hook, in whose runs 2 s pass.
struct Slow<'a> {
    hook: &'a mut TimeLimit,
    clock: Arc<Virtual>,
}

impl Hook<Scripted> for Slow<'_> {
    fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        self.hook.before_run(run)
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        self.clock.sleep(secs(2.0));
        self.hook.after_run(run)
    }
}

#[track_caller]
fn check(limit: f64, reserve: f64, saves: &[u64], runs: u64, reason: &str) {
    let mut driver = Driver::new();
    let hook = TimeLimit::new(secs(limit)).reserve(secs(reserve)).with_clock(driver.clock.clone());
    let stopped = stopped_after(hook, &mut driver, saves).map_err(|error| error.to_string());
    assert_eq!((stopped, driver.stop.reason()), (Ok(runs), Some(reason)));
    assert!(driver.save.is_at_end(), "the last step is to be saved");
}

#[test]
fn it_leaves_time_for_one_more_run() {
    let reason =
        "18.0 s of the 20.0 s of the time limit have passed; another run may take 2.0 s and the last save 0.0 s";
    check(20.0, 0.0, &[], 9, reason);
}

#[test]
fn it_leaves_time_for_the_last_save_as_it_was_measured() {
    // Nine runs and two saves are 28 s, and a save, a run and the last save may be 12 s more.
    let reason =
        "28.0 s of the 40.0 s of the time limit have passed; another run may take 7.0 s and the last save 5.0 s";
    check(40.0, 0.0, &[1, 4], 9, reason);
}

#[test]
fn a_caller_that_works_between_the_runs_is_no_save() -> Result<()> {
    let mut driver = Driver::new();
    driver.millis_per_run = 3000;
    let hook = TimeLimit::new(secs(20.0)).with_clock(driver.clock.clone());
    assert_eq!(stopped_after(hook, &mut driver, &[])?, 3);
    let reason =
        "15.0 s of the 20.0 s of the time limit have passed; another run may take 5.0 s and the last save 0.0 s";
    assert_eq!(driver.stop.reason(), Some(reason));
    Ok(())
}

#[test]
fn it_leaves_the_reserve() {
    let reason =
        "8.0 s of the 20.0 s of the time limit have passed; another run may take 2.0 s and the last save 10.0 s";
    check(20.0, 10.0, &[], 4, reason);
}

#[test]
fn a_budget_that_is_spent_at_the_start_leaves_no_run() {
    let reason = "0.0 s of the 0.0 s of the time limit have passed; another run may take 0.0 s and the last save 0.0 s";
    check(0.0, 0.0, &[], 0, reason);
}

#[test]
fn the_budget_begins_before_there_is_a_session() -> Result<()> {
    let mut driver = Driver::new();
    let mut hook = TimeLimit::new(secs(60.0)).with_clock(driver.clock.clone());
    driver.clock.sleep(secs(61.0));
    driver.start(&mut hook, StartedFrom::Fresh)?;
    assert!(driver.stop.is_requested());
    Ok(())
}
