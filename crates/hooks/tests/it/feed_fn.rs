//! Feeds of a closure.

use everstep_hook::{AfterRun, BeforeRun, Feeders, Hook, SaveRequest, StartedFrom};
use everstep_hooks::FeedFn;
use everstep_session::{Outcome, Request, Scope, Session, Stop};
use everstep_tensor::{Error, ErrorKind, Result, Tensor};
use everstep_testkit::{Fetch, Input, Server};

use crate::driver::Driver;

#[test]
fn case_164_a_run_of_the_callers_sees_what_the_closure_feeds() -> Result<()> {
    let mut session = Server::new().session();
    session.initialize(Scope::Global)?;
    let mut hook = FeedFn::new(|| Ok(vec![(Input::X, Tensor::scalar(2.0f32))]));
    let (mut request, mut outcome) = (Request::train(vec![Fetch::Update, Fetch::Fed]), Outcome::default());
    hook.before_run(&mut BeforeRun::new(&mut session, &mut request, &mut Feeders::new(["feed_fn".into()])))?;
    session.run(&request, &mut outcome)?;
    let (stop, mut save) = (Stop::default(), SaveRequest::default());
    hook.after_run(&mut AfterRun::new(&mut session, &request, &[], None, 0, &stop, &mut save))?;
    let values: Vec<f64> = outcome.values.iter().map(Tensor::to_f64).collect::<Result<_>>()?;
    assert_eq!(values, [16.0, 2.0], "the model's weight is 8, and its update multiplies it by what is fed");
    Ok(())
}

#[test]
fn the_closure_is_called_for_training_runs_and_ends_them() -> Result<()> {
    let mut calls = 0;
    let mut hook = FeedFn::new(|| {
        calls += 1;
        match calls {
            1 => Ok(vec![("x", Tensor::scalar(1.0f32))]),
            2 => Ok(vec![]),
            3 => Err(Error::new(ErrorKind::EndOfInput, "the queue is empty")),
            _ => Err(Error::new(ErrorKind::NotFound, "the queue is gone")),
        }
    });
    let mut driver = Driver::new();
    driver.start(&mut hook, StartedFrom::Fresh)?;
    driver.read(&mut hook)?;
    driver.train(&mut hook, 2)?;
    assert_eq!(driver.session.fed.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 0]);
    let error = driver.train(&mut hook, 1).expect_err("the queue is empty");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::EndOfInput, "the queue is empty"));
    let error = driver.train(&mut hook, 1).expect_err("the queue is gone");
    assert_eq!(error.to_string(), "the feeds of the run after step 2: the queue is gone");
    Ok(())
}
