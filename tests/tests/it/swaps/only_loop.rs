//! Only the loop and hooks over it: a session, and how it becomes ready.

use std::convert::Infallible;

use everstep_hook::{AfterRun, Hook, StartedFrom};
use everstep_monitored::{Attempt, Create, Created, Monitored, Options, Ran};
use everstep_session::{Outcome, Purpose, Request, Session};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};
use everstep_testkit::laws::SessionLaws;

/// A model whose one weight is halved at each step.
pub(super) struct Halving(Snapshot);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fetch {
    Halve,
    Weight,
}

impl Halving {
    pub(super) fn new() -> Self {
        Self(Snapshot::from_iter([("weight", Tensor::scalar(8.0f32)), ("global_step", Tensor::scalar(0i64))]))
    }

    fn halve(&mut self) -> Result<()> {
        let weight: f32 = self.0.read("weight")?.item()?;
        self.0.assign("weight", Tensor::scalar(weight / 2.0))?;
        self.0.assign("global_step", Tensor::scalar(self.global_step() as i64 + 1))
    }
}

impl Session for Halving {
    type Fetch = Fetch;
    type Input = Infallible;

    fn run(&mut self, request: &Request<Fetch, Infallible>, outcome: &mut Outcome) -> Result<()> {
        if request.fetches.contains(&Fetch::Halve) {
            if request.purpose != Purpose::Train {
                return Err(Error::new(ErrorKind::InvalidArgument, "Halve changes the weight; fetch Weight"));
            }
            self.halve()?;
        }
        outcome.values.clear();
        outcome.values.resize(request.fetches.len(), self.0.read("weight")?);
        Ok(())
    }
    fn global_step(&self) -> u64 {
        self.0.read("global_step").and_then(|step| step.item::<i64>()).map_or(0, |step| step as u64)
    }
    fn variables(&self) -> &dyn Variables {
        &self.0
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.0
    }
}

/// Nothing has to be opened, restored or waited for.
pub(super) struct Open;

impl Create for Open {
    type Session = Halving;

    fn create(&mut self, _attempt: &Attempt<'_>) -> Result<Created<Halving>> {
        Ok(Created::new(Halving::new(), StartedFrom::Fresh))
    }
}

/// Asks for the end after three steps.
struct Three;

impl Hook<Halving> for Three {
    fn after_run(&mut self, run: &mut AfterRun<'_, Halving>) -> Result<()> {
        if run.global_step() == 3 {
            run.request_stop("three steps are done");
        }
        Ok(())
    }
}

#[test]
fn the_loop_runs_over_a_session_of_ones_own() -> Result<()> {
    let mut weights = Vec::new();
    let mut monitored = Monitored::begin(Open, vec![Box::new(Three)], Options::default())?;
    while let Ran::Values(values) = monitored.run(&[Fetch::Halve], &[])? {
        weights.push(values[0].item::<f32>()?);
    }
    let session = monitored.finish()?.expect("the training ended well");
    assert_eq!(weights, [4.0, 2.0, 1.0]);
    assert_eq!(session.global_step(), 3);
    Ok(())
}

#[test]
fn the_session_holds_the_laws() {
    SessionLaws {
        open: &Halving::new,
        train: Fetch::Halve,
        reads: vec![Fetch::Weight],
        feeds: &|_position| Vec::new(),
        wrong_feeds: Vec::new(),
    }
    .check(3);
}
