//! The loop driver over scripted sessions.
#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

mod coordinator;
mod hooked_run;
mod lifecycle;
mod losses;
mod saves;
mod step_fn;
mod times;

use std::{sync::Arc, time::Duration};

use everstep_hook::{AfterRun, BeforeRun, Hook, Start, StartedFrom};
use everstep_monitored::{Attempt, Coordinator, Create, Created, Monitored, Options, Ran, Recovery};
use everstep_session::{Clock, Scope, Session, Stop};
use everstep_tensor::{
    CopyRules, Error, ErrorKind, Result, Save, Saving, Snapshot, Tensor, Variables, VariablesMut, Which, copy,
};
use everstep_testkit::{Call, Calls, Fault, Fetch, Input, MemorySave, Scripted, Server, VirtualClock, laws};
use proptest::prelude::*;

/// Restores from the saver, finds the model alive, or initialises it.
struct Chief {
    server: Server,
    saver: Arc<MemorySave>,
    /// Whether the model outlives its session.
    live: bool,
    failures: Vec<ErrorKind>,
}

impl Create for Chief {
    type Session = Scripted;

    fn create(&mut self, attempt: &Attempt<'_>) -> Result<Created<Scripted>> {
        if let Some(kind) = self.failures.pop() {
            return Err(Error::new(kind, "told to fail"));
        }
        let mut session = self.server.session();
        if self.live && attempt.restarts > 0 {
            let step = session.global_step();
            return Ok(Created::new(session, StartedFrom::Live(step)));
        }
        session.initialize(Scope::Global)?;
        let Some(checkpoint) = self.saver.open(Which::Newest)? else {
            return Ok(Created::new(session, StartedFrom::Fresh));
        };
        let rules = CopyRules { allow_unused: true, ..CopyRules::default() };
        copy(&checkpoint.variables, &mut session.variables_mut(), &rules)?;
        let from = StartedFrom::Restored(checkpoint.step);
        Ok(Created { hook_states: Some(checkpoint.variables), ..Created::new(session, from) })
    }
}

/// Feeds the position plus one, as `everstep-hooks`' feeding hook does; its position is its state.
struct Feed(Snapshot);

impl Feed {
    fn new() -> Self {
        Self(Snapshot::from_iter([("position", Tensor::scalar(0i64))]))
    }
    fn position(&self) -> i64 {
        self.0.read("position").unwrap().item().unwrap()
    }
    fn advance(&mut self) -> Result<()> {
        self.0.assign("position", Tensor::scalar(self.position() + 1))
    }
}

impl Hook<Scripted> for Feed {
    fn name(&self) -> &str {
        "feed"
    }
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        Some(&mut self.0)
    }
    fn after_create_session(&mut self, _session: &mut Scripted, start: &mut Start<'_>) -> Result<()> {
        if start.applied_unseen { self.advance() } else { Ok(()) }
    }
    fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        if self.position() == 100 {
            return Err(Error::new(ErrorKind::EndOfInput, "100 batches were fed"));
        }
        run.feed(Input::X, Tensor::scalar(1.0 + self.position() as f32 / 8.0))
    }
    fn after_run(&mut self, _run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        self.advance()
    }
}

/// Asks for a save at multiples of a number and for the end at a step.
struct Saves {
    every: u64,
    last: u64,
}

impl Hook<Scripted> for Saves {
    fn after_create_session(&mut self, session: &mut Scripted, start: &mut Start<'_>) -> Result<()> {
        if start.from == StartedFrom::Fresh {
            start.request_save("a fresh start");
        }
        if session.global_step() >= self.last {
            start.request_stop("done before");
        }
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        if run.global_step().is_multiple_of(self.every) {
            run.request_save("its time has come");
        }
        if run.global_step() >= self.last {
            run.request_stop("done");
        }
        Ok(())
    }
}

type Hooks<'a> = Vec<Box<dyn Hook<Scripted> + 'a>>;

fn chief(server: &Server, saver: &Arc<MemorySave>, live: bool) -> Chief {
    Chief { server: server.clone(), saver: saver.clone(), live, failures: Vec::new() }
}

fn options(saver: &Arc<MemorySave>, clock: &VirtualClock) -> Options {
    Options { saver: Some(saver.clone()), clock: Arc::new(clock.clone()), ..Options::default() }
}

struct Trained {
    state: Snapshot,
    restarts: u32,
    answers: u32,
    unseen: u32,
}

