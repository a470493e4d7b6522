//! Patience with a metric, and what of it survives.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::{collections::VecDeque, time::Duration};

use everstep_hook::{Every, Hook, StartedFrom};
use everstep_hooks::{Direction, EarlyStopping};
use everstep_tensor::{CopyRules, DType, Error, ErrorKind, Result, Snapshot, Tensor, VariablesMut, copy};

use crate::driver::{Driver, Scripted};

const LOSS: &[f64] = &[5.0, 4.0, 4.5, 3.0, 3.0, 3.1, 2.95, 3.2, 3.3, 3.4, 3.5, 3.6];

/// The loss of the step that a run reaches.
fn loss(step: u64) -> Tensor {
    Tensor::scalar(LOSS[step as usize - 1])
}

/// Runs until the hook asks for the end; the step it did so at.
fn until_stopped(driver: &mut Driver, hook: &mut dyn Hook<Scripted>) -> Result<u64> {
    while !driver.stop.is_requested() && driver.session.fetched.len() < LOSS.len() {
        driver.train(hook, 1)?;
    }
    Ok(driver.session.fetched.len() as u64)
}

fn started(hook: &mut dyn Hook<Scripted>) -> Result<Driver> {
    let mut driver = Driver::new().value("loss", loss);
    driver.start(hook, StartedFrom::Fresh)?;
    Ok(driver)
}

fn on_loss(patience: u64) -> EarlyStopping<Scripted> {
    EarlyStopping::new("loss", Direction::Lower, patience)
}

fn state(hook: &mut dyn Hook<Scripted>) -> &mut dyn VariablesMut {
    hook.state().expect("early stopping has a state")
}

#[track_caller]
fn check(mut hook: EarlyStopping<Scripted>, stopped_at: u64, best: (u64, f64)) {
    let stopped = started(&mut hook).and_then(|mut driver| until_stopped(&mut driver, &mut hook));
    assert_eq!(stopped.map_err(|error| error.to_string()), Ok(stopped_at));
    assert_eq!(hook.best(), Some(best));
}

#[test]
fn it_ends_after_so_many_looks_without_a_better_one() {
    check(on_loss(0), 3, (2, 4.0));
    check(on_loss(1), 3, (2, 4.0));
    check(on_loss(2), 6, (4, 3.0));
    check(on_loss(3), 10, (7, 2.95));
}

#[test]
fn a_better_value_must_differ_by_more_than_the_delta() {
    check(on_loss(3).min_delta(0.06), 7, (4, 3.0));
    check(on_loss(4).min_delta(0.04), 11, (7, 2.95));
}

#[test]
fn higher_can_be_better() {
    check(EarlyStopping::new("loss", Direction::Higher, 4), 5, (1, 5.0));
}

#[test]
fn it_looks_by_its_period_and_fetches_nothing_else() -> Result<()> {
    // Looks at 1, 4, 7, 10 find 5, 3, 2.95, 3.4.
    let mut hook = on_loss(1).when(Every::steps(3));
    let mut driver = started(&mut hook)?;
    assert_eq!(until_stopped(&mut driver, &mut hook)?, 10);
    assert_eq!(driver.times_fetched("loss"), 4);
    assert_eq!(
        driver.stop.reason(),
        Some("early_stopping: the metric got no better 1 times in a row than 2.95 at step 7")
    );
    Ok(())
}

#[test]
fn it_looks_by_time_too() -> Result<()> {
    let mut driver = Driver::new().value("loss", loss);
    driver.millis_per_run = 1000;
    let mut hook = on_loss(100).when(Every::time(Duration::from_secs(5))).with_clock(driver.clock.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 12)?;
    assert_eq!(driver.times_fetched("loss"), 3, "at steps 1, 6 and 11");
    Ok(())
}

#[test]
fn a_reading_run_is_no_look() -> Result<()> {
    let mut hook = on_loss(1);
    let mut driver = started(&mut hook)?;
    driver.read(&mut hook)?;
    assert_eq!((hook.best(), driver.times_fetched("loss")), (None, 0));
    Ok(())
}

