//! Stops, deadlines, requests and configurations.

mod config;

use std::{sync::Arc, time::Duration};

use everstep_session::{Clock, Deadline, Monotonic, Purpose, Request, Stop};
use everstep_tensor::{ErrorKind, Tensor};
use everstep_testkit::VirtualClock;

#[test]
fn a_wait_ends_by_time_by_deadline_and_by_stop() {
    let clock = Arc::new(VirtualClock::new());
    let stop = Stop::default();
    let limit = Some(Duration::from_secs(10));
    let until = Deadline::new("waiting for the chief", limit, clock.clone(), stop.clone());
    until.wait(Duration::from_secs(4)).unwrap();
    assert_eq!(clock.now(), Duration::from_secs(4));
    assert_eq!(until.left(), Some(Duration::from_secs(6)));

    let error = until.wait(Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert_eq!(error.to_string(), "waiting for the chief took longer than 10.0 s");
    assert_eq!(clock.now(), Duration::from_secs(10), "no longer than the deadline");

    stop.request("signal");
    let error = Deadline::new("waiting", None, clock, stop).wait(Duration::from_secs(1)).unwrap_err();
    assert_eq!((error.kind(), error.to_string().contains("signal")), (ErrorKind::Cancelled, true));
}

#[test]
fn the_monotonic_clock_goes_on() {
    let before = Monotonic.now();
    Monotonic.sleep(Duration::from_micros(10));
    assert!(Monotonic.now() - before >= Duration::from_micros(10));
}

#[test]
fn requests_say_what_they_are_for() {
    let request: Request<u32, char> = Request::read(vec![1, 2]).feed('x', Tensor::scalar(1.0f32));
    assert_eq!((request.purpose, request.feeds.len()), (Purpose::Read, 1));
    assert_eq!(Request::<u32, char>::train(vec![1]).purpose, Purpose::Train);
}
