//! Forks that nest, panic and compete give what their halves give, and a team ends whatever it does.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use super::{LOOKOUT, Team, halves::OPEN, join, place, size};

/// By halves, down to single numbers.
fn sum(from: u64, to: u64) -> u64 {
    if to - from == 1 {
        return from;
    }
    let middle = from.midpoint(to);
    let (left, right) = join(|| sum(from, middle), || sum(middle, to));
    left + right
}

/// One fork within the left half of the other, `depth` in all.
fn nest(depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let (left, right) = join(|| nest(depth - 1), || 1);
    left + right
}

fn team(threads: usize) -> Team {
    Team::new(threads, || {}).unwrap()
}

fn led<R>(team: &Team, work: impl FnOnce() -> R) -> R {
    let _lead = team.lead().expect("nobody else leads");
    work()
}

#[test]
fn halves_of_halves_are_all_done() {
    for threads in 1..=5 {
        let team = team(threads);
        for _ in 0..20 {
            assert_eq!(led(&team, || sum(0, 5000)), 4999 * 2500);
        }
    }
}

#[test]
fn more_halves_than_may_be_open_are_done_by_the_thread_itself() {
    let team = team(3);
    for _ in 0..100 {
        assert_eq!(led(&team, || nest(5 * OPEN)), 5 * OPEN);
    }
}

#[test]
fn without_a_lead_the_caller_does_both() {
    let caller = thread::current().id();
    let ids = join(|| thread::current().id(), || thread::current().id());
    assert_eq!((ids, size(), place()), ((caller, caller), 1, 0));
}

#[test]
fn halves_run_side_by_side() {
    let team = team(2);
    let arrived = AtomicUsize::new(0);
    let meet = || {
        arrived.fetch_add(1, Ordering::SeqCst);
        while arrived.load(Ordering::SeqCst) < 2 {
            thread::yield_now();
        }
        place()
    };
    assert_eq!(led(&team, || join(meet, meet)), (0, 1));
}

#[test]
fn threads_that_sleep_are_woken() {
    let team = team(2);
    for _ in 0..3 {
        while team.shared.sleepers.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        let left = || {
            // The left half waits for the right one, which only the other thread can do.
            thread::sleep(LOOKOUT);
            place()
        };
        let places = led(&team, || join(left, place));
        assert_eq!(places.0, 0);
        assert_eq!(led(&team, || sum(0, 1000)), 999 * 500);
    }
}

#[test]
fn a_panic_comes_to_the_thread_that_joins() {
    let team = team(2);
    for (left, right) in [(true, false), (false, true), (true, true)] {
        let half = |panics: bool| {
            move || {
                thread::sleep(Duration::from_micros(200));
                assert!(!panics, "a half that fails");
            }
        };
        let joined = catch_unwind(AssertUnwindSafe(|| led(&team, || join(half(left), half(right)))));
        assert!(joined.is_err());
        assert_eq!(led(&team, || sum(0, 1000)), 999 * 500, "the team goes on");
        assert_eq!(team.shared.count.load(Ordering::SeqCst), 0, "nothing is left open");
    }
}

#[test]
fn a_team_is_led_by_one_thread_at_a_time() {
    let team = team(2);
    led(&team, || {
        assert!(team.lead().is_none());
        assert!(thread::scope(|scope| scope.spawn(|| team.lead().is_none()).join().unwrap()));
    });
    assert!(team.lead().is_some());
}

#[test]
fn a_leader_may_lead_another_team_meanwhile() {
    let (team, other) = (team(2), team(3));
    let sizes = led(&team, || (size(), led(&other, || (size(), sum(0, 1000))), size()));
    assert_eq!((sizes, size()), ((2, (3, 999 * 500), 2), 1));
}

#[test]
fn many_threads_compete_for_one_team() {
    let team = team(2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let _lead = team.lead();
                    assert_eq!(sum(0, 200), 199 * 100);
                }
            });
        }
    });
}
