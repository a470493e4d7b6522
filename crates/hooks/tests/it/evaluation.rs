//! Evaluations while training goes on.

use std::sync::{Arc, Mutex};

use everstep_event::Memory;
use everstep_hook::{Every, Hook, StartedFrom, When};
use everstep_hooks::{CheckpointSaver, Evaluation, OnFailure, StopAtStep, Tolerant};
use everstep_session::{Outcome, Request, Session};
use everstep_tensor::{Checkpoint, CopyRules, Error, ErrorKind, Result, Save, Saving, Tensor, Which, copy};
use everstep_testkit::{Fetch, MemorySave, Scripted, Server};

use crate::{
    driver::{self, Driver},
    training::{Hooks, train},
};

fn driver() -> Driver {
    let accuracy: fn(u64) -> Tensor = |step| Tensor::scalar(step as f32 / 100.0);
    let logits: fn(u64) -> Tensor = |_| Tensor::zeros(everstep_tensor::DType::F32, [2]).expect("two zeros fit");
    Driver::new().value("accuracy", accuracy).value("logits", logits)
}

/// The steps that are evaluated in runs of 3.1 s, and at the end.
#[track_caller]
fn check(when: impl Into<When>, from: StartedFrom, runs: u64, expected: &[u64]) {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    driver.millis_per_run = 3100;
    let mut hook = Evaluation::new(when, sink.clone(), [("accuracy", "accuracy")], [("images", Tensor::scalar(7i64))])
        .with_clock(driver.clock.clone());
    let trained = driver.start(&mut hook, from).and_then(|()| driver.train(&mut hook, runs));
    let ended = trained.and_then(|()| driver.end(&mut hook));
    assert!(ended.is_ok(), "{ended:?}");
    let steps: Vec<u64> = sink.scalars("accuracy").into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, expected);
    // A run of its own with its own feeds: the training runs are left as they were.
    let mut runs = driver.session.fetched.iter().zip(&driver.session.fed);
    assert!(runs.all(|(fetched, fed)| fetched.contains(&"accuracy") == (fed.len() == 1)));
    assert_eq!(hook.latest().map(|(step, _)| step), expected.last().copied());
}

#[test]
fn it_is_due_at_the_first_step_each_period_and_the_last() {
    check(Every::steps(4), StartedFrom::Fresh, 10, &[1, 5, 9]);
    check(Every::steps(4).or(When::Last), StartedFrom::Fresh, 10, &[1, 5, 9, 10]);
    check(Every::steps(4).or(When::Last), StartedFrom::Fresh, 9, &[1, 5, 9]);
    check(Every::secs(9.0), StartedFrom::Fresh, 8, &[1, 4, 7]);
    check(Every::steps(4), StartedFrom::Restored(20), 6, &[21, 25]);
    check(When::Last, StartedFrom::Restored(20), 0, &[20]);
    check(Every::NEVER, StartedFrom::Fresh, 10, &[]);
}

#[test]
fn a_measure_that_fails_is_due_again_after_the_next_run() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let measure = |session: &mut driver::Scripted| match session.global_step() {
        1 | 2 => Err(Error::new(ErrorKind::NotFound, "the samples are not there yet")),
        step => Ok([("accuracy", step as f64)]),
    };
    let hook = Evaluation::measured(Every::steps(10), sink.clone(), measure);
    let mut hook = Tolerant::new(hook, OnFailure::Retry);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 5)?;
    assert_eq!(sink.scalars("accuracy"), [(3, 3.0)]);
    assert_eq!(hook.failures(), 2);
    assert_eq!(Hook::<driver::Scripted>::metrics(&hook, 3).len(), 1);
    assert!(Hook::<driver::Scripted>::metrics(&hook, 4).is_empty());
    Ok(())
}

#[test]
fn what_is_no_number_is_named() -> Result<()> {
    let mut driver = driver();
    let mut hook = Evaluation::new(Every::steps(1), Arc::new(Memory::new()), [("logits", "logits")], []);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    let error = driver.train(&mut hook, 1).unwrap_err();
    assert!(error.to_string().starts_with("logits takes one number"), "{error}");
    Ok(())
}

