//! Batches and positions.

use everstep_hook::{Hook, StartedFrom};
use everstep_hooks::Feed;
use everstep_session::Request;
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, VariablesMut};

use crate::driver::{Driver, Scripted};

type Batch = Vec<(&'static str, Tensor)>;

/// Three batches, then the end.
fn batch(position: u64) -> Result<Batch> {
    match position {
        0..3 => Ok(vec![("x", Tensor::scalar(position as f32))]),
        3 => Err(Error::new(ErrorKind::EndOfInput, "the batches are used up")),
        _ => Err(Error::new(ErrorKind::NotFound, "train.csv is gone")),
    }
}

fn state(hook: &mut dyn Hook<Scripted>) -> &mut dyn VariablesMut {
    hook.state().expect("a feed has a state")
}

fn fed(driver: &Driver) -> Vec<f64> {
    let value = |fed: &Batch| fed.first().map_or(f64::NAN, |(_, value)| value.to_f64().unwrap_or(f64::NAN));
    driver.session.fed.iter().map(value).collect()
}

#[test]
fn each_training_run_gets_the_next_batch_until_the_end() -> Result<()> {
    let (mut driver, mut feed) = (Driver::new(), Feed::new("feed", batch));
    driver.start(&mut feed, StartedFrom::Fresh)?;
    driver.train(&mut feed, 2)?;
    driver.read(&mut feed)?;
    assert_eq!((feed.position(), driver.session.fed.last().map(Vec::len)), (2, Some(0)));
    driver.train(&mut feed, 1)?;
    let error = driver.train(&mut feed, 1).expect_err("there are three batches");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::EndOfInput, "the batches are used up"));
    assert_eq!((feed.position(), driver.times_fetched("train")), (3, 3));
    assert_eq!(driver.session.fetched.concat(), ["train"; 3], "a feed fetches nothing");
    Ok(())
}

#[test]
fn a_run_that_failed_gets_the_same_batch_again() -> Result<()> {
    let (mut driver, mut feed) = (Driver::new(), Feed::new("feed", batch));
    driver.start(&mut feed, StartedFrom::Fresh)?;
    driver.train(&mut feed, 1)?;
    driver.session.failure = Some(Error::new(ErrorKind::Aborted, "lost"));
    assert!(driver.train(&mut feed, 1).is_err());
    driver.start(&mut feed, StartedFrom::Live(1))?;
    driver.train(&mut feed, 1)?;
    assert_eq!(fed(&driver), [0.0, 1.0]);
    Ok(())
}

#[test]
fn a_run_that_was_applied_unseen_is_counted() -> Result<()> {
    let (mut driver, mut feed) = (Driver::new(), Feed::new("feed", batch));
    driver.start(&mut feed, StartedFrom::Fresh)?;
    driver.open(&mut feed, StartedFrom::Live(1), true)?;
    driver.train(&mut feed, 1)?;
    assert_eq!((fed(&driver), feed.position()), (vec![1.0], 2));
    Ok(())
}

#[test]
fn the_position_is_the_state() -> Result<()> {
    let (mut driver, mut first) = (Driver::new(), Feed::new("feed", batch));
    driver.start(&mut first, StartedFrom::Fresh)?;
    driver.train(&mut first, 2)?;
    let saved = Snapshot::of(&*state(&mut first))?;
    assert!(saved.bit_eq(&Snapshot::from_iter([("position", Tensor::scalar(2i64))])));

    let (mut driver, mut second) = (Driver::new(), Feed::new("feed", batch));
    everstep_tensor::copy(&saved, &mut *state(&mut second), &Default::default())?;
    driver.start(&mut second, StartedFrom::Restored(2))?;
    driver.train(&mut second, 1)?;
    assert_eq!((fed(&driver), second.position()), (vec![2.0], 3));
    Ok(())
}

#[test]
fn a_state_that_makes_no_sense_is_named() -> Result<()> {
    let (mut driver, mut feed) = (Driver::new(), Feed::new("train/images", batch));
    let unknown = state(&mut feed).assign("seed", Tensor::scalar(1i64)).expect_err("there is no seed");
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
    let wrong = state(&mut feed).assign("position", Tensor::scalar(1i32)).expect_err("a position is an i64");
    assert_eq!(wrong.to_string(), "variable position is i64[], the value is i32[]");
    assert_eq!(feed.position(), 0);

    state(&mut feed).assign("position", Tensor::scalar(-3i64))?;
    let error = driver.start(&mut feed, StartedFrom::Restored(5)).expect_err("a position is not negative");
    assert_eq!(error.kind(), ErrorKind::DataLoss);
    let expected = "hook/train/images/position is -3, and no position is negative; restore another checkpoint";
    assert_eq!(error.to_string(), expected);
    Ok(())
}

#[test]
fn errors_name_the_position_and_both_feeders() -> Result<()> {
    let (mut driver, mut feed) = (Driver::new(), Feed::new("feed", batch));
    let twice = Request::train(vec!["train"]).feed("x", Tensor::scalar(0.0f32));
    driver.start(&mut feed, StartedFrom::Fresh)?;
    let error = driver.run(&mut feed, twice).expect_err("x is fed by both");
    assert_eq!(error.to_string(), r#""x" is fed by the caller and by hook feed; let one of them feed it"#);

    state(&mut feed).assign("position", Tensor::scalar(4i64))?;
    let error = driver.train(&mut feed, 1).expect_err("the file is gone");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.to_string(), "the batch of position 4: train.csv is gone");
    assert_eq!(feed.position(), 4);
    Ok(())
}
