//! A session with everything around it.

use std::{path::Path, sync::Arc};

use everstep_checkpoint::Saver;
use everstep_event::{Memory, What};
use everstep_monitored::{Ran, Recovery};
use everstep_session::{Session as _, connect_fn};
use everstep_summary::{EventReader, event_files};
use everstep_tensor::{Error, ErrorKind, Result, Save as _, Tensor, Which};
use everstep_testkit::{Call, Calls, Fault, Fetch, Input, MemorySave, Scripted, Server};
use everstep_train::{MonitoredTrainingSession, Scaffold, TrainOptions};

type Options<'a> = TrainOptions<'a, Scripted>;

/// Runs so many steps and closes; gives the step at the start and at the end.
fn steps(directory: Option<&Path>, options: Options<'_>, runs: u64) -> Result<(u64, u64)> {
    let connect = connect_fn(|_, _| Ok(Server::new().session()));
    let mut session = MonitoredTrainingSession::begin(connect, directory, options)?;
    let began = session.global_step();
    for _ in 0..runs {
        assert!(matches!(session.run(&[Fetch::Update], &[])?, Ran::Values([_])));
    }
    let ended = session.finish()?.unwrap().global_step();
    Ok((began, ended))
}

fn tags(directory: &Path) -> Vec<String> {
    let files = event_files(directory).unwrap();
    let events = files.iter().flat_map(|file| EventReader::open(file).unwrap());
    let tag = |event: everstep_event::Event| match event.what {
        What::Scalar { tag, .. } => Some(tag.to_string()),
        _ => None,
    };
    events.filter_map(|event| tag(event.unwrap())).collect()
}

fn summaries<'a>() -> Scaffold<'a, Scripted> {
    Scaffold { summaries: vec![("weight", Fetch::Weight).into()], ..Default::default() }
}

#[test]
fn case_28_two_steps_are_found_by_the_next_session() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(steps(Some(directory.path()), Options::default(), 2).unwrap(), (0, 2));
    assert_eq!(steps(Some(directory.path()), Options::default(), 0).unwrap(), (2, 2));
}

#[test]
fn case_29_a_period_in_steps() {
    let directory = tempfile::tempdir().unwrap();
    let every = |steps| Options { save_checkpoint_steps: Some(steps), ..Options::default() };
    assert_eq!(steps(Some(directory.path()), every(100), 100).unwrap(), (0, 100));
    assert!(directory.path().join("checkpoint-100.everstep").exists());
    assert_eq!(steps(Some(directory.path()), every(100), 0).unwrap(), (100, 100));
}

#[test]
fn case_31_summaries_by_steps() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { scaffold: summaries(), log_step_count_steps: Some(10), ..Options::default() };
    steps(Some(directory.path()), options, 101).unwrap();
    let tags = tags(directory.path());
    assert_eq!(tags.iter().filter(|tag| *tag == "weight").count(), 2, "at steps 1 and 101");
    assert!(tags.iter().any(|tag| tag == "global_step/sec"));
}

#[test]
fn the_default_hooks_tell_speed_memory_and_where_the_time_goes() {
    let directory = tempfile::tempdir().unwrap();
    let scaffold = Scaffold { samples_per_step: Some(64), ..Default::default() };
    let options = Options { scaffold, log_step_count_steps: Some(10), ..Options::default() };
    steps(Some(directory.path()), options, 21).unwrap();
    let mut told = tags(directory.path());
    told.sort();
    told.dedup();
    let mut expected = vec!["global_step/sec"];
    if cfg!(target_os = "linux") {
        expected.extend(["memory_mib/peak", "memory_mib/resident"]);
    }
    expected.push("samples/sec");
    expected.extend(["time_ms/compute", "time_ms/hooks", "time_ms/input", "time_ms/other", "time_ms/save"]);
    assert_eq!(told, expected);
}

#[test]
fn case_32_whichever_period_comes_first_and_another_directory() {
    let directory = tempfile::tempdir().unwrap();
    let (checkpoints, events) = (directory.path().join("a"), directory.path().join("b"));
    let (save_summaries_steps, save_summaries_secs) = (Some(2), Some(3600.0));
    let summary_dir = Some(events.clone());
    let options = Options {
        scaffold: summaries(),
        save_summaries_steps,
        save_summaries_secs,
        log_step_count_steps: None,
        summary_dir,
        ..Options::default()
    };
    steps(Some(&checkpoints), options, 3).unwrap();
    assert_eq!(tags(&events), ["weight", "weight"]);
    assert!(event_files(&checkpoints).unwrap().is_empty());
}

