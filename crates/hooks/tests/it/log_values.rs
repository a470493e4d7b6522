//! Values in the log.

use everstep_hook::{Every, Hook, StartedFrom, When};
use everstep_hooks::LogValues;
use everstep_tensor::{ErrorKind, Result, Tensor};

use crate::driver::{Driver, Scripted, capture_log, logged};

fn driver() -> Driver {
    let mut driver = Driver::new()
        .value("loss", |step| Tensor::scalar(1.0 / step as f32))
        .value("counts", |step| Tensor::from_vec([2], vec![step as i64, 0]).expect("a shape of two"));
    driver.millis_per_run = 1300;
    driver
}

/// The lines of so many training runs, a reading run and a good end, without their level.
#[track_caller]
fn check(hook: LogValues<&'static str>, from: StartedFrom, runs: u64, expected: &[&str]) {
    capture_log();
    let mut driver = driver();
    let mut hook = hook.with_clock(driver.clock.clone());
    let mut train = || -> Result<()> {
        driver.start(&mut hook, from)?;
        driver.train(&mut hook, runs)?;
        driver.read(&mut hook)?;
        driver.end(&mut hook)
    };
    let trained = train();
    assert!(trained.is_ok(), "{trained:?}");
    let expected: Vec<String> = expected.iter().map(|line| format!("INFO: {line}")).collect();
    assert_eq!(logged(), expected);
}

#[test]
fn case_122_the_first_step_and_each_period_are_logged() {
    let steps = |steps| LogValues::new(Every::steps(steps), [("loss", "loss")]);
    let three = ["step 1: loss = 1", "step 4: loss = 0.25 (3.9 s)", "step 7: loss = 0.142857 (3.9 s)"];
    check(steps(3), StartedFrom::Fresh, 9, &three);
    check(steps(2), StartedFrom::Restored(3), 3, &["step 4: loss = 0.25", "step 6: loss = 0.166667 (2.6 s)"]);
    check(steps(0), StartedFrom::Fresh, 9, &[]);
    let by_time = LogValues::new(Every::secs(2.5), [("loss", "loss"), ("n", "counts")]);
    check(
        by_time,
        StartedFrom::Fresh,
        4,
        &["step 1: loss = 1, n = [1, 0]", "step 3: loss = 0.333333, n = [3, 0] (2.6 s)"],
    );
}

#[test]
fn case_119_121_124_the_last_step_is_logged_once() {
    let at_end = |every| LogValues::new(every, [("loss", "loss")]).at_end();
    check(at_end(Every::NEVER), StartedFrom::Fresh, 4, &["step 4: loss = 0.25"]);
    check(LogValues::new(When::Last, [("loss", "loss")]), StartedFrom::Fresh, 4, &["step 4: loss = 0.25"]);
    let by_time = at_end(Every::secs(2.5));
    check(by_time, StartedFrom::Fresh, 2, &["step 1: loss = 1", "step 2: loss = 0.5 (2.6 s)"]);
    let given = LogValues::new(When::at([2, 9]).or(When::First), [("loss", "loss")]);
    check(given, StartedFrom::Fresh, 4, &["step 1: loss = 1", "step 2: loss = 0.5 (1.3 s)"]);
    check(at_end(Every::steps(3)), StartedFrom::Fresh, 2, &["step 1: loss = 1", "step 2: loss = 0.5 (2.6 s)"]);
    check(at_end(Every::steps(1)), StartedFrom::Fresh, 2, &["step 1: loss = 1", "step 2: loss = 0.5 (1.3 s)"]);
    check(at_end(Every::steps(3)), StartedFrom::Restored(9), 0, &[]);
}

#[test]
fn case_125_a_formatter_makes_the_whole_line() {
    let hook = LogValues::new(Every::steps(2), [("loss", "loss"), ("n", "counts")]);
    let hook = hook.formatter(|step, values| format!("{step}|{:?}", values[1]));
    check(hook, StartedFrom::Fresh, 3, &["1|i64[2] [1, 0]", "3|i64[2] [3, 0]"]);
    let hook = LogValues::new(Every::steps(1), [("loss", "loss")]).formatter(|_, _| "qqq=42.0".into());
    check(hook, StartedFrom::Fresh, 1, &["qqq=42.0"]);
}

#[test]
fn values_are_fetched_only_when_they_are_due() -> Result<()> {
    let mut driver = driver();
    let mut hook = LogValues::new(Every::steps(10), [("loss", "loss")]);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 30)?;
    assert_eq!(driver.times_fetched("loss"), 3);
    Ok(())
}

#[test]
fn case_118_a_period_that_never_comes_is_refused() {
    let begin = |mut hook: LogValues<&'static str>| Hook::<Scripted>::begin(&mut hook);
    let error = begin(LogValues::new(Every::steps(0), [("loss", "loss")])).expect_err("nothing would be logged");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("period"), "{error}");
    assert!(begin(LogValues::new(Every::secs(-10.0), [("loss", "loss")])).is_err());
    assert!(begin(LogValues::new(Every::NEVER, [("loss", "loss")]).at_end()).is_ok());
}
