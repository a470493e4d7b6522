//! Hooks that fail, and what becomes of the training.

use everstep_hook::{AfterRun, BeforeRun, Feeders, Hook, SaveRequest, Start, StartedFrom, Verdict};
use everstep_hooks::{OnFailure, Tolerant};
use everstep_session::{Request, Stop};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};

use crate::driver::{Driver, Scripted, capture_log, logged};

/// Fails at the calls of these numbers, and remembers all of them.
struct Failing {
    at: Vec<usize>,
    kind: ErrorKind,
    calls: Vec<&'static str>,
    verdict: Verdict,
    state: Snapshot,
}

impl Failing {
    fn at(at: &[usize]) -> Self {
        let state = Snapshot::from_iter([("count", Tensor::scalar(7i64))]);
        Self { at: at.into(), kind: ErrorKind::NotFound, calls: Vec::new(), verdict: Verdict::Kept, state }
    }

    fn call(&mut self, call: &'static str) -> Result<()> {
        self.calls.push(call);
        let fails = self.at.contains(&self.calls.len());
        if fails { Err(Error::new(self.kind, format!("{call} found nobody"))) } else { Ok(()) }
    }
}

impl Hook<Scripted> for Failing {
    fn name(&self) -> &str {
        "tell"
    }
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        Some(&mut self.state)
    }
    fn begin(&mut self) -> Result<()> {
        self.call("begin")
    }
    fn after_create_session(&mut self, _: &mut Scripted, _: &mut Start<'_>) -> Result<()> {
        self.call("created")
    }
    fn before_run(&mut self, run: &mut BeforeRun<'_, Scripted>) -> Result<()> {
        run.fetch("loss");
        self.call("before")
    }
    fn judge(&mut self, _: &mut AfterRun<'_, Scripted>) -> Result<Verdict> {
        Ok(self.verdict)
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<()> {
        assert_eq!(run.values().len(), 1);
        self.call("after")
    }
    fn undone(&mut self, _: &mut AfterRun<'_, Scripted>) -> Result<()> {
        self.call("undone")
    }
    fn before_save(&mut self, _: u64, _: &dyn Variables) -> Result<()> {
        self.call("before_save")
    }
    fn end(&mut self, _: &mut Scripted) -> Result<()> {
        self.call("end")
    }
    fn failed(&mut self, _: &Error) {
        self.calls.push("failed");
    }
}

/// Begins, makes three runs and ends as the loop does; the calls that reached the hook, and how the training ended.
fn train(failing: &mut Failing, on_failure: OnFailure) -> (String, std::result::Result<(), String>, u64) {
    let mut hook = Tolerant::new(&mut *failing, on_failure);
    let mut driver = Driver::new().value("loss", |_| Tensor::scalar(0.5f32));
    let began = Hook::<Scripted>::begin(&mut hook);
    let is_begun = began.is_ok();
    let result = began
        .and_then(|()| driver.start(&mut hook, StartedFrom::Fresh))
        .and_then(|()| driver.train(&mut hook, 3))
        .and_then(|()| driver.end(&mut hook));
    if let (true, Err(error)) = (is_begun, &result) {
        Hook::<Scripted>::failed(&mut hook, error);
    }
    let failures = hook.failures();
    (failing.calls.join(" "), result.map_err(|error| error.to_string()), failures)
}

#[track_caller]
fn check(on_failure: OnFailure, fails_at: &[usize], calls: &str, result: std::result::Result<(), &str>, failures: u64) {
    let given = train(&mut Failing::at(fails_at), on_failure);
    assert_eq!(given, (calls.to_owned(), result.map_err(str::to_owned), failures));
}

#[test]
fn a_hook_that_does_not_fail_is_called_as_ever() {
    let calls = "begin created before after before after before after end";
    for on_failure in [OnFailure::Fail, OnFailure::Disable, OnFailure::Retry] {
        check(on_failure, &[], calls, Ok(()), 0);
    }
}

#[test]
fn fail_fails_the_training() {
    check(OnFailure::Fail, &[3], "begin created before failed", Err("before found nobody"), 0);
    let whole = "begin created before after before after before after end failed";
    check(OnFailure::Fail, &[9], whole, Err("end found nobody"), 0);
}

