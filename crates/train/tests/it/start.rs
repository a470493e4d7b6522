//! How a session becomes ready: scaffolds, chief and worker.

use std::{sync::Arc, time::Duration};

use everstep_monitored::{Attempt, Create};
use everstep_session::{Request, Scope, Session, SessionConfig, Stop, connect_fn};
use everstep_tensor::{CopyRules, Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor};
use everstep_testkit::{Fetch, MemorySave, Scripted, Server, VirtualClock};
use everstep_train::{Chief, Scaffold, WarmStart, Worker};

type Pieces<'a> = Scaffold<'a, Scripted>;

fn chief(server: &Server, mut scaffold: Pieces<'_>) -> Result<Scripted> {
    let stop = Stop::default();
    let saver = scaffold.saver.take();
    let connect = connect_fn(|_, _| Ok(server.session()));
    let mut chief = Chief::new(connect, "", SessionConfig::default()).scaffold(&mut scaffold);
    if let Some(saver) = saver {
        chief = chief.restore(saver);
    }
    chief.create(&Attempt { restarts: 0, lost_step: None, stop: &stop }).map(|created| created.session)
}

fn worker(server: &Server, mut scaffold: Pieces<'_>, secs: u64) -> Result<Scripted> {
    let stop = Stop::default();
    let connect = connect_fn(|_, _| Ok(server.session()));
    let worker = Worker::new(connect, "", SessionConfig::default(), Duration::from_secs(secs)).scaffold(&mut scaffold);
    let mut worker = worker.with_clock(Arc::new(VirtualClock::new()));
    worker.create(&Attempt { restarts: 0, lost_step: None, stop: &stop }).map(|created| created.session)
}

fn weight(session: &Scripted) -> f64 {
    session.variables().read("w").unwrap().to_f64().unwrap()
}

fn set_weight(value: f32) -> impl FnMut(&mut Scripted) -> Result<()> {
    move |session| session.variables_mut().assign("w", Tensor::scalar(value))
}

/// A saver that kept this weight at step 3.
fn kept(weight: f32) -> Arc<MemorySave> {
    let saver = Arc::new(MemorySave::new());
    let model = Snapshot::from_iter([("global_step", Tensor::scalar(3i64)), ("w", Tensor::scalar(weight))]);
    saver.save(&Saving { step: 3, variables: &model, metrics: &[], pinned: false }).unwrap();
    saver
}

#[test]
fn case_19_20_179_an_empty_scaffold_initialises_the_model() {
    assert_eq!(weight(&chief(&Server::new(), Pieces::default()).unwrap()), 8.0);
    let scaffold = Pieces::default();
    assert!(scaffold.summaries.is_empty() && scaffold.saver.is_none() && scaffold.graph.is_none());
}

#[test]
fn a_new_model_starts_from_the_values_of_another() {
    let trained = || Snapshot::from_iter([("global_step", Tensor::scalar(3i64)), ("old/w", Tensor::scalar(6.0f32))]);
    let warm_start = || {
        let mut warm_start = WarmStart::new(trained());
        warm_start.rules.rename = vec![("w".into(), "old/w".into())];
        Some(warm_start)
    };
    let session = chief(&Server::new(), Pieces { warm_start: warm_start(), ..Default::default() }).unwrap();
    assert_eq!((weight(&session), session.global_step()), (6.0, 0));

    // What is restored is not touched, and what does not fit changes nothing.
    let restored = Pieces { warm_start: warm_start(), saver: Some(kept(2.0)), ..Default::default() };
    assert_eq!(weight(&chief(&Server::new(), restored).unwrap()), 2.0);
    let unfit = WarmStart::new(Snapshot::from_iter([("w", Tensor::scalar(6.0f64))]));
    let error = chief(&Server::new(), Pieces { warm_start: Some(unfit), ..Default::default() }).unwrap_err();
    let message = "the model cannot start from these values: the sets do not fit: w is f32[] here, f64[] in the source";
    assert_eq!(error.to_string(), message);
}

#[test]
fn case_181_a_function_initialises_the_model() {
    let scaffold = Pieces { init_fn: Some(Box::new(set_weight(5.0))), ..Default::default() };
    assert_eq!(weight(&chief(&Server::new(), scaffold).unwrap()), 5.0);
}

#[test]
fn case_23_25_26_what_one_scaffold_leaves_out_is_taken_from_another() {
    let base = || Pieces {
        init: Some(Request::read(vec![Fetch::Weight])),
        init_fn: Some(Box::new(set_weight(5.0))),
        summaries: vec![("base", Fetch::Weight).into()],
        restore: CopyRules { allow_unused: true, ..Default::default() },
        graph: Some(Arc::new([1])),
        ..Default::default()
    };
    let inherited = Pieces::default().or(base());
    assert_eq!((inherited.summaries.len(), inherited.restore.allow_unused), (1, true));
    assert_eq!(weight(&chief(&Server::new(), inherited).unwrap()), 5.0);
    let own = Pieces {
        init_fn: Some(Box::new(set_weight(6.0))),
        summaries: vec![("own", Fetch::Fed).into()],
        graph: Some(Arc::new([2])),
        ..Default::default()
    };
    let merged = own.or(base());
    assert_eq!((&**merged.summaries[0].tag(), merged.graph.as_deref()), ("own", Some(&[2u8][..])));
    assert!(merged.init.is_some(), "the rest is inherited");
    assert_eq!(weight(&chief(&Server::new(), merged).unwrap()), 6.0);
}

