//! Summaries.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use everstep_event::{Event, EventSink, Memory, What};
use everstep_hook::{Every, Hook, StartedFrom, When};
use everstep_hooks::SummarySaver;
use everstep_tensor::{Error, ErrorKind, Result, Tensor};

use crate::driver::Driver;

fn driver() -> Driver {
    let loss: fn(u64) -> Tensor = |step| Tensor::scalar(step as f32 / 2.0);
    Driver::new()
        .value("loss", loss)
        .value("rate", |step| Tensor::scalar(step as i64))
        .value("logits", |_| Tensor::zeros(everstep_tensor::DType::F32, [2]).expect("two zeros fit"))
}

/// The curve of the loss, half the step, in runs of 3.1 s; it is fetched no oftener than it is written.
#[track_caller]
fn check(every: Every, from: StartedFrom, runs: u64, steps_per_run: u64, expected: &[u64]) {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    driver.millis_per_run = 3100;
    driver.session.steps_per_run = steps_per_run;
    let mut hook = SummarySaver::new(every, [("loss", "loss")], sink.clone()).with_clock(driver.clock.clone());
    let trained = driver.start(&mut hook, from).and_then(|()| driver.train(&mut hook, runs));
    assert!(trained.is_ok(), "{trained:?}");
    let expected: Vec<(u64, f64)> = expected.iter().map(|step| (*step, *step as f64 / 2.0)).collect();
    assert_eq!(sink.scalars("loss"), expected);
    assert_eq!(driver.times_fetched("loss"), expected.len());
}

#[test]
fn case_154_157_summaries_are_due_at_the_first_step_and_each_period() {
    check(Every::steps(100), StartedFrom::Fresh, 250, 1, &[1, 101, 201]);
    check(Every::steps(8), StartedFrom::Fresh, 30, 1, &[1, 9, 17, 25]);
    check(Every::secs(9.0), StartedFrom::Fresh, 8, 1, &[1, 4, 7]);
    // A run is expected to make one step: the third, from 10 to 15, is not known to reach 15 before it has run.
    check(Every::steps(10), StartedFrom::Fresh, 5, 5, &[5, 20]);
    check(Every::steps(8), StartedFrom::Restored(20), 10, 1, &[21, 29]);
    check(Every::NEVER, StartedFrom::Fresh, 30, 1, &[]);
}

#[test]
fn case_140_a_session_has_a_graph_a_start_and_a_stop() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let graph: Arc<[u8]> = Arc::from([1u8, 2]);
    let mut hook =
        SummarySaver::new(Every::steps(3), [("loss", "loss"), ("rate", "rate")], sink.clone()).graph(graph.clone());
    driver.start(&mut hook, StartedFrom::Restored(10))?;
    driver.train(&mut hook, 1)?;
    driver.start(&mut hook, StartedFrom::Live(11))?;
    driver.train(&mut hook, 4)?;
    driver.end(&mut hook)?;
    let said: Vec<(u64, What)> = sink.events().into_iter().map(|event| (event.step, event.what)).collect();
    let scalar = |tag: &str, value| What::Scalar { tag: tag.into(), value };
    let expected = [
        (10, What::Graph(graph)),
        (11, What::SessionStart),
        (11, scalar("loss", 5.5)),
        (11, scalar("rate", 11.0)),
        (14, scalar("loss", 7.0)),
        (14, scalar("rate", 14.0)),
        (15, What::SessionStop),
    ];
    assert_eq!(said, expected);
    Ok(())
}

#[test]
fn a_reading_run_and_a_failed_run_write_nothing() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let mut hook = SummarySaver::new(Every::steps(3), [("loss", "loss")], sink.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.read(&mut hook)?;
    driver.session.failure = Some(Error::new(ErrorKind::Unavailable, "gone"));
    assert!(driver.train(&mut hook, 1).is_err());
    assert_eq!((sink.scalars("loss"), driver.times_fetched("loss")), (vec![], 0));
    driver.train(&mut hook, 2)?;
    assert_eq!(sink.scalars("loss"), [(1, 0.5)]);
    Ok(())
}

