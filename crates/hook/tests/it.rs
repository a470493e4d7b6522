//! Triggers; the lifecycle is tested where the loop is.

use std::{sync::Arc, time::Duration};

use everstep_hook::{Elapsed, Every, Trigger, When};
use everstep_session::Clock;
use everstep_testkit::VirtualClock;
use proptest::prelude::*;

/// The steps, each so much later than the one before, at which work is done; then those at which it is done at the end.
fn times(when: impl Into<When>, millis: &[u64]) -> (Vec<u64>, Option<u64>) {
    let clock = Arc::new(VirtualClock::new());
    let mut trigger = Trigger::with_clock(when, clock.clone());
    let mut done = Vec::new();
    for (step, millis) in (1..).zip(millis) {
        clock.sleep(Duration::from_millis(*millis));
        if trigger.is_due(step) {
            trigger.done(step);
            done.push(step);
        }
    }
    let last = millis.len() as u64;
    (done, trigger.is_due_at_end(last).then_some(last))
}

#[track_caller]
fn check(when: impl Into<When>, millis_per_step: u64, steps: usize, expected: &[u64]) {
    assert_eq!(times(when, &vec![millis_per_step; steps]), (expected.to_vec(), None));
}

/// In steps of half a second; the last of those expected is due at the end only.
#[track_caller]
fn check_with_end(when: impl Into<When>, steps: usize, expected: &[u64]) {
    let (done, at_end) = times(when, &vec![500; steps]);
    assert_eq!((&*done, at_end), (&expected[..expected.len() - 1], expected.last().copied()));
}

#[test]
fn case_112_periods() {
    check(Every::steps(3), 0, 8, &[1, 4, 7]);
    check(Every::steps(1), 0, 4, &[1, 2, 3, 4]);
    check(Every::secs(2.0), 500, 10, &[1, 5, 9]);
    check(Every { steps: 5, time: Duration::from_secs(1) }, 500, 8, &[1, 3, 5, 7]);
    check(Every { steps: 2, time: Duration::from_secs(10) }, 500, 8, &[1, 3, 5, 7]);
    check(Every::NEVER, 500, 8, &[]);
    check(Every::secs(-1.0), 500, 8, &[]);
    check(Every::secs(f64::NAN), 500, 8, &[]);
    check(Every::secs(f64::INFINITY), 500, 8, &[1]);
}

#[test]
fn case_113_one_step_is_never_due_twice_and_a_step_that_went_back_waits() {
    let mut trigger = Trigger::new(Every::steps(3));
    assert_eq!(trigger.done(1), None);
    assert!(!trigger.is_due(1));
    assert_eq!(trigger.done(5).map(|elapsed| elapsed.steps), Some(4));
    assert_eq!(trigger.done(7).map(|elapsed| elapsed.steps), Some(2));
    assert!(!trigger.is_due(2) && !trigger.is_due(9) && trigger.is_due(10));
    assert_eq!((trigger.done(2).map(|elapsed| elapsed.steps), trigger.last_step()), (Some(0), Some(2)));
}

#[test]
fn elapsed_time_is_the_clocks() {
    let clock = Arc::new(VirtualClock::new());
    let mut trigger = Trigger::with_clock(Every::secs(1.0), clock.clone());
    trigger.done(1);
    clock.sleep(Duration::from_millis(1500));
    assert!(trigger.is_due(4));
    assert_eq!(trigger.done(4), Some(Elapsed { steps: 3, time: Duration::from_millis(1500) }));
}

#[test]
fn given_steps_and_the_first() {
    check(When::at([3, 7, 90]), 0, 9, &[3, 7]);
    check(When::First, 0, 9, &[1]);
    check(When::Any(vec![]), 0, 9, &[]);
    check(When::All(vec![]), 0, 3, &[1, 2, 3]);
    check(Every::steps(4).or(When::at([3])), 0, 9, &[1, 3, 7]);
    check(Every::steps(4).and(When::at([3, 4, 7, 8, 9])), 0, 9, &[3, 7]);
    check(Every::steps(3).and(Every::secs(2.0)), 500, 9, &[1, 5, 9]);
    check(When::at([2, 3]).or(When::First).and(Every::steps(2)), 0, 5, &[1, 3]);
}