#[test]
fn case_187_194_the_local_initialisation_comes_after_the_restore() {
    let mut seen = Vec::new();
    let local_init = |session: &mut Scripted| {
        seen.push(weight(session));
        Ok(())
    };
    let scaffold = Pieces { saver: Some(kept(1.0)), local_init: Some(Box::new(local_init)), ..Default::default() };
    let session = chief(&Server::new(), scaffold).unwrap();
    assert_eq!((weight(&session), session.global_step()), (1.0, 3));
    assert_eq!(seen, [1.0], "on every start, restored or not");
}

#[test]
fn case_188_193_what_the_local_initialisation_needs_is_asked_for_first() {
    let mut ran = false;
    let scaffold = Pieces {
        ready_for_local_init: Some(Box::new(|_| Ok(vec!["vocabulary".into()]))),
        local_init: Some(Box::new(|_| {
            ran = true;
            Ok(())
        })),
        ..Default::default()
    };
    let error = chief(&Server::new(), scaffold).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.to_string().contains("vocabulary") && !ran, "{error}");
}

#[test]
fn case_197_199_a_start_that_leaves_something_uninitialised_names_it() {
    let scaffold = || Pieces { ready: Some(Box::new(|_| Ok(vec!["table".into(), "x".into()]))), ..Default::default() };
    let server = Server::new();
    let error = chief(&server, scaffold()).unwrap_err();
    let expected = "the start did not make the model ready (not initialised: table, x); give them initial values";
    assert_eq!(error.to_string(), expected);
    assert!(!server.session().is_published().unwrap(), "workers still wait");

    chief(&server, Pieces::default()).unwrap();
    let error = worker(&server, scaffold(), 5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("table, x"), "{error}");
}

#[test]
fn case_185_nobody_initialises() {
    let error = worker(&Server::new(), Pieces::default(), 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("not initialised: global_step, w"), "{error}");
}

#[test]
fn case_191_a_worker_runs_its_own_local_initialisation() {
    let server = Server::new();
    chief(&server, Pieces::default()).unwrap();
    let mut ran = false;
    let local_init = |_: &mut Scripted| {
        ran = true;
        Ok(())
    };
    let session = worker(&server, Pieces { local_init: Some(Box::new(local_init)), ..Default::default() }, 1).unwrap();
    assert_eq!(weight(&session), 8.0);
    drop(session);
    assert!(ran);
}

#[test]
fn case_182_a_model_that_appears_later_is_found_by_the_same_call() {
    let (server, saver) = (Server::new(), Arc::new(MemorySave::new()));
    let never_ready = || Pieces {
        saver: Some(saver.clone()),
        ready: Some(Box::new(|session| Ok(if session.global_step() == 0 { vec!["w".into()] } else { vec![] }))),
        ..Default::default()
    };
    assert_eq!(chief(&server, never_ready()).unwrap_err().kind(), ErrorKind::FailedPrecondition);
    let model = Snapshot::from_iter([("global_step", Tensor::scalar(3i64)), ("w", Tensor::scalar(1.0f32))]);
    saver.save(&Saving { step: 3, variables: &model, metrics: &[], pinned: false }).unwrap();
    assert_eq!(weight(&chief(&server, never_ready()).unwrap()), 1.0);
}

#[test]
fn case_190_nothing_to_restore_still_initialises_the_local_variables() {
    let mut ran = false;
    let local_init = |session: &mut Scripted| {
        ran = true;
        session.initialize(Scope::Local)
    };
    let (saver, local_init) = (Some(Arc::new(MemorySave::new()) as Arc<dyn Save>), Some(Box::new(local_init) as _));
    let session = chief(&Server::new(), Pieces { saver, local_init, ..Default::default() }).unwrap();
    assert_eq!(session.global_step(), 0);
    drop(session);
    assert!(ran);
}

#[test]
fn case_200_an_assertion_that_fails_is_not_ready() {
    let asserts = || Pieces {
        ready: Some(Box::new(|_| Err(Error::new(ErrorKind::FailedPrecondition, "uninitialized value w")))),
        ..Default::default()
    };
    let server = Server::new();
    let error = chief(&server, asserts()).unwrap_err();
    assert!(error.to_string().contains("uninitialized value w"), "{error}");
    chief(&server, Pieces::default()).unwrap();
    let error = worker(&server, asserts(), 5).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("uninitialized value w"), "{error}");
}

#[test]
fn case_196_an_initial_value_may_be_computed_by_a_loop() {
    let init_fn = |session: &mut Scripted| {
        let mut value = 8.0f32;
        while value > 1.0 {
            value /= 2.0;
        }
        session.variables_mut().assign("w", Tensor::scalar(value))
    };
    let scaffold = Pieces { init_fn: Some(Box::new(init_fn)), ..Default::default() };
    assert_eq!(weight(&chief(&Server::new(), scaffold).unwrap()), 1.0);
}
