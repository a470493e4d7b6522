//! Stops.

use everstep_hook::StartedFrom;
use everstep_hooks::StopAtStep;
use everstep_tensor::Result;

use crate::driver::Driver;

/// Whether the stop is asked for after a run that ends at each of these steps, by a run that does not change it.
#[track_caller]
fn check_standing(hook: StopAtStep, from: u64, expected: &[(u64, bool)]) {
    for (step, stops) in expected {
        let (mut hook, mut driver) = (hook.clone(), Driver::new());
        let mut run = || -> Result<bool> {
            driver.start(&mut hook, StartedFrom::Restored(from))?;
            driver.session.steps_per_run = step - from;
            driver.train(&mut hook, 1)?;
            driver.session.steps_per_run = 0;
            driver.train(&mut hook, 1)?;
            Ok(driver.stop.is_requested())
        };
        assert_eq!(run().map_err(|error| error.to_string()), Ok(*stops), "at step {step}");
    }
}

/// At which steps, of those trained from `from` on, the stop was first asked for.
#[track_caller]
fn check(mut hook: StopAtStep, from: StartedFrom, steps_per_run: u64, expected: u64) {
    let mut driver = Driver::new();
    driver.session.steps_per_run = steps_per_run;
    let mut stopped = || -> Result<u64> {
        driver.start(&mut hook, from)?;
        for _ in 0..50 {
            if driver.stop.is_requested() {
                break;
            }
            driver.train(&mut hook, 1)?;
        }
        let step = everstep_session::Session::global_step(&driver.session);
        assert!(driver.stop.reason().is_some_and(|reason| reason.contains(&format!("step {step} "))));
        Ok(step)
    };
    assert_eq!(stopped().map_err(|error| error.to_string()), Ok(expected));
}

#[test]
fn case_115_the_last_step_counts_all_updates() {
    check(StopAtStep::last_step(10), StartedFrom::Fresh, 1, 10);
    check(StopAtStep::last_step(10), StartedFrom::Restored(7), 1, 10);
    check(StopAtStep::last_step(10), StartedFrom::Live(9), 1, 10);
    check(StopAtStep::last_step(10), StartedFrom::Fresh, 4, 12);
    check_standing(StopAtStep::last_step(10), 0, &[(5, false), (9, false), (10, true), (11, true)]);
}

#[test]
fn a_finished_training_runs_not_one_step_more() {
    check(StopAtStep::last_step(10), StartedFrom::Restored(10), 1, 10);
    check(StopAtStep::last_step(10), StartedFrom::Restored(12), 1, 12);
    check(StopAtStep::last_step(0), StartedFrom::Fresh, 1, 0);
    check(StopAtStep::num_steps(0), StartedFrom::Restored(3), 1, 3);
}

#[test]
fn case_116_a_number_of_steps_counts_from_the_first_session() {
    check(StopAtStep::num_steps(10), StartedFrom::Fresh, 1, 10);
    check(StopAtStep::num_steps(10), StartedFrom::Restored(5), 1, 15);
    check_standing(StopAtStep::num_steps(10), 5, &[(5, false), (13, false), (14, false), (15, true), (16, true)]);
}

#[test]
fn a_recovered_session_keeps_the_target() -> Result<()> {
    let mut hook = StopAtStep::num_steps(10);
    let mut driver = Driver::new();
    driver.start(&mut hook, StartedFrom::Restored(5))?;
    driver.train(&mut hook, 4)?;
    driver.start(&mut hook, StartedFrom::Restored(6))?;
    driver.train(&mut hook, 8)?;
    assert!(!driver.stop.is_requested());
    driver.train(&mut hook, 1)?;
    assert_eq!(driver.stop.reason(), Some("step 15 has reached the last step, 15"));
    Ok(())
}

#[test]
fn a_reading_run_asks_for_nothing() -> Result<()> {
    let mut hook = StopAtStep::last_step(1);
    let mut driver = Driver::new();
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.session.steps_per_run = 5;
    driver.read(&mut hook)?;
    assert!(!driver.stop.is_requested());
    driver.train(&mut hook, 1)?;
    assert!(driver.stop.is_requested());
    Ok(())
}