/// Trains until the hooks stop it.
fn train(create: Chief, hooks: Hooks<'_>, options: Options) -> Result<Trained> {
    let mut monitored = Monitored::begin(create, hooks, options)?;
    let (mut answers, mut unseen) = (0, 0);
    loop {
        match monitored.run(&[Fetch::Update], &[])? {
            Ran::Values(_) => answers += 1,
            Ran::Undone(_) => panic!("no hook undoes a run here"),
            Ran::AppliedUnseen => unseen += 1,
            Ran::Stopped => break,
        }
    }
    let restarts = monitored.restarts();
    let session = monitored.finish()?.unwrap();
    Ok(Trained { state: Snapshot::of(session.variables())?, restarts, answers, unseen })
}

/// What a run without any fault gives after so many steps.
fn undisturbed(last: u64) -> (Snapshot, Snapshot) {
    let saver = Arc::new(MemorySave::new());
    let mut feed = Feed::new();
    let hooks: Hooks<'_> = vec![Box::new(&mut feed), Box::new(Saves { every: 3, last })];
    let trained = train(chief(&Server::new(), &saver, false), hooks, options(&saver, &VirtualClock::new())).unwrap();
    (trained.state, saver.last().unwrap())
}

#[test]
fn trains_saves_resumes_and_runs_no_step_more() {
    let saver = Arc::new(MemorySave::new());
    let run = |last| {
        let hooks: Hooks<'_> = vec![Box::new(Feed::new()), Box::new(Saves { every: 3, last })];
        train(chief(&Server::new(), &saver, false), hooks, options(&saver, &VirtualClock::new())).unwrap()
    };
    assert_eq!(run(4).answers, 4);
    assert_eq!(saver.steps(), [0, 3, 4], "a fresh start, the period, the last step");
    assert_eq!(run(7).answers, 3);
    assert_eq!(saver.steps(), [0, 3, 4, 6, 7], "a restored step is not saved again");
    assert_eq!(run(7).answers, 0);
    assert_eq!(saver.steps(), [0, 3, 4, 6, 7]);
    let (state, saved) = undisturbed(7);
    assert!(saver.last().unwrap().bit_eq(&saved), "resumed runs save what an undisturbed one does");
    assert!(run(7).state.bit_eq(&state));
    assert_eq!(saved.read("hook/feed/position").unwrap().item::<i64>().unwrap(), 7);
}

#[test]
fn hooks_see_their_own_values_in_list_order() {
    let calls = Calls::new();
    let hooks: Hooks<'_> = vec![
        Box::new(calls.recorder("a").fetching(vec![Fetch::Fed, Fetch::Weight])),
        Box::new(calls.recorder("b")),
        Box::new(calls.recorder("c").fetching(vec![Fetch::Weight])),
    ];
    let saver = Arc::new(MemorySave::new());
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default()).unwrap();
    let feeds = [(Input::X, Tensor::scalar(0.5f32))];
    let Ran::Values([weight]) = monitored.run(&[Fetch::Update], &feeds).unwrap() else { panic!("one value") };
    assert_eq!(weight.to_f64().unwrap(), 4.0);
    monitored.finish().unwrap();

    assert_eq!(calls.of("a")[3], Call::After { step: 1, values: vec![0.5, 8.0] });
    assert_eq!(calls.of("b")[3], Call::After { step: 1, values: vec![] });
    assert_eq!(calls.of("c")[3], Call::After { step: 1, values: vec![8.0] });
    let order: String = calls.all().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(order, "abcabcabcabcabc");
    ["a", "b", "c"].iter().for_each(|name| laws::hook_lifecycle(&calls.of(name)));
}

#[test]
fn a_hook_that_fetches_nothing_after_one_that_does_sees_nothing_of_the_callers() {
    let calls = Calls::new();
    let hooks: Hooks<'_> = vec![Box::new(calls.recorder("a"))];
    let saver = Arc::new(MemorySave::new());
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default()).unwrap();
    let ran = monitored.run(&[Fetch::Weight, Fetch::Fed], &[]).unwrap();
    assert!(matches!(ran, Ran::Values([_, _])));
    assert_eq!(calls.of("a")[3], Call::After { step: 0, values: vec![] });
}

/// Feeds the same input as everybody else.
struct Rival;

impl Hook<Scripted> for Rival {
    fn name(&self) -> &str {
        "rival"
    }
    fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        run.feed(Input::X, Tensor::scalar(1.0f32))
    }
}