#[test]
fn without_a_place_nothing_is_kept_and_nothing_is_refused() {
    assert_eq!(steps(None, Options::default(), 3).unwrap(), (0, 3));
    let error = steps(Some(Path::new("")), Options::default(), 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let options = Options { stop_grace_period_secs: -1.0, ..Options::default() };
    let error = steps(None, options, 1).unwrap_err();
    assert_eq!(error.to_string(), "stop_grace_period_secs is -1; give seconds from 0 on");
}

#[test]
fn case_34_35_37_never_is_no_hook() {
    let events = Arc::new(Memory::new());
    let saver = Arc::new(MemorySave::new());
    let scaffold = Scaffold { saver: Some(saver.clone()), events: Some(events.clone()), ..summaries() };
    let options = Options {
        scaffold,
        save_checkpoint_secs: None,
        save_summaries_steps: None,
        log_step_count_steps: Some(0),
        ..Options::default()
    };
    steps(None, options, 3).unwrap();
    assert_eq!((saver.steps().len(), events.events().len()), (0, 0));

    let directory = tempfile::tempdir().unwrap();
    let options = Options { scaffold: summaries(), save_checkpoint_secs: None, ..Options::default() };
    steps(Some(directory.path()), options, 101).unwrap();
    assert!(Saver::new(directory.path(), Default::default()).open(Which::Newest).unwrap().is_none());
    assert!(tags(directory.path()).iter().any(|tag| tag == "weight"), "events do not depend on checkpoints");
}

fn begin<'a>(
    options: Options<'a>,
    server: &'a Server,
) -> MonitoredTrainingSession<'a, impl everstep_session::Connect<Session = Scripted> + 'a> {
    MonitoredTrainingSession::begin(connect_fn(|_, _| Ok(server.session())), None, options).unwrap()
}

#[test]
fn case_79_80_106_input_that_is_used_up_closes_the_scope_quietly() {
    let calls = Calls::new();
    let at = Call::Before { step: 1 };
    let hook = calls.recorder("a").failing(at, ErrorKind::EndOfInput);
    let server = Server::new();
    let session = begin(Options { hooks: vec![Box::new(hook)], ..Options::default() }, &server);
    let later = session.scope(|session| {
        while let Ran::Values(_) = session.run(&[Fetch::Update], &[])? {}
        assert!(session.should_stop());
        Ok("ended")
    });
    assert_eq!(later.unwrap(), Some("ended"));
    assert_eq!(calls.of("a").last(), Some(&Call::End { step: 1 }));

    let session = begin(Options::default(), &server);
    let left = session.scope(|_| Err::<(), _>(Error::new(ErrorKind::EndOfInput, "the caller's own input")));
    assert_eq!(left.unwrap(), None);
}

#[test]
fn case_85_an_error_of_the_body_is_seen_outside_and_by_the_hooks() {
    let calls = Calls::new();
    let hook = calls.recorder("a");
    let server = Server::new();
    let session = begin(Options { hooks: vec![Box::new(hook)], ..Options::default() }, &server);
    let error = session.scope(|_| Err::<(), _>(Error::new(ErrorKind::NotFound, "the caller's"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(matches!(calls.of("a").last(), Some(Call::Failed { .. })));
}

#[test]
fn case_62_77_a_lost_session_is_replaced_with_saves_at_every_step() {
    let (server, saver) = (Server::new().fail_run(4, Fault::Before(ErrorKind::Aborted)), Arc::new(MemorySave::new()));
    let scaffold = Scaffold { saver: Some(saver.clone()), ..Default::default() };
    let mut session = begin(Options { scaffold, save_checkpoint_steps: Some(1), ..Options::default() }, &server);
    for _ in 0..3 {
        session.run(&[Fetch::Update], &[]).unwrap();
    }
    assert_eq!(session.global_step(), 3);
    assert!(matches!(session.run(&[Fetch::Update], &[]).unwrap(), Ran::Values(_)));
    assert_eq!((session.global_step(), session.restarts()), (4, 1));
    session.finish().unwrap();
    assert_eq!(saver.steps(), [0, 1, 2, 3, 4]);
}

#[test]
fn case_64_the_singular_session_returns_its_loss() {
    let server = Server::new().fail_run(1, Fault::Before(ErrorKind::Aborted));
    let session = begin(Options { recovery: Recovery::NONE, ..Options::default() }, &server);
    let error = session.scope(|session| session.run(&[Fetch::Update], &[]).map(|_| ())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Aborted);
}

#[test]
fn case_67_a_stop_by_one_hook_is_seen_after_the_run() {
    let server = Server::new();
    let hooks: Vec<Box<dyn everstep_hook::Hook<Scripted>>> =
        vec![Box::new(everstep_hooks::StopAtStep::last_step(1)), Box::new(Calls::new().recorder("b"))];
    let mut session = begin(Options { hooks, ..Options::default() }, &server);
    assert!(!session.should_stop());
    session.run(&[Fetch::Update], &[]).unwrap();
    assert!(session.should_stop());
}

#[test]
fn case_70_hooks_and_the_caller_feed_and_the_callers_feeds_stay() {
    let server = Server::new();
    let mut session = begin(Options::default(), &server);
    let feeds = vec![(Input::X, Tensor::scalar(20.0f32))];
    let Ran::Values([fed]) = session.run(&[Fetch::Fed], &feeds).unwrap() else { panic!("one value") };
    assert_eq!((fed.to_f64().unwrap(), feeds.len()), (20.0, 1));
}