#[test]
fn disable_tells_the_hook_and_calls_it_no_more() {
    capture_log();
    check(OnFailure::Disable, &[1], "begin", Ok(()), 1);
    check(OnFailure::Disable, &[2], "begin created failed", Ok(()), 1);
    check(OnFailure::Disable, &[3], "begin created before failed", Ok(()), 1);
    check(OnFailure::Disable, &[6], "begin created before after before after failed", Ok(()), 1);
    check(OnFailure::Disable, &[9], "begin created before after before after before after end", Ok(()), 1);
    assert_eq!(logged()[1], "WARN: hook tell failed and is disabled: created found nobody");
}

#[test]
fn retry_misses_the_run_and_no_more() {
    capture_log();
    check(OnFailure::Retry, &[3], "begin created before before after before after end", Ok(()), 1);
    check(OnFailure::Retry, &[4, 6, 9], "begin created before after before after before after end", Ok(()), 3);
    assert_eq!(logged()[0], "WARN: hook tell failed and is tried again: before found nobody");
}

#[test]
fn a_start_has_no_next_time() {
    check(OnFailure::Retry, &[1], "begin", Err("begin found nobody"), 0);
    check(OnFailure::Retry, &[2], "begin created failed", Err("created found nobody"), 0);
}

#[test]
fn what_is_said_to_the_loop_passes() {
    for kind in
        [ErrorKind::Aborted, ErrorKind::Unavailable, ErrorKind::EndOfInput, ErrorKind::Diverged, ErrorKind::Cancelled]
    {
        for on_failure in [OnFailure::Disable, OnFailure::Retry] {
            let mut failing = Failing { kind, ..Failing::at(&[3]) };
            let (calls, result, failures) = train(&mut failing, on_failure);
            assert_eq!((calls.as_str(), failures), ("begin created before failed", 0), "{kind:?}");
            assert_eq!(result, Err("before found nobody".into()));
        }
    }
}

#[test]
fn name_and_state_are_the_hooks_own() -> Result<()> {
    let mut hook = Tolerant::new(Failing::at(&[1]), OnFailure::Disable);
    assert_eq!(Hook::<Scripted>::name(&hook), "tell");
    Hook::<Scripted>::begin(&mut hook)?;
    assert!(hook.is_disabled());
    let state = Hook::<Scripted>::state(&mut hook).expect("the hook has a state, disabled as it is");
    assert_eq!(state.read("count")?.item::<i64>()?, 7);
    Ok(())
}

/// What the hook made of a run that the loop would show it, and the calls that reached it.
fn judged(on_failure: OnFailure, fails_at: &[usize]) -> Result<(Verdict, Vec<&'static str>)> {
    let mut failing = Failing { verdict: Verdict::Undone, ..Failing::at(fails_at) };
    let mut hook = Tolerant::new(&mut failing, on_failure);
    let (mut session, mut request) = (Driver::new().session, Request::train(vec![]));
    let (stop, mut save) = (Stop::default(), SaveRequest::default());
    hook.before_run(&mut BeforeRun::new(&mut session, &mut request, &mut Feeders::new([])))?;
    let mut run = AfterRun::new(&mut session, &request, &[], None, 0, &stop, &mut save);
    let verdict = hook.judge(&mut run)?;
    hook.undone(&mut run)?;
    Hook::<Scripted>::before_save(&mut hook, 1, &Snapshot::new())?;
    Ok((verdict, failing.calls))
}

#[test]
fn a_hook_judges_the_runs_that_it_asked_in() -> Result<()> {
    assert_eq!(judged(OnFailure::Retry, &[])?, (Verdict::Undone, vec!["before", "undone", "before_save"]));
    assert_eq!(judged(OnFailure::Retry, &[1])?, (Verdict::Kept, vec!["before", "before_save"]));
    assert_eq!(judged(OnFailure::Retry, &[2, 3])?, (Verdict::Undone, vec!["before", "undone", "before_save"]));
    assert_eq!(judged(OnFailure::Disable, &[1])?, (Verdict::Kept, vec!["before"]));
    assert_eq!(judged(OnFailure::Disable, &[2])?, (Verdict::Undone, vec!["before", "undone"]));
    Ok(())
}
