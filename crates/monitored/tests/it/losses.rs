//! Sessions lost at awkward moments: nothing is counted twice, nothing panics.

use std::sync::Arc;

use everstep_hook::{AfterRun, Hook, StartedFrom, Verdict};
use everstep_monitored::{Monitored, Options, Ran, Recovery, Union};
use everstep_session::{Outcome, Request, Session as _};
use everstep_tensor::{ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};
use everstep_testkit::{Call, Calls, Fault, Fetch, MemorySave, Scripted, Server, VirtualClock, laws};

use super::{Feed, Hooks, Saves, chief, options, train};

fn monitored<'a>(server: &Server, hooks: Hooks<'a>) -> Monitored<'a, super::Chief> {
    Monitored::begin(chief(server, &Arc::new(MemorySave::new()), true), hooks, Options::default()).unwrap()
}

#[test]
fn a_run_that_no_hook_sees_moves_no_position() {
    let server = Server::new().fail_run(1, Fault::After(ErrorKind::Unavailable));
    let mut feed = Feed::new();
    let mut session = monitored(&server, vec![Box::new(&mut feed)]);
    let ran = session.run_without_hooks(&Request::train(vec![Fetch::Update])).unwrap();
    assert!(matches!(ran, Ran::AppliedUnseen));
    drop(session);
    assert_eq!(feed.position(), 0);
}

#[test]
fn a_start_that_fails_tells_no_hook_twice() {
    let server = Server::new().fail_run(3, Fault::After(ErrorKind::Unavailable));
    let (saver, calls) = (Arc::new(MemorySave::new()), Calls::new());
    let at = Call::Created { from: StartedFrom::Live(3), restarts: 1, applied_unseen: true };
    let mut feed = Feed::new();
    let failing = calls.recorder("a").failing(at, ErrorKind::Aborted);
    let hooks: Hooks<'_> = vec![Box::new(&mut feed), Box::new(failing), Box::new(Saves { every: 3, last: 7 })];
    let trained = train(chief(&server, &saver, true), hooks, options(&saver, &VirtualClock::new())).unwrap();
    assert_eq!((trained.restarts, feed.position()), (2, 7));
}

#[test]
fn a_loss_after_a_run_with_hooks_counts_that_run_once() {
    let server = Server::new().fail_run(2, Fault::Before(ErrorKind::Unavailable));
    let mut feed = Feed::new();
    let mut session = monitored(&server, vec![Box::new(&mut feed)]);
    let mut is_first = true;
    let ran = session.run_step_fn(|step| {
        if std::mem::take(&mut is_first) {
            step.run_with_hooks(&[Fetch::Update], &[])?;
        }
        step.session()?.run(&Request::read(vec![Fetch::Weight]), &mut Outcome::default())
    });
    assert_eq!((ran.unwrap(), session.global_step()), (Some(()), 1));
    drop(session);
    assert_eq!(feed.position(), 1);
}