#[test]
fn two_feeds_of_one_input_name_both() {
    let check = |hooks: Hooks<'_>, feeds: &[(Input, Tensor)], expected: &str| {
        let saver = Arc::new(MemorySave::new());
        let server = Server::new();
        let mut monitored = Monitored::begin(chief(&server, &saver, false), hooks, Options::default()).unwrap();
        let error = monitored.run(&[Fetch::Update], feeds).map(|_| ()).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::InvalidArgument, expected));
        assert_eq!(server.runs(), 0, "nothing ran");
    };
    let by_hooks = "hook rival: X is fed by hook feed and by hook rival; let one of them feed it";
    check(vec![Box::new(Feed::new()), Box::new(Rival)], &[], by_hooks);
    let by_caller = "hook rival: X is fed by the caller and by hook rival; let one of them feed it";
    check(vec![Box::new(Rival)], &[(Input::X, Tensor::scalar(1.0f32))], by_caller);
}

#[test]
fn two_hooks_with_state_need_two_names() {
    let saver = Arc::new(MemorySave::new());
    let hooks: Hooks<'_> = vec![Box::new(Feed::new()), Box::new(Feed::new())];
    let error = Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "two hooks with state are named feed; give one of them another name");
}

#[test]
fn a_checkpoint_without_a_hooks_state_is_refused() {
    let saver = Arc::new(MemorySave::new());
    let run =
        |hooks: Hooks<'_>| train(chief(&Server::new(), &saver, false), hooks, options(&saver, &VirtualClock::new()));
    run(vec![Box::new(Saves { every: 1, last: 2 })]).unwrap();
    let error = run(vec![Box::new(Feed::new()), Box::new(Saves { every: 1, last: 4 })]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.to_string().contains("hook feed") && error.to_string().contains("position"), "{error}");
}

/// Every call of every recorder, wherever a hook fails and with whatever error.
#[track_caller]
fn check_failure(at: Call, kind: ErrorKind, expected: &[(&str, Call)]) {
    let calls = Calls::new();
    let saver = Arc::new(MemorySave::new());
    let hooks: Hooks<'_> = vec![
        Box::new(calls.recorder("a")),
        Box::new(calls.recorder("b").failing(at, kind)),
        Box::new(calls.recorder("c")),
        Box::new(Saves { every: 1, last: 2 }),
    ];
    let error = train(chief(&Server::new(), &saver, false), hooks, options(&saver, &VirtualClock::new())).map(|_| ());
    assert_eq!(error.unwrap_err().kind(), kind);
    let tail = calls.all();
    let tail: Vec<(&str, Call)> = tail.iter().map(|(name, call)| (name.as_str(), call.clone())).collect();
    assert_eq!(&tail[tail.len() - expected.len()..], expected);
}

#[test]
fn failed_reaches_every_hook_that_began_once() {
    let kind = ErrorKind::Internal;
    let failed = Call::Failed { kind };
    check_failure(Call::Begin, kind, &[("a", Call::Begin), ("b", Call::Begin), ("a", failed.clone())]);
    let created = Call::Created { from: StartedFrom::Fresh, restarts: 0, applied_unseen: false };
    let all = [("a", failed.clone()), ("b", failed.clone()), ("c", failed)];
    check_failure(created, kind, &all);
    check_failure(Call::Before { step: 1 }, kind, &all);
    check_failure(Call::After { step: 2, values: vec![] }, kind, &all);
    let end = Call::End { step: 2 };
    check_failure(end.clone(), kind, &[("a", end.clone()), ("b", end.clone()), ("c", end)]);
}

#[test]
fn a_bad_step_is_never_saved_whatever_the_order_of_hooks() {
    for guard_first in [true, false] {
        let calls = Calls::new();
        let saver = Arc::new(MemorySave::new());
        let at = Call::After { step: 3, values: vec![] };
        let guard: Box<dyn Hook<Scripted>> = Box::new(calls.recorder("guard").failing(at, ErrorKind::Diverged));
        let saves: Box<dyn Hook<Scripted>> = Box::new(Saves { every: 1, last: 9 });
        let hooks = if guard_first { vec![guard, saves] } else { vec![saves, guard] };
        let clock = VirtualClock::new();
        let result = train(chief(&Server::new(), &saver, false), hooks, options(&saver, &clock)).map(|_| ());
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Diverged, "it is not recovered");
        assert_eq!(saver.steps(), [0, 1, 2]);
    }
}

