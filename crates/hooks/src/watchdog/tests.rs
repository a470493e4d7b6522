//! What the thread would log, at which time.

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// A training whose step 41 was made at 100 s.
fn progress(doing: Doing, doing_since: u64) -> Progress {
    let at = secs(100);
    Progress { step: 41, last_step: at, quiet_since: at, doing, doing_since: secs(doing_since), is_over: false }
}

#[track_caller]
fn check(doing: Doing, expected: &str) {
    assert_eq!(progress(doing, 110).look(LIMIT, secs(170)).as_deref(), Some(expected));
}

#[test]
fn the_line_tells_what_the_loop_does_and_for_how_long() {
    let so_far = "no step for 70.0 s, since step 41: for 60.0 s the loop is";
    check(Doing::Opening, &format!("{so_far} opening a session"));
    check(Doing::BetweenRuns, &format!("{so_far} between two runs"));
    check(Doing::Training, &format!("{so_far} in a training run"));
    check(Doing::Saving, &format!("{so_far} saving, or between that and the next run"));
    check(Doing::Reading, &format!("{so_far} in a reading run"));
}

#[test]
fn a_line_is_logged_each_time_the_limit_passes() {
    let mut progress = progress(Doing::Training, 100);
    let lines: Vec<u64> = (100..400).filter(|now| progress.look(LIMIT, secs(*now)).is_some()).collect();
    assert_eq!(lines, [160, 220, 280, 340]);
}

#[test]
fn a_limit_of_zero_is_never() {
    assert_eq!(progress(Doing::Training, 100).look(Duration::ZERO, secs(1000)), None);
}
