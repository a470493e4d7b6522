//! Steps of several runs, and runs that no hook sees.

use std::sync::Arc;

use everstep_monitored::{Monitored, Options, Ran};
use everstep_session::{Outcome, Request, Session as _};
use everstep_tensor::{Error, ErrorKind, Tensor};
use everstep_testkit::{Call, Calls, Fault, Fetch, Input, MemorySave, Server};

use super::{Chief, Hooks, chief};

fn monitored<'a>(server: &Server, hooks: Hooks<'a>) -> Monitored<'a, Chief> {
    let saver = Arc::new(MemorySave::new());
    Monitored::begin(chief(server, &saver, true), hooks, Options::default()).unwrap()
}

#[test]
fn case_94_the_functions_value_is_returned() {
    let mut monitored = monitored(&Server::new(), Vec::new());
    assert_eq!(
        monitored.run_step_fn(|step| Ok(format!("at {}", step.global_step()))).unwrap().as_deref(),
        Some("at 0")
    );
}

#[test]
fn case_91_92_100_a_stop_in_the_function_ends_it_at_once() {
    let calls = Calls::new();
    let mut monitored = monitored(&Server::new(), vec![Box::new(calls.recorder("a"))]);
    let ran = monitored.run_step_fn(|step| {
        if step.global_step() == 0 {
            return Err(step.request_stop("enough"));
        }
        step.run_with_hooks(&[Fetch::Update], &[]).map(|_| ())
    });
    assert_eq!(ran.unwrap(), None);
    assert!(monitored.should_stop());
    assert_eq!((monitored.stop_reason(), calls.of("a").len()), (Some("enough"), 2), "no hook saw a run");
    assert_eq!(monitored.run_step_fn(|_| Ok(())).unwrap(), None, "nothing more runs");
    monitored.finish().unwrap();
    assert_eq!(calls.of("a").last(), Some(&Call::End { step: 0 }));
}

#[test]
fn case_98_raw_runs_and_runs_with_hooks_in_one_step() {
    let calls = Calls::new();
    let hooks: Hooks<'_> = vec![Box::new(calls.recorder("a").fetching(vec![Fetch::Weight]))];
    let mut monitored = monitored(&Server::new(), hooks);
    let seen = monitored.run_step_fn(|step| {
        let mut outcome = Outcome::default();
        step.session()?.run(&Request::train(vec![Fetch::Update]), &mut outcome)?;
        match step.run_with_hooks(&[Fetch::Fed], &[(Input::X, Tensor::scalar(0.3f32))])? {
            Ran::Values([fed]) => Ok((outcome.values[0].to_f64()?, fed.item::<f32>()?)),
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(seen.unwrap(), Some((4.0, 0.3)));
    assert_eq!(calls.of("a")[2..], [Call::Before { step: 1 }, Call::After { step: 1, values: vec![4.0] }]);
}

#[test]
fn case_101_58_a_function_that_loses_the_session_is_called_again_on_the_new_one() {
    let server = Server::new().fail_run(1, Fault::Before(ErrorKind::Aborted));
    let mut monitored = monitored(&server, Vec::new());
    let mut calls = 0;
    let value = monitored.run_step_fn(|step| {
        calls += 1;
        let mut outcome = Outcome::default();
        step.session()?.run(&Request::read(vec![Fetch::Weight]), &mut outcome)?;
        outcome.values[0].to_f64()
    });
    assert_eq!((value.unwrap(), calls, monitored.restarts()), (Some(8.0), 2, 1));
}

#[test]
fn case_55_104_a_run_with_hooks_replaces_the_session_itself() {
    let calls = Calls::new();
    let aborts = calls.recorder("a").failing(Call::Before { step: 0 }, ErrorKind::Aborted);
    let mut monitored = monitored(&Server::new(), vec![Box::new(aborts)]);
    let mut times = 0;
    let value = monitored.run_step_fn(|step| {
        times += 1;
        step.run_with_hooks(&[Fetch::Update], &[]).map(|ran| matches!(ran, Ran::Values(_)))
    });
    assert_eq!((value.unwrap(), times, monitored.restarts()), (Some(true), 1, 1));
    assert_eq!(monitored.global_step(), 1);
}

#[test]
fn case_56_85_another_error_of_the_function_ends_the_training() {
    let calls = Calls::new();
    let mut monitored = monitored(&Server::new(), vec![Box::new(calls.recorder("a"))]);
    let error = monitored.run_step_fn(|_| Err::<(), _>(Error::new(ErrorKind::NotFound, "no such thing"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(calls.of("a").last(), Some(&Call::Failed { kind: ErrorKind::NotFound }));
    assert!(monitored.should_stop());
}

#[test]
fn case_44_76_runs_that_no_hook_sees() {
    let calls = Calls::new();
    let server = Server::new().fail_run(2, Fault::Before(ErrorKind::Unavailable));
    let mut monitored = monitored(&server, vec![Box::new(calls.recorder("a"))]);
    for _ in 0..2 {
        let request = Request::read(vec![Fetch::Fed]).feed(Input::X, Tensor::scalar(51.0f32));
        let Ran::Values([fed]) = monitored.run_without_hooks(&request).unwrap() else { panic!("one value") };
        assert_eq!(fed.to_f64().unwrap(), 51.0);
    }
    assert_eq!((monitored.restarts(), monitored.global_step()), (1, 0), "a reading run is repeated and does not count");
    let seen: Vec<Call> = calls.of("a").into_iter().filter(|call| matches!(call, Call::Before { .. })).collect();
    assert_eq!(seen, []);
    let wrong = Request::read(vec![Fetch::Update]);
    assert_eq!(monitored.run_without_hooks(&wrong).map(|_| ()).unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert!(!monitored.should_stop(), "a wrong request is the caller's affair");
}