#[test]
fn a_failing_end_still_saves_the_last_step() {
    let saver = Arc::new(MemorySave::new());
    let calls = Calls::new();
    let failing = calls.recorder("a").failing(Call::End { step: 4 }, ErrorKind::NotFound);
    let hooks: Hooks<'_> = vec![Box::new(failing), Box::new(Saves { every: 3, last: 4 })];
    let result = train(chief(&Server::new(), &saver, false), hooks, options(&saver, &VirtualClock::new())).map(|_| ());
    assert_eq!(result.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(saver.steps(), [0, 3, 4]);
}

#[test]
fn used_up_input_ends_training_well() {
    let saver = Arc::new(MemorySave::new());
    let calls = Calls::new();
    let hooks: Hooks<'_> =
        vec![Box::new(calls.recorder("a")), Box::new(Feed::new()), Box::new(Saves { every: 1000, last: 1000 })];
    let trained = train(chief(&Server::new(), &saver, false), hooks, options(&saver, &VirtualClock::new())).unwrap();
    assert_eq!(trained.answers, 100);
    assert_eq!(saver.steps(), [0, 100]);
    assert_eq!(calls.of("a").last(), Some(&Call::End { step: 100 }));
    laws::hook_lifecycle(&calls.of("a"));
}

#[test]
fn case_40_43_a_run_after_the_end_is_refused_and_a_drop_is_a_failure() {
    let saver = Arc::new(MemorySave::new());
    let calls = Calls::new();
    let at = Call::Before { step: 0 };
    let hooks: Hooks<'_> = vec![Box::new(calls.recorder("a").failing(at, ErrorKind::Internal))];
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default()).unwrap();
    monitored.run(&[], &[]).map(|_| ()).unwrap_err();
    assert!(monitored.should_stop());
    let error = monitored.run(&[], &[]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(monitored.finish().unwrap().is_none());
    assert_eq!(calls.of("a").last(), Some(&Call::Failed { kind: ErrorKind::Internal }), "told once");

    let hooks: Hooks<'_> = vec![Box::new(calls.recorder("b"))];
    drop(Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default()).unwrap());
    assert_eq!(calls.of("b").last(), Some(&Call::Failed { kind: ErrorKind::Cancelled }));
}

#[test]
fn case_41_a_stop_from_outside_ends_before_the_next_run() {
    let saver = Arc::new(MemorySave::new());
    let stop = Stop::default();
    let threads = Coordinator::new(stop.clone(), Arc::new(VirtualClock::new()));
    let all = Options { threads, ..Options::default() };
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, false), Vec::new(), all).unwrap();
    assert!(matches!(monitored.run(&[Fetch::Update], &[]).unwrap(), Ran::Values(_)));
    assert_eq!([(); 3].map(|()| monitored.should_stop()), [false; 3]);
    stop.request("enough");
    assert!(monitored.should_stop());
    assert!(matches!(monitored.run(&[Fetch::Update], &[]).unwrap(), Ran::Stopped));
    assert_eq!(monitored.finish().unwrap().unwrap().global_step(), 1);
}

#[test]
fn the_answer_of_an_applied_step_may_be_lost_but_the_step_is_not_repeated() {
    let server = Server::new().fail_run(3, Fault::After(ErrorKind::Unavailable));
    let saver = Arc::new(MemorySave::new());
    let hooks: Hooks<'_> = vec![Box::new(Feed::new()), Box::new(Saves { every: 3, last: 7 })];
    let trained = train(chief(&server, &saver, true), hooks, options(&saver, &VirtualClock::new())).unwrap();
    assert_eq!((trained.answers, trained.unseen, trained.restarts, server.runs()), (6, 1, 1, 7));
    let (state, saved) = undisturbed(7);
    assert!(trained.state.bit_eq(&state) && saver.last().unwrap().bit_eq(&saved));
}

#[test]
fn a_hook_that_loses_the_session_after_the_run_does_not_repeat_the_step() {
    let calls = Calls::new();
    let saver = Arc::new(MemorySave::new());
    let at = Call::After { step: 3, values: vec![] };
    let hooks: Hooks<'_> = vec![
        Box::new(calls.recorder("a").failing(at, ErrorKind::Aborted)),
        Box::new(calls.recorder("b")),
        Box::new(Feed::new()),
        Box::new(Saves { every: 3, last: 7 }),
    ];
    let server = Server::new();
    let trained = train(chief(&server, &saver, true), hooks, options(&saver, &VirtualClock::new())).unwrap();
    assert_eq!((trained.answers, trained.restarts, server.runs()), (7, 1, 7));
    assert!(trained.state.bit_eq(&undisturbed(7).0));
    let created = |applied_unseen| Call::Created { from: StartedFrom::Live(3), restarts: 1, applied_unseen };
    assert!(calls.of("a").contains(&created(false)), "it saw the answer itself");
    assert!(calls.of("b").contains(&created(true)));
}