/// Keeps what was measured beside what was saved.
#[derive(Default)]
struct Noting {
    saver: MemorySave,
    noted: Mutex<Vec<(&'static str, u64, f64)>>,
}

impl Save for Noting {
    fn save(&self, saving: &Saving<'_>) -> Result<()> {
        let saved = saving.metrics.iter().map(|(_, value)| ("saved", saving.step, *value));
        self.noted.lock().expect("nobody panics with it").extend(saved);
        self.saver.save(saving)
    }
    fn open(&self, which: Which) -> Result<Option<Checkpoint>> {
        self.saver.open(which)
    }
    fn annotate(&self, step: u64, _metric: &str, value: f64) -> Result<()> {
        self.noted.lock().expect("nobody panics with it").push(("annotated", step, value));
        Ok(())
    }
}

/// Trains for three steps, each of which halves the weight 8, with an evaluation on a model of its own.
#[track_caller]
fn noted(saver: &Arc<Noting>, when: impl Into<When>, save: Every) -> Vec<(&'static str, u64, f64)> {
    let mut model = Server::new().session();
    let measure = move |training: &mut Scripted| {
        copy(training.variables(), model.variables_mut(), &CopyRules::default())?;
        let mut outcome = Outcome::default();
        model.run(&Request::read(vec![Fetch::Weight]), &mut outcome)?;
        Ok([("weight", outcome.values[0].to_f64()?)])
    };
    // Beside the hooks that ask for saves and for the end, before or behind them, it makes no difference.
    let hooks: Hooks<'_> = vec![
        Box::new(CheckpointSaver::new(save)),
        Box::new(StopAtStep::last_step(3)),
        Box::new(Evaluation::measured(when, Arc::new(Memory::new()), measure)),
    ];
    let trained = train(&(saver.clone() as Arc<dyn Save>), hooks, None);
    assert!(trained.is_ok(), "{trained:?}");
    saver.noted.lock().expect("nobody panics with it").drain(..).collect()
}

#[test]
fn what_was_measured_goes_into_the_save_of_that_step() {
    let saver = Arc::new(Noting::default());
    assert_eq!(noted(&saver, Every::steps(2).or(When::Last), Every::steps(2)), [("saved", 3, 1.0)]);
    // A training that is complete saves nothing more: the measure is added to what is there.
    assert_eq!(noted(&saver, When::Last, Every::steps(1)), [("annotated", 3, 1.0)]);
    let saver = Arc::new(Noting::default());
    assert_eq!(noted(&saver, Every::steps(2), Every::steps(1)), [("saved", 1, 4.0), ("saved", 3, 1.0)]);
    // Measured at the end, when the last step has been saved.
    let saver = Arc::new(Noting::default());
    assert_eq!(noted(&saver, When::Last, Every::steps(1)), [("annotated", 3, 1.0)]);
}

#[test]
fn a_held_out_set_is_gone_through_batch_by_batch() -> Result<()> {
    let (mut driver, sink) = (driver(), Arc::new(Memory::new()));
    let batches = |position: u64| match position {
        0..3 => Ok(vec![("images", Tensor::scalar(position as i64))]),
        _ => Err(Error::new(ErrorKind::EndOfInput, "the set has three batches")),
    };
    let mut hook =
        Evaluation::over(Every::steps(10), sink.clone(), [("accuracy", "accuracy")], vec!["logits"], batches);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.train(&mut hook, 1)?;
    assert_eq!(sink.scalars("accuracy"), [(1, f64::from(0.01f32))]);
    let gathered =
        driver.session.fetched.iter().zip(&driver.session.fed).filter(|(fetched, _)| **fetched == ["logits"]);
    let fed: Vec<i64> = gathered.map(|(_, fed)| fed[0].1.item::<i64>()).collect::<Result<_>>()?;
    assert_eq!(fed, [0, 1, 2]);

    let broken = |_| Err(Error::new(ErrorKind::DataLoss, "a file is damaged"));
    let mut hook = Evaluation::over(Every::steps(10), sink, [("accuracy", "accuracy")], vec!["logits"], broken);
    driver.start(&mut hook, StartedFrom::Fresh)?;
    let error = driver.train(&mut hook, 1).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("batch 0 of the evaluation")), (ErrorKind::DataLoss, true));
    Ok(())
}