#[test]
fn a_step_function_that_goes_on_after_the_end_is_told_so() {
    let server = Server::new().fail_run(1, Fault::Before(ErrorKind::Unavailable));
    let saver = Arc::new(MemorySave::new());
    let never = Options { recovery: Recovery::NONE, ..Options::default() };
    let mut session = Monitored::begin(chief(&server, &saver, true), Vec::new(), never).unwrap();
    let ran = session.run_step_fn(|step| {
        assert!(step.run_with_hooks(&[Fetch::Update], &[]).is_err());
        assert_eq!(step.session().map(|_| ()).unwrap_err().kind(), ErrorKind::FailedPrecondition);
        Ok("went on")
    });
    assert_eq!(ran.unwrap(), Some("went on"));
    assert!(session.should_stop());
    let error = session.run(&[Fetch::Update], &[]).map(|_| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
}

#[test]
fn attempts_in_a_row_end_with_a_run_that_no_hook_sees() {
    let lost = |server: Server, run: u64| server.fail_run(2 * run + 1, Fault::Before(ErrorKind::Unavailable));
    let server = (0..12).fold(Server::new(), lost);
    let saver = Arc::new(MemorySave::new());
    let all = options(&saver, &VirtualClock::new());
    let mut session = Monitored::begin(chief(&server, &saver, true), Vec::new(), all).unwrap();
    for _ in 0..12 {
        let ran = session.run_without_hooks(&Request::read(vec![Fetch::Weight])).unwrap();
        assert!(matches!(ran, Ran::Values([_])));
    }
}

/// A hook that only has a state.
struct Named(&'static str, Snapshot);

impl Hook<Scripted> for Named {
    fn name(&self) -> &str {
        self.0
    }
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        Some(&mut self.1)
    }
}

#[track_caller]
fn check_names(names: [&'static str; 2], expected: Option<&str>) {
    let state = || Snapshot::from_iter([("position", Tensor::scalar(0i64))]);
    let hooks: Hooks<'_> = names.into_iter().map(|name| Box::new(Named(name, state())) as _).collect();
    let saver = Arc::new(MemorySave::new());
    let begun = Monitored::begin(chief(&Server::new(), &saver, false), hooks, Options::default());
    assert_eq!(begun.err().map(|error| error.to_string()).as_deref(), expected);
}

#[test]
fn states_have_places_of_their_own() {
    check_names(["feed", "feed_labels"], None);
    check_names(["train/images", "train/labels"], None);
    check_names(["feed", "feed"], Some("two hooks with state are named feed; give one of them another name"));
    let nested = "hooks with state are named feed/labels and feed, one below the other; rename one of them";
    check_names(["feed", "feed/labels"], Some(nested));
    check_names(["", "feed"], Some("a hook with state has no name; give it one"));
}

#[test]
fn a_union_holds_the_law_of_sets() {
    let own = Snapshot::from_iter([("global_step", Tensor::scalar(1i64)), ("w", Tensor::scalar(2.0f32))]);
    let state = Snapshot::from_iter([("position", Tensor::scalar(3i64))]);
    let parts: [(String, &dyn Variables); 2] = [(String::new(), &own), ("hook/feed/".into(), &state)];
    let union = Union::new(parts);
    laws::specs_are_sorted_and_stable(&union);
    assert_eq!(union.read("hook/feed/position").unwrap().to_f64().unwrap(), 3.0);
    assert_eq!(union.specs().len(), 3);
}

/// Undoes the run of one step, as a guard does that goes back.
struct Undoes {
    at: u64,
    before: Option<Snapshot>,
}

impl Hook<Scripted> for Undoes {
    fn before_run(&mut self, run: &mut everstep_hook::BeforeRun<'_, Scripted>) -> Result<()> {
        self.before = Some(Snapshot::of(run.session().variables())?);
        Ok(())
    }
    fn judge(&mut self, run: &mut AfterRun<'_, Scripted>) -> Result<Verdict> {
        if run.global_step() != self.at {
            return Ok(Verdict::Kept);
        }
        self.at = 0;
        let before = self.before.take().unwrap();
        before.iter().try_for_each(|(name, value)| run.session().variables_mut().assign(name, value.clone()))?;
        Ok(Verdict::Undone)
    }
}

#[test]
fn an_undone_run_is_seen_by_every_hook_as_undone_wherever_the_guard_stands() {
    for place in 0..3 {
        let calls = Calls::new();
        let saver = Arc::new(MemorySave::new());
        let mut hooks: Hooks<'_> = vec![Box::new(calls.recorder("a")), Box::new(Saves { every: 1, last: 3 })];
        hooks.insert(place, Box::new(Undoes { at: 2, before: None }));
        let mut session =
            Monitored::begin(chief(&Server::new(), &saver, true), hooks, options(&saver, &VirtualClock::new()))
                .unwrap();
        let mut undone = 0;
        loop {
            match session.run(&[Fetch::Update], &[]).unwrap() {
                Ran::Undone([_]) => undone += 1,
                Ran::Stopped => break,
                _ => {}
            }
        }
        session.finish().unwrap();
        assert_eq!((undone, saver.steps()), (1, vec![0, 1, 2, 3]), "an undone step is not saved");
        laws::hook_lifecycle(&calls.of("a"));
        assert!(calls.of("a").contains(&Call::Undone { step: 1 }));
    }
}