#[test]
fn waits_grow_and_attempts_are_limited() {
    let saver = Arc::new(MemorySave::new());
    let clock = VirtualClock::new();
    let begin = |failures: Vec<ErrorKind>, recovery| {
        let create = Chief { failures, ..chief(&Server::new(), &saver, false) };
        Monitored::begin(create, Vec::new(), Options { recovery, ..options(&saver, &clock) })
    };
    let lost = vec![ErrorKind::Unavailable; 4];
    assert_eq!(begin(lost.clone(), Recovery::default()).unwrap().restarts(), 4);
    assert_eq!(clock.now(), Duration::from_millis(500 + 1000 + 2000));

    let few = Recovery { attempts: 3, ..Recovery::default() };
    let error = begin(lost.clone(), few).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("3 attempts")), (ErrorKind::Unavailable, true), "{error}");
    assert_eq!(begin(lost.clone(), Recovery::NONE).unwrap_err().to_string(), "told to fail");
    let short = Recovery { limit: Duration::from_secs(1), ..Recovery::default() };
    assert_eq!(begin(lost, short).unwrap_err().kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(begin(vec![ErrorKind::DataLoss], Recovery::default()).unwrap_err().kind(), ErrorKind::DataLoss);
}

#[test]
fn a_save_that_fails_is_an_error_that_names_the_step() {
    struct Full;
    impl Save for Full {
        fn save(&self, _saving: &Saving<'_>) -> Result<()> {
            Err(Error::new(ErrorKind::ResourceExhausted, "the disk is full"))
        }
        fn open(&self, _which: Which) -> Result<Option<everstep_tensor::Checkpoint>> {
            Ok(None)
        }
    }
    let memory = Arc::new(MemorySave::new());
    let all = Options { saver: Some(Arc::new(Full)), ..Options::default() };
    let hooks: Hooks<'_> = vec![Box::new(Saves { every: 1, last: 2 })];
    let error = Monitored::begin(chief(&Server::new(), &memory, false), hooks, all).unwrap_err();
    assert_eq!(error.to_string(), "step 0 could not be saved: the disk is full");
}

fn fault() -> impl Strategy<Value = Fault> {
    let kind = prop_oneof![Just(ErrorKind::Aborted), Just(ErrorKind::Unavailable)];
    (kind, any::<bool>()).prop_map(|(kind, after)| if after { Fault::After(kind) } else { Fault::Before(kind) })
}

proptest! {
    /// However sessions are lost, the model, the hooks' states and the last save are an undisturbed run's.
    #[test]
    fn lost_sessions_change_nothing(
        faults in proptest::collection::vec((1u64..20, fault()), 0..5),
        live: bool,
        every in 1u64..5,
    ) {
        let faulty = |server: Server, (number, fault): &(u64, Fault)| server.fail_run(*number, *fault);
        let server = faults.iter().fold(Server::new(), faulty);
        let saver = Arc::new(MemorySave::new());
        let calls = Calls::new();
        let hooks: Hooks<'_> =
            vec![Box::new(calls.recorder("a")), Box::new(Feed::new()), Box::new(Saves { every, last: 12 })];
        let trained = train(chief(&server, &saver, live), hooks, options(&saver, &VirtualClock::new())).unwrap();
        let (state, saved) = undisturbed(12);
        prop_assert!(trained.state.bit_eq(&state));
        prop_assert!(saver.last().unwrap().bit_eq(&saved));
        prop_assert_eq!(trained.answers + trained.unseen >= 12, true);
        laws::hook_lifecycle(&calls.of("a"));
    }
}

#[test]
fn case_50_an_error_keeps_its_kind_and_its_cause() {
    struct Cause;
    impl Hook<Scripted> for Cause {
        fn name(&self) -> &str {
            "cause"
        }
        fn before_run(&mut self, _run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
            Err(Error::new(ErrorKind::DataLoss, "the batch is damaged").with_source("a bit has flipped"))
        }
    }
    let saver = Arc::new(MemorySave::new());
    let hooks: Hooks<'_> = vec![Box::new(Cause)];
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default()).unwrap();
    let error = monitored.run(&[Fetch::Update], &[]).map(|_| ()).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::DataLoss, "hook cause: the batch is damaged"));
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "a bit has flipped");
}

#[test]
fn case_109_the_session_itself_is_at_hand() {
    let saver = Arc::new(MemorySave::new());
    let mut monitored = Monitored::begin(chief(&Server::new(), &saver, false), Vec::new(), Options::default()).unwrap();
    let session = monitored.session().unwrap();
    session.variables_mut().assign("w", Tensor::scalar(2.0f32)).unwrap();
    let Ran::Values([weight]) = monitored.run(&[Fetch::Weight], &[]).unwrap() else { panic!("one value") };
    assert_eq!(weight.to_f64().unwrap(), 2.0);
}
