//! A hook that writes down what it is called.

use std::{cell::RefCell, rc::Rc};

use everstep_hook::{AfterRun, BeforeRun, Hook, Start, StartedFrom};
use everstep_session::Session;
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, VariablesMut};

/// One call of a hook's method.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants are the methods of `Hook`")]
pub enum Call {
    Begin,
    Created { from: StartedFrom, restarts: u32, applied_unseen: bool },
    Before { step: u64 },
    After { step: u64, values: Vec<f64> },
    Undone { step: u64 },
    End { step: u64 },
    Failed { kind: ErrorKind },
}

/// What several recorders wrote down, in order: who, and which call.
#[derive(Clone, Debug, Default)]
pub struct Calls(Rc<RefCell<Vec<(String, Call)>>>);

impl Calls {
    /// A list without calls.
    pub fn new() -> Self {
        Self::default()
    }

    /// A hook of that name that writes into this list.
    pub fn recorder<S: Session>(&self, name: &str) -> Recorder<S> {
        Recorder { name: name.into(), calls: self.clone(), fetches: Vec::new(), state: None, fails: Vec::new() }
    }

    /// Every call so far.
    pub fn all(&self) -> Vec<(String, Call)> {
        self.0.borrow().clone()
    }

    /// The calls of one recorder.
    pub fn of(&self, name: &str) -> Vec<Call> {
        self.0.borrow().iter().filter(|(who, _)| who == name).map(|(_, call)| call.clone()).collect()
    }
}

/// A hook that writes down what it is called, asks for values, keeps a state and fails when told to.
#[derive(Debug)]
pub struct Recorder<S: Session> {
    name: String,
    calls: Calls,
    fetches: Vec<S::Fetch>,
    state: Option<Snapshot>,
    fails: Vec<(Call, ErrorKind)>,
}

impl<S: Session> Recorder<S> {
    /// Asks for these values in every run.
    pub fn fetching(mut self, fetches: Vec<S::Fetch>) -> Self {
        self.fetches = fetches;
        self
    }

    /// Keeps this state, and leaves it as it is.
    pub fn with_state(mut self, state: Snapshot) -> Self {
        self.state = Some(state);
        self
    }

    /// Fails with `kind` at the first call that equals `call`; call again for further ones.
    pub fn failing(mut self, call: Call, kind: ErrorKind) -> Self {
        self.fails.push((call, kind));
        self
    }

    fn note(&mut self, call: Call) -> Result<()> {
        let failing = self.fails.iter().position(|(at, _)| *at == call).map(|index| self.fails.remove(index));
        self.calls.0.borrow_mut().push((self.name.clone(), call));
        failing.map_or(Ok(()), |(call, kind)| Err(Error::new(kind, format!("told to fail at {call:?}"))))
    }
}

impl<S: Session> Hook<S> for Recorder<S> {
    fn name(&self) -> &str {
        &self.name
    }
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        self.state.as_mut().map(|state| state as _)
    }
    fn begin(&mut self) -> Result<()> {
        self.note(Call::Begin)
    }
    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        let Start { from, restarts, applied_unseen, .. } = *start;
        self.note(Call::Created { from, restarts, applied_unseen })
    }
    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        self.note(Call::Before { step: run.global_step() })?;
        self.fetches.iter().for_each(|fetch| run.fetch(fetch.clone()));
        Ok(())
    }
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let values = run.values().iter().map(|value| value.to_f64()).collect::<Result<_>>()?;
        self.note(Call::After { step: run.global_step(), values })
    }
    fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.note(Call::Undone { step: run.global_step() })
    }
    fn end(&mut self, session: &mut S) -> Result<()> {
        self.note(Call::End { step: session.global_step() })
    }
    fn failed(&mut self, error: &Error) {
        // The record is all that is wanted of a failure; there is nobody to return another error to.
        let _ = self.note(Call::Failed { kind: error.kind() });
    }
}
