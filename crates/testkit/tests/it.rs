//! The laws hold for the smallest implementations, and tell where one breaks them.

#![allow(clippy::unwrap_used, reason = "a test panics on what it did not expect")]

use std::panic::catch_unwind;

use everstep_event::Memory;
use everstep_hook::StartedFrom;
use everstep_tensor::{ErrorKind, Snapshot, Tensor};
use everstep_testkit::{
    Call, Fetch, Input, MemorySave, Server, generate,
    laws::{self, SessionLaws},
};
use proptest::prelude::*;

fn scripted_laws(feeds: &dyn Fn(u64) -> Vec<(Input, Tensor)>) {
    SessionLaws {
        open: &|| Server::new().session(),
        train: Fetch::Update,
        reads: vec![Fetch::Fed, Fetch::Weight],
        feeds,
        wrong_feeds: vec![
            vec![(Input::Unknown, Tensor::scalar(1.0f32))],
            vec![(Input::X, Tensor::scalar(1.0f64))],
            vec![(Input::X, Tensor::zeros(everstep_tensor::DType::F32, [2]).unwrap())],
        ],
    }
    .check(3);
}

#[test]
fn a_scripted_session_holds_the_laws() {
    scripted_laws(&|position| vec![(Input::X, Tensor::scalar(0.5 + position as f32))]);
    scripted_laws(&|_| Vec::new());
}

#[test]
fn a_memory_holds_the_laws_of_savers_and_of_sinks() {
    laws::saver_keeps_the_newest(&MemorySave::new(), &Snapshot::from_iter([("weight", Tensor::scalar(1.0f32))]));
    laws::sink_takes_and_flushes(&Memory::new());
}

proptest! {
    #[test]
    fn a_snapshot_holds_the_laws_of_variables(set in generate::snapshot()) {
        let mut target = set.clone();
        laws::specs_are_sorted_and_stable(&target);
        laws::assigned_is_read_back(&mut target, &set);
        laws::wrong_assignments_change_nothing(&mut target);
    }
}

#[track_caller]
fn check_lifecycle(calls: &[Call], holds: bool) {
    assert_eq!(catch_unwind(|| laws::hook_lifecycle(calls)).is_ok(), holds, "{calls:?}");
}

#[test]
fn the_law_of_hooks_tells_right_from_wrong() {
    let created = Call::Created { from: StartedFrom::Fresh, restarts: 0, applied_unseen: false };
    let (before, after) = (Call::Before { step: 0 }, Call::After { step: 1, values: vec![] });
    let (end, failed) = (Call::End { step: 1 }, Call::Failed { kind: ErrorKind::Internal });
    let calls = |middle: &[&Call], last: &Call| -> Vec<Call> {
        [&Call::Begin].into_iter().chain(middle.iter().copied()).chain([last]).cloned().collect()
    };
    check_lifecycle(&calls(&[&created, &before, &after, &before, &after], &end), true);
    check_lifecycle(&calls(&[&created], &end), true);
    check_lifecycle(&calls(&[&created, &before, &created, &before, &after], &failed), true);
    check_lifecycle(&calls(&[], &failed), true);
    check_lifecycle(&calls(&[], &end), false);
    check_lifecycle(&calls(&[&created, &after], &end), false);
    check_lifecycle(&calls(&[&before, &after], &end), false);
    check_lifecycle(&calls(&[&created, &before], &after), false);
    check_lifecycle(&calls(&[&created, &end], &failed), false);
    check_lifecycle(&[created, end], false);
}
