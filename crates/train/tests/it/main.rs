//! The facade over scripted sessions.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod evaluation;
mod monitored_training_session;
mod start;

use std::{path::Path, sync::Arc, time::Duration};

use everstep_event::{Memory, What};
use everstep_hook::{AfterRun, BeforeRun, Hook, StartedFrom};
use everstep_hooks::StopAtStep;
use everstep_monitored::{Attempt, Create};
use everstep_session::{Request, RunMetadata, Scope, Session, SessionConfig, Stop, connect_fn};
use everstep_tensor::{CopyRules, Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Which};
use everstep_testkit::{Call, Calls, Fault, Fetch, Input, MemorySave, Scripted, Server, VirtualClock, laws};
use everstep_train::{Chief, Scaffold, TrainOptions, Worker, restore, train};

type Options<'a> = TrainOptions<'a, Scripted>;

fn last_step<'a>(last: u64) -> Options<'a> {
    Options { hooks: vec![Box::new(StopAtStep::last_step(last))], ..Default::default() }
}

/// Trains on a fresh model.
fn run(logdir: Option<&Path>, options: Options<'_>) -> Result<Option<f64>> {
    on(&Server::new(), logdir, options)
}

fn on(server: &Server, logdir: Option<&Path>, options: Options<'_>) -> Result<Option<f64>> {
    let connect = connect_fn(|_, _| Ok(server.session()));
    train(connect, Fetch::Update, logdir, options)?.map(|loss| loss.to_f64()).transpose()
}

#[track_caller]
fn check_refused(logdir: Option<&Path>, options: Options<'_>, named: &str) {
    let server = Server::new();
    let error = on(&server, logdir, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().starts_with(named), "{error}");
    assert_eq!(server.runs(), 0);
}

#[test]
fn parameters_that_make_no_sense_are_refused_before_anything_is_created() {
    check_refused(None, last_step(1), "logdir is None while save_summaries_steps is 100");
    let summaries_off = || Options { save_summaries_steps: Some(0), ..last_step(1) };
    check_refused(None, summaries_off(), "logdir is None while save_checkpoint_secs is 600");
    check_refused(Some(Path::new("")), last_step(1), "logdir is an empty path");
    check_refused(None, Options { save_checkpoint_secs: Some(-1.0), ..summaries_off() }, "save_checkpoint_secs is -1");
    check_refused(
        None,
        Options { save_checkpoint_secs: Some(f64::NAN), ..summaries_off() },
        "save_checkpoint_secs is NaN",
    );
    let off = || Options { save_checkpoint_secs: None, ..summaries_off() };
    check_refused(None, Options { max_wait_secs: -0.5, ..off() }, "max_wait_secs is -0.5");
    assert_eq!(run(None, off()).unwrap(), Some(4.0));
}

#[test]
fn resumes_from_the_directory_and_runs_no_step_more() {
    let logdir = tempfile::tempdir().unwrap();
    let place = logdir.path().join("new/run");
    assert_eq!(run(Some(&place), last_step(2)).unwrap(), Some(2.0));
    assert_eq!(run(Some(&place), last_step(4)).unwrap(), Some(0.5));
    assert_eq!(run(Some(&place), last_step(4)).unwrap(), None);
}

#[test]
fn without_a_period_nothing_is_saved_but_hooks_may_ask_and_what_is_there_is_restored() {
    struct SaveAtTwo;
    impl<S: Session> Hook<S> for SaveAtTwo {
        fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
            if run.global_step() == 2 {
                run.request_save("it is step two");
            }
            Ok(())
        }
    }
    let logdir = tempfile::tempdir().unwrap();
    let off = |last| Options { save_checkpoint_secs: None, ..last_step(last) };
    assert_eq!(run(Some(logdir.path()), off(1)).unwrap(), Some(4.0));
    assert_eq!(run(Some(logdir.path()), off(1)).unwrap(), Some(4.0), "nothing was saved");
    let mut options = off(3);
    options.chief_only_hooks = vec![Box::new(SaveAtTwo)];
    assert_eq!(run(Some(logdir.path()), options).unwrap(), Some(1.0));
    assert_eq!(run(Some(logdir.path()), off(4)).unwrap(), Some(0.5), "the last step was saved too");
}

