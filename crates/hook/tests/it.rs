//! Triggers; the lifecycle is tested where the loop is.

use std::{sync::Arc, time::Duration};

use everstep_hook::{Elapsed, Every, Trigger};
use everstep_session::Clock;
use everstep_testkit::VirtualClock;

#[track_caller]
fn check(every: Every, millis_per_step: u64, steps: u64, expected: &[u64]) {
    let clock = Arc::new(VirtualClock::new());
    let mut trigger = Trigger::with_clock(every, clock.clone());
    let mut done = Vec::new();
    for step in 1..=steps {
        clock.sleep(Duration::from_millis(millis_per_step));
        if trigger.is_due(step) {
            trigger.done(step);
            done.push(step);
        }
    }
    assert_eq!(done, expected);
}

#[test]
fn periods() {
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
fn one_step_is_never_due_twice_and_a_step_that_went_back_waits() {
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