#[test]
fn the_last_step_is_due_at_the_end_unless_its_work_is_done() {
    check_with_end(When::Last, 5, &[5]);
    check_with_end(Every::steps(3).or(When::Last), 6, &[1, 4, 6]);
    check(Every::steps(3).or(When::Last), 500, 7, &[1, 4, 7]);
    check_with_end(Every::steps(2).and(When::Last), 4, &[4]);
    check_with_end(When::First.or(Every::steps(2).and(When::Last)), 3, &[1, 3]);
    check(When::First.or(Every::steps(3).and(When::Last)), 500, 3, &[1]);
    check(When::First.and(When::at([2])).and(When::Last), 500, 3, &[]);
    assert!(Every::NEVER.or(When::Last).may_be_last() && !Every::steps(1).or(When::First).may_be_last());
}

#[test]
fn time_that_passes_after_the_last_step_makes_nothing_due_at_the_end() {
    let clock = Arc::new(VirtualClock::new());
    let mut trigger = Trigger::with_clock(Every::secs(1.0), clock.clone());
    trigger.done(1);
    clock.sleep(Duration::from_secs(9));
    assert!(trigger.is_due(2) && !trigger.is_due_at_end(2));
}

fn leaf() -> impl Strategy<Value = When> {
    prop_oneof![
        (0u64..5, 0u64..4).prop_map(|(steps, secs)| Every { steps, time: Duration::from_secs(secs) }.into()),
        proptest::collection::btree_set(1u64..20, 0..4).prop_map(When::At),
        Just(When::First),
        Just(When::Last),
    ]
}

fn when() -> impl Strategy<Value = When> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        let parts = proptest::collection::vec(inner, 0..3);
        prop_oneof![parts.clone().prop_map(When::Any), parts.prop_map(When::All)]
    })
}

fn millis() -> impl Strategy<Value = Vec<u64>> {
    proptest::collection::vec(0u64..2500, 1..20)
}

proptest! {
    #[test]
    fn or_and_and_are_a_lattice(a in when(), b in when(), c in when(), millis in millis()) {
        let same = |left: When, right: When| {
            prop_assert_eq!(times(left, &millis), times(right, &millis));
            Ok(())
        };
        same(a.clone().or(b.clone()), b.clone().or(a.clone()))?;
        same(a.clone().and(b.clone()), b.clone().and(a.clone()))?;
        same(a.clone().or(b.clone()).or(c.clone()), a.clone().or(b.clone().or(c.clone())))?;
        same(a.clone().and(b.clone()).and(c.clone()), a.clone().and(b.clone().and(c.clone())))?;
        same(a.clone().or(a.clone()), a.clone())?;
        same(a.clone().and(a.clone()), a.clone())?;
        same(a.clone().or(a.clone().and(b.clone())), a.clone())?;
        same(a.clone().or(Every::NEVER), a.clone())?;
        same(a.clone().or(When::Any(vec![])), a.clone())?;
        same(a.clone().and(When::All(vec![])), a.clone())?;
    }

    #[test]
    fn zero_is_never(a in when(), millis in millis()) {
        prop_assert_eq!(times(Every::NEVER, &millis), (vec![], None));
        prop_assert_eq!(times(a.and(Every::NEVER), &millis), (vec![], None));
    }

    #[test]
    fn a_period_in_both_is_whichever_comes_first(steps in 0u64..5, secs in 0u64..4, millis in millis()) {
        let time = Duration::from_secs(secs);
        prop_assert_eq!(
            times(Every { steps, time }, &millis),
            times(Every::steps(steps).or(Every::time(time)), &millis)
        );
    }

    #[test]
    fn no_step_is_due_twice(a in when(), steps in proptest::collection::vec(1u64..6, 1..40)) {
        let mut trigger = Trigger::with_clock(a, Arc::new(VirtualClock::new()));
        for step in steps {
            if trigger.is_due(step) || trigger.is_due_at_end(step) {
                trigger.done(step);
            }
            let again = trigger.last_step() == Some(step) && (trigger.is_due(step) || trigger.is_due_at_end(step));
            prop_assert!(!again, "step {} is due twice", step);
        }
    }

    #[test]
    fn what_is_not_asked_for_the_end_is_not_due_at_it(a in when(), millis in millis()) {
        let asks = a.may_be_last();
        let (_, at_end) = times(a, &millis);
        prop_assert!(asks || at_end.is_none());
    }
}