#[test]
fn default_hooks_come_between_the_chiefs_and_the_callers() {
    struct Order(Arc<Memory>, Arc<std::sync::Mutex<Vec<usize>>>);
    impl<S: Session> Hook<S> for Order {
        fn after_run(&mut self, _run: &mut AfterRun<'_, S>) -> Result<()> {
            self.1.lock().unwrap().push(self.0.scalars("weight").len());
            Ok(())
        }
    }
    let events = Arc::new(Memory::new());
    let saver = Arc::new(MemorySave::new());
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let hook = || Box::new(Order(events.clone(), seen.clone()));
    let scaffold = Scaffold {
        summaries: vec![("weight", Fetch::Weight).into()],
        graph: Some(Arc::new([1, 2, 3])),
        saver: Some(saver.clone()),
        events: Some(events.clone()),
        ..Default::default()
    };
    let mut options = Options { scaffold, chief_only_hooks: vec![hook()], ..last_step(1) };
    options.hooks.push(hook());
    assert_eq!(run(None, options).unwrap(), Some(4.0), "own places need no directory");
    assert_eq!(*seen.lock().unwrap(), [0, 1], "the summary was recorded between the two");
    assert_eq!(saver.steps(), [0, 1]);
    assert_eq!(events.scalars("weight"), [(1, 8.0)]);
    let contents: Vec<What> = events.events().into_iter().map(|event| event.what).collect();
    assert!(contents.contains(&What::Graph(Arc::new([1, 2, 3]))) && contents.contains(&What::SessionStart));
    assert!(contents.contains(&What::SessionStop));
    assert_eq!(contents.last(), Some(&What::Checkpoint { path: "step 1".into() }));
}

#[test]
fn init_runs_on_a_fresh_model_only() {
    let saver = Arc::new(MemorySave::new());
    let mut calls = 0;
    let mut run_with_init = |last| {
        let init_fn = |session: &mut Scripted| {
            calls += 1;
            session.variables_mut().assign("w", Tensor::scalar(100.0f32))
        };
        let init = Some(Request::read(vec![Fetch::Weight]));
        let scaffold =
            Scaffold { init, init_fn: Some(Box::new(init_fn)), saver: Some(saver.clone()), ..Default::default() };
        run(None, Options { scaffold, save_summaries_steps: None, ..last_step(last) }).unwrap()
    };
    assert_eq!(run_with_init(1), Some(50.0));
    assert_eq!(run_with_init(2), Some(25.0));
    assert_eq!(calls, 1);
}