#[test]
fn a_nan_is_never_better() -> Result<()> {
    let mut driver = Driver::new().value("loss", |_| Tensor::scalar(f32::NAN));
    let mut hook = on_loss(2);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    assert_eq!((until_stopped(&mut driver, &mut hook)?, hook.best(), hook.waits()), (2, None, 2));
    let reason = "early_stopping: the metric got no better 2 times in a row and was never a number";
    assert_eq!(driver.stop.reason(), Some(reason));
    Ok(())
}

#[test]
fn a_closure_may_measure_and_have_nothing_to_tell() -> Result<()> {
    let mut results = VecDeque::from([Some(0.5), None, Some(0.4), None, None, Some(0.3)]);
    let measure = move |_: &mut Scripted| Ok(results.pop_front().flatten());
    let mut hook = EarlyStopping::measured(measure, Direction::Higher, 2).named("accuracy");
    let mut driver = started(&mut hook)?;
    assert_eq!((until_stopped(&mut driver, &mut hook)?, hook.best()), (6, Some((1, 0.5))));
    assert_eq!(Hook::<Scripted>::name(&hook), "accuracy");
    Ok(())
}

#[test]
fn what_cannot_be_measured_is_an_error() -> Result<()> {
    let gone = |_: &mut Scripted| Err(Error::new(ErrorKind::NotFound, "the validation set is gone"));
    let mut hook = EarlyStopping::measured(gone, Direction::Lower, 2);
    let mut driver = started(&mut hook)?;
    let error = driver.train(&mut hook, 1).expect_err("it is gone");
    assert_eq!(error.to_string(), "the metric: the validation set is gone");

    let mut driver = Driver::new().value("loss", |_| Tensor::zeros(DType::F32, [2]).unwrap());
    let mut hook = on_loss(2);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    let error = driver.train(&mut hook, 1).expect_err("a vector is not a metric");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    Ok(())
}

#[test]
fn a_resumed_training_looks_and_ends_as_one_that_never_stopped() -> Result<()> {
    for (patience, period) in [(1, 1), (2, 1), (3, 1), (1, 3), (2, 2)] {
        let patient = || on_loss(patience).when(Every::steps(period));
        let mut whole = patient();
        let mut driver = started(&mut whole)?;
        let end = until_stopped(&mut driver, &mut whole)?;
        for cut in 1..=end {
            let (mut first, mut second) = (patient(), patient());
            let mut driver = started(&mut first)?;
            driver.train(&mut first, cut)?;
            copy(&*state(&mut first), &mut *state(&mut second), &CopyRules::default())?;
            let mut driver = Driver::new().value("loss", loss);
            driver.start(&mut second, StartedFrom::Restored(cut))?;
            let resumed = cut + until_stopped(&mut driver, &mut second)?;
            let what = format!("patience {patience}, period {period}, cut at {cut}");
            assert_eq!((resumed, second.best()), (end, whole.best()), "{what}");
            assert!(Snapshot::of(&*state(&mut second))?.bit_eq(&Snapshot::of(&*state(&mut whole))?), "{what}");
        }
    }
    Ok(())
}

#[test]
fn a_training_that_has_ended_so_runs_no_further() -> Result<()> {
    let (mut first, mut second) = (on_loss(2), on_loss(2));
    let mut driver = started(&mut first)?;
    until_stopped(&mut driver, &mut first)?;
    copy(&*state(&mut first), &mut *state(&mut second), &CopyRules::default())?;
    let mut driver = Driver::new();
    driver.start(&mut second, StartedFrom::Restored(6))?;
    assert!(driver.stop.is_requested());
    Ok(())
}

#[test]
fn a_state_that_makes_no_sense_is_named() -> Result<()> {
    for (name, value, message) in [
        ("waits", Tensor::scalar(-1i64), "hook/early_stopping/waits is -1, and it is never so low"),
        ("best_step", Tensor::scalar(4i64), "hook/early_stopping/best is NaN, and step 4 gave a number"),
    ] {
        let (mut driver, mut hook) = (Driver::new(), on_loss(2));
        state(&mut hook).assign(name, value)?;
        let error = driver.start(&mut hook, StartedFrom::Restored(4)).expect_err("no such state is saved");
        let expected = format!("{message}; restore another checkpoint");
        assert_eq!((error.kind(), error.to_string()), (ErrorKind::DataLoss, expected));
    }
    Ok(())
}