#[test]
fn runs_that_make_one_update_together_write_it_once() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let mut hook = SummarySaver::new(Every::steps(3), [("loss", "loss")], sink.clone());
    driver.start(&mut hook, StartedFrom::Restored(1))?;
    driver.train(&mut hook, 1)?;
    for _ in 0..3 {
        driver.session.steps_per_run = 0;
        driver.train(&mut hook, 2)?;
        driver.session.steps_per_run = 1;
        driver.train(&mut hook, 1)?;
    }
    assert_eq!(sink.scalars("loss"), [(2, 1.0), (5, 2.5)]);
    Ok(())
}

#[test]
fn a_summary_of_many_elements_is_named() -> Result<()> {
    let mut driver = driver();
    let mut hook = SummarySaver::new(Every::steps(3), [("out/logits", "logits")], Arc::new(Memory::new()));
    driver.start(&mut hook, StartedFrom::Fresh)?;
    let error = driver.train(&mut hook, 1).expect_err("two elements are no scalar");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let expected =
        "summary out/logits: a scalar takes one number (its mean, a norm): f32[2] [0.0, 0.0] is not a single element";
    assert_eq!(error.to_string(), expected);
    Ok(())
}

/// Takes so many events and then fails; counts flushes.
#[derive(Default)]
struct Small(AtomicU32, AtomicU32);

impl EventSink for Small {
    fn emit(&self, _: Event) -> io::Result<()> {
        match self.0.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err(io::Error::new(io::ErrorKind::PermissionDenied, "run/events: permission denied")),
        }
    }
    fn flush(&self) -> io::Result<()> {
        match self.1.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            _ => Err(io::Error::other("a torn pipe")),
        }
    }
}

#[test]
fn what_the_sink_returns_is_told_with_what_was_lost() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Small::default()));
    let mut hook = SummarySaver::new(Every::steps(3), [("loss", "loss")], sink.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    let error = driver.train(&mut hook, 1).expect_err("the sink takes one event");
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    let text = error.to_string();
    assert!(text.starts_with("summary loss of step 1 could not be written (free disk space"), "{text}");
    assert!(text.ends_with("run/events: permission denied"), "{text}");
    Hook::<crate::driver::Scripted>::failed(&mut hook, &error);
    assert_eq!(sink.1.load(Ordering::SeqCst), 1, "what led to the failure is flushed");
    let error = driver.end(&mut hook).expect_err("the sink takes one event");
    assert!(error.to_string().starts_with("the session stop of step 1 could not be written"), "{error}");
    Ok(())
}

#[test]
fn case_155_all_summaries_are_written_at_each_of_their_steps() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let mut hook = SummarySaver::new(Every::steps(8), [("loss", "loss"), ("rate", "rate")], sink.clone());
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 10)?;
    assert_eq!(sink.scalars("loss"), [(1, 0.5), (9, 4.5)]);
    assert_eq!(sink.scalars("rate"), [(1, 1.0), (9, 9.0)]);
    Ok(())
}

#[test]
fn the_last_step_is_written_once() -> Result<()> {
    let written = |runs| -> Result<Vec<(u64, f64)>> {
        let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
        let mut hook = SummarySaver::new(Every::steps(3).or(When::Last), [("loss", "loss")], sink.clone());
        driver.start(&mut hook, StartedFrom::Fresh)?;
        driver.train(&mut hook, runs)?;
        driver.read(&mut hook)?;
        driver.end(&mut hook)?;
        Ok(sink.scalars("loss"))
    };
    assert_eq!(written(5)?, [(1, 0.5), (4, 2.0), (5, 2.5)]);
    assert_eq!(written(4)?, [(1, 0.5), (4, 2.0)]);
    assert_eq!(written(0)?, []);
    Ok(())
}

#[test]
fn a_session_that_went_back_is_a_start_of_its_own() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let mut hook = SummarySaver::new(Every::NEVER, Vec::<(String, &str)>::new(), sink.clone());
    for from in [StartedFrom::Fresh, StartedFrom::Live(3), StartedFrom::Restored(2)] {
        driver.start(&mut hook, from)?;
        driver.train(&mut hook, 3)?;
    }
    let starts = sink.events().into_iter().filter(|event| event.what == What::SessionStart);
    assert_eq!(starts.map(|event| event.step).collect::<Vec<_>>(), [1, 3]);
    Ok(())
}