#[test]
fn a_checkpoint_of_another_model_is_refused_unless_the_rules_allow_it() {
    let saver = Arc::new(MemorySave::new());
    let other = Snapshot::from_iter([("global_step", Tensor::scalar(3i64)), ("other", Tensor::scalar(1.0f32))]);
    saver.save(&Saving { step: 3, variables: &other, metrics: &[], pinned: false }).unwrap();
    let with_rules = |restore| {
        let scaffold = Scaffold { restore, saver: Some(saver.clone()), ..Default::default() };
        run(None, Options { scaffold, save_summaries_steps: None, ..last_step(4) })
    };
    let error = with_rules(CopyRules::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    for part in
        ["checkpoint step 3 is not one of this model", "missing in the source: w", "unknown to the target: other"]
    {
        assert!(error.to_string().contains(part), "{error}");
    }
    let loose = CopyRules { allow_missing: true, allow_unused: true, ..Default::default() };
    assert_eq!(with_rules(loose).unwrap(), Some(4.0), "the step was restored and w has its initial value");
}

#[test]
fn a_directory_that_cannot_be_written_is_an_error_that_names_it() {
    let logdir = tempfile::tempdir().unwrap();
    let file = logdir.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = run(Some(&file), last_step(1)).unwrap_err().to_string();
    assert!(error.contains("a file"), "{error}");
    assert_eq!(error.lines().count(), 1);
}

/// A chief's lost session, on a model that outlives it or not.
#[track_caller]
fn check_recovery(outlives: bool, fault: Fault, from: StartedFrom, runs: u64) {
    let calls = Calls::new();
    let first = Server::new().fail_run(4, fault);
    let mut servers = vec![if outlives { first.clone() } else { Server::new() }, first.clone()];
    let connect = connect_fn(|_, _| Ok(servers.pop().unwrap().session()));
    let saver = Arc::new(MemorySave::new());
    let scaffold = Scaffold { saver: Some(saver.clone()), ..Default::default() };
    let mut options = Options { scaffold, save_summaries_steps: None, ..last_step(6) };
    options.hooks.push(Box::new(calls.recorder("a")));
    let loss = train(connect, Fetch::Update, None, options).unwrap().unwrap();
    assert_eq!(loss.to_f64().unwrap(), 0.125, "8 halved six times");
    assert!(calls.of("a").iter().any(|call| matches!(call, Call::Created { from: f, restarts: 1, .. } if *f == from)));
    assert_eq!(first.runs(), runs);
    laws::hook_lifecycle(&calls.of("a"));
}

#[test]
fn a_lost_session_is_taken_up_where_the_model_lives_and_else_restored() {
    let (before, after) = (Fault::Before(ErrorKind::Unavailable), Fault::After(ErrorKind::Aborted));
    check_recovery(true, before, StartedFrom::Live(3), 7);
    check_recovery(true, after, StartedFrom::Live(4), 6);
    check_recovery(false, before, StartedFrom::Restored(0), 4);
    check_recovery(false, after, StartedFrom::Restored(0), 4);
}

#[test]
fn a_worker_waits_for_the_chief() {
    let server = Server::new();
    let clock = VirtualClock::new();
    let stop = Stop::default();
    let attempt = Attempt { restarts: 0, lost_step: None, stop: &stop };
    let connect = || connect_fn(|_, _| Ok(server.session()));
    let worker = |secs| {
        let worker = Worker::new(connect(), "", SessionConfig::default(), Duration::from_secs(secs));
        worker.with_clock(Arc::new(clock.clone()))
    };
    let error = worker(30).create(&attempt).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.to_string().contains("global_step, w") && error.to_string().contains("30.0 s"), "{error}");
    assert_eq!(server.runs(), 0, "a worker never initialises");

    server.session().initialize(Scope::Global).unwrap();
    assert!(worker(1).create(&attempt).unwrap_err().to_string().contains("not published"));
    Chief::new(connect(), "", SessionConfig::default()).create(&attempt).unwrap();
    assert_eq!(worker(1).create(&attempt).unwrap().from, StartedFrom::Live(0));

    let calls = Calls::new();
    let mut options = Options { is_chief: false, ..last_step(2) };
    options.hooks.push(Box::new(calls.recorder("all")));
    options.chief_only_hooks.push(Box::new(calls.recorder("chief")));
    assert_eq!(on(&server, None, options).unwrap(), Some(2.0));
    assert_eq!((calls.of("chief").len(), calls.of("all").len()), (0, 7));
}

#[test]
fn run_metadata_is_cleared_and_filled_by_every_run() {
    struct Trace {
        until: u64,
    }
    impl Hook<Scripted> for Trace {
        fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
            if run.global_step() < self.until {
                run.trace();
            }
            Ok(())
        }
    }
    let kernels_after_two_steps = |traced: u64| {
        let mut metadata = RunMetadata::default();
        metadata.kernels.resize_with(3, Default::default);
        let mut options = last_step(2);
        options.hooks.push(Box::new(Trace { until: traced }));
        let off = Options { save_checkpoint_secs: None, save_summaries_steps: None, ..options };
        run(None, Options { run_metadata: Some(&mut metadata), ..off }).unwrap();
        metadata.kernels.len()
    };
    assert_eq!(kernels_after_two_steps(2), 1, "the scripted session tells of one kernel");
    assert_eq!(kernels_after_two_steps(1), 0, "the last run was not traced");
    assert_eq!(kernels_after_two_steps(0), 0, "what was there before is gone");
}

