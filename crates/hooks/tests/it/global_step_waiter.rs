//! Waits for other workers' steps.

use std::{cell::Cell, sync::Arc, time::Duration};

use everstep_hook::{BeforeRun, Feeders, Hook, SaveRequest, Start, StartedFrom};
use everstep_hooks::GlobalStepWaiter;
use everstep_session::{Clock, Outcome, Request, Session, Stop};
use everstep_tensor::{ErrorKind, Result, Snapshot, Variables, VariablesMut};
use everstep_testkit::VirtualClock;

use crate::driver::{capture_log, logged};

/// A session whose step other workers move on, 400 at each look.
#[derive(Default)]
struct Shared {
    step: Cell<u64>,
    looks: Cell<u64>,
    variables: Snapshot,
    /// What happens at a look, by its number.
    at_look: Option<Box<dyn Fn(u64)>>,
}

impl Session for Shared {
    type Fetch = ();
    type Input = ();

    fn run(&mut self, _: &Request<(), ()>, _: &mut Outcome) -> Result<()> {
        Ok(())
    }
    fn global_step(&self) -> u64 {
        self.looks.set(self.looks.get() + 1);
        self.at_look.iter().for_each(|at_look| at_look(self.looks.get()));
        self.step.replace(self.step.get() + 400)
    }
    fn variables(&self) -> &dyn Variables {
        &self.variables
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.variables
    }
}

fn start(session: &mut Shared, waiter: &mut GlobalStepWaiter, stop: &Stop) -> Result<()> {
    waiter.after_create_session(session, &mut Start::new(0, StartedFrom::Live(0), stop, &mut SaveRequest::default()))
}

fn before(session: &mut Shared, waiter: &mut GlobalStepWaiter, mut request: Request<(), ()>) -> Result<()> {
    waiter.before_run(&mut BeforeRun::new(session, &mut request, &mut Feeders::new([])))
}

fn train(session: &mut Shared, waiter: &mut GlobalStepWaiter) -> Result<()> {
    before(session, waiter, Request::train(vec![]))
}

#[test]
fn case_158_step_zero_is_not_waited_for() -> Result<()> {
    let (mut session, clock) = (Shared::default(), VirtualClock::new());
    let mut waiter = GlobalStepWaiter::new(0).with_clock(Arc::new(clock.clone()));
    start(&mut session, &mut waiter, &Stop::default())?;
    train(&mut session, &mut waiter)?;
    assert_eq!((session.looks.get(), clock.now()), (0, Duration::ZERO), "the step is not even read");
    Ok(())
}

#[test]
fn the_first_training_run_waits_ever_longer_and_no_other_does() -> Result<()> {
    capture_log();
    let (mut session, clock) = (Shared::default(), VirtualClock::new());
    let mut waiter = GlobalStepWaiter::new(3500).with_clock(Arc::new(clock.clone()));
    start(&mut session, &mut waiter, &Stop::default())?;
    before(&mut session, &mut waiter, Request::read(vec![]))?;
    assert_eq!(session.looks.get(), 0, "a reading run does not wait");
    train(&mut session, &mut waiter)?;
    // Steps 0, 400, … 3600: nine waits of 50, 100, 200, 400, 800 and 1600 ms, then of 2 s.
    assert_eq!((session.looks.get(), clock.now()), (10, Duration::from_millis(9_150)));
    let lines = ["it is 0", "it is 1200", "it is 2400", "it is 3600"]
        .map(|step| format!("INFO: waiting for step 3500; {step}"));
    assert_eq!(logged(), lines);

    session.step.set(0);
    start(&mut session, &mut waiter, &Stop::default())?;
    train(&mut session, &mut waiter)?;
    assert_eq!(session.looks.get(), 10, "a recovered session does not wait again");
    Ok(())
}

#[test]
fn a_stop_ends_the_wait() -> Result<()> {
    let stop = Stop::default();
    let asked = stop.clone();
    let at_look: Box<dyn Fn(u64)> = Box::new(move |look| {
        if look == 3 {
            asked.request("SIGTERM was received")
        }
    });
    let mut session = Shared { at_look: Some(at_look), ..Shared::default() };
    let mut waiter = GlobalStepWaiter::new(1_000_000).with_clock(Arc::new(VirtualClock::new()));
    start(&mut session, &mut waiter, &stop)?;
    let error = train(&mut session, &mut waiter).expect_err("the end is asked for");
    let message = "waiting for step 1000000 was given up because a stop was requested: SIGTERM was received";
    assert_eq!((error.kind(), error.to_string().as_str(), session.looks.get()), (ErrorKind::Cancelled, message, 3));
    Ok(())
}

#[test]
fn a_limit_ends_the_wait() -> Result<()> {
    let (mut session, clock) = (Shared::default(), VirtualClock::new());
    let waiter = GlobalStepWaiter::new(1_000_000).no_longer_than(Duration::from_secs(60));
    let mut waiter = waiter.with_clock(Arc::new(clock.clone()));
    start(&mut session, &mut waiter, &Stop::default())?;
    let error = train(&mut session, &mut waiter).expect_err("the others are too slow");
    assert_eq!((error.kind(), clock.now()), (ErrorKind::DeadlineExceeded, Duration::from_secs(60)));
    assert_eq!(error.to_string(), "waiting for step 1000000 took longer than 60.0 s");
    Ok(())
}