#[test]
fn a_session_takes_the_model_of_a_checkpoint() {
    let saver = Arc::new(MemorySave::new());
    let scaffold = Scaffold { saver: Some(saver.clone()), ..Default::default() };
    run(None, Options { scaffold, save_summaries_steps: None, ..last_step(3) }).unwrap();
    let mut session = Server::new().session();
    let restored = restore(&*saver, Which::Newest, &mut session, &CopyRules::default()).unwrap().unwrap();
    assert_eq!((restored.step, session.global_step()), (3, 3));
    assert_eq!(session.variables().read("w").unwrap().to_f64().unwrap(), 1.0);
    assert!(restore(&MemorySave::new(), Which::Newest, &mut session, &CopyRules::default()).unwrap().is_none());
}

#[test]
fn an_error_of_a_hook_is_returned_and_nothing_more_is_saved() {
    let calls = Calls::new();
    let saver = Arc::new(MemorySave::new());
    let scaffold = Scaffold { saver: Some(saver.clone()), ..Default::default() };
    let mut options = Options { scaffold, save_summaries_steps: None, ..last_step(5) };
    let at = Call::After { step: 3, values: vec![] };
    options.hooks.insert(0, Box::new(calls.recorder("guard").failing(at, ErrorKind::Diverged)));
    let error: Error = run(None, options).unwrap_err();
    assert_eq!((error.kind(), saver.steps()), (ErrorKind::Diverged, vec![0]));
    assert!(error.to_string().starts_with("hook guard: "), "{error}");
}

/// Fails in the third run: before it, by what it feeds, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fails {
    Before,
    ByItsFeed,
    After,
}

impl Hook<Scripted> for Fails {
    fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        match self {
            Self::Before if run.global_step() == 2 => Err(Error::new(ErrorKind::DataLoss, "the batch is damaged")),
            Self::ByItsFeed if run.global_step() == 2 => run.feed(Input::Unknown, Tensor::scalar(1.0f32)),
            _ => Ok(()),
        }
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        match self {
            Self::After if run.global_step() == 3 => Err(Error::new(ErrorKind::DataLoss, "the disk is full")),
            _ => Ok(()),
        }
    }
}

#[test]
fn a_training_that_fails_keeps_the_last_step_that_every_hook_accepted_where_the_model_is_still_at_it() {
    for (fails, saved) in [(Fails::Before, &[0, 2][..]), (Fails::ByItsFeed, &[0, 2]), (Fails::After, &[0])] {
        let saver = Arc::new(MemorySave::new());
        let scaffold = Scaffold { saver: Some(saver.clone()), ..Default::default() };
        let options = Options { scaffold, hooks: vec![Box::new(fails)], save_summaries_steps: None, ..last_step(9) };
        assert!(on(&Server::new(), None, options).is_err());
        assert_eq!(saver.steps(), saved, "{fails:?}");
    }
    // Nobody asked for saves, so nothing is saved.
    let saver = Arc::new(MemorySave::new());
    let scaffold = Scaffold { saver: Some(saver.clone()), ..Default::default() };
    let (save_checkpoint_secs, save_summaries_steps) = (None, None);
    let hooks: Vec<Box<dyn Hook<Scripted>>> = vec![Box::new(Fails::Before)];
    let options = Options { scaffold, hooks, save_checkpoint_secs, save_summaries_steps, ..Default::default() };
    assert!(on(&Server::new(), None, options).is_err());
    assert!(saver.steps().is_empty());
}
