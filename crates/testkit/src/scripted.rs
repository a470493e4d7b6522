//! A session that does as its script says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use everstep_session::{KernelStats, Outcome, Purpose, Request, RunMetadata, Scope, Session};
use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Spec, Tensor, Variables, VariablesMut};

/// What a scripted session computes; its model is one weight `w`, its update `w = w * x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Applies the update and adds one to the step; gives the weight after it.
    Update,
    /// The weight, before an update of the same run.
    Weight,
    /// The value that was fed.
    Fed,
}

/// What can be fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// The factor of the update, a f32 scalar.
    X,
    /// Nothing that the model knows.
    Unknown,
}

/// When a run fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Before anything changed.
    Before(ErrorKind),
    /// After the update was applied: the answer is lost.
    After(ErrorKind),
}

/// The model behind scripted sessions: it outlives them, as a server outlives its clients.
#[derive(Clone, Debug, Default)]
pub struct Server(Arc<Mutex<Model>>);

#[derive(Debug, Default)]
struct Model {
    variables: Snapshot,
    published: bool,
    faults: Vec<(u64, Fault)>,
    runs: u64,
}

impl Server {
    /// A model that is not initialised yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The run of this number (the first is 1) fails; each fault happens once.
    pub fn fail_run(self, number: u64, fault: Fault) -> Self {
        self.lock().faults.push((number, fault));
        self
    }

    /// A session on this model.
    pub fn session(&self) -> Scripted {
        Scripted { server: self.clone(), variables: View { server: self.clone() } }
    }

    /// Runs that any session asked for.
    pub fn runs(&self) -> u64 {
        self.lock().runs
    }

    fn lock(&self) -> MutexGuard<'_, Model> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A session that does as its script says; nothing of it is lost when it is dropped, for the model is the [`Server`]'s.
#[derive(Debug)]
pub struct Scripted {
    server: Server,
    variables: View,
}

/// The server's variables.
#[derive(Clone, Debug)]
struct View {
    server: Server,
}

fn initial() -> Snapshot {
    Snapshot::from_iter([("global_step", Tensor::scalar(0i64)), ("w", Tensor::scalar(8.0f32))])
}

impl Variables for View {
    fn specs(&self) -> Vec<Spec> {
        initial().specs()
    }
    fn read(&self, name: &str) -> Result<Tensor> {
        initial().read(name)?;
        let not_ready = || Error::new(ErrorKind::FailedPrecondition, format!("{name} is not initialised"));
        self.server.lock().variables.read(name).map_err(|_| not_ready())
    }
}

impl VariablesMut for View {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        initial().assign(name, value.clone())?;
        self.server.lock().variables.insert(name, value);
        Ok(())
    }
}

impl Scripted {
    fn check(request: &Request<Fetch, Input>) -> Result<Option<f32>> {
        let bad = |message: String| Err(Error::new(ErrorKind::InvalidArgument, message));
        if request.purpose != Purpose::Train && request.fetches.contains(&Fetch::Update) {
            return bad("Update changes the model, which a training run alone may".into());
        }
        match request.feeds.as_slice() {
            [] => Ok(None),
            [(Input::X, value)] => value.item().map(Some).map_err(|error| error.context("X")),
            [(Input::X, _), (Input::X, _), ..] => bad("X is fed twice".into()),
            [(input, _), ..] => bad(format!("{input:?} is no input of this model; feed X")),
        }
    }
}

impl Session for Scripted {
    type Fetch = Fetch;
    type Input = Input;

    fn run(&mut self, request: &Request<Fetch, Input>, outcome: &mut Outcome) -> Result<()> {
        let x = Self::check(request)?;
        let mut model = self.server.lock();
        model.runs += 1;
        let runs = model.runs;
        let fault = model.faults.iter().position(|(at, _)| *at == runs).map(|index| model.faults.remove(index).1);
        if let Some(Fault::Before(kind)) = fault {
            return Err(Error::new(kind, "told to fail before the run"));
        }
        let x = x.unwrap_or(0.5);
        let weight: f32 = model.variables.read("w")?.item()?;
        let kernel = || KernelStats { node: "w".into(), kernel: "Mul".into(), ..KernelStats::default() };
        outcome.metadata =
            request.options.trace.then(|| RunMetadata { kernels: vec![kernel()], ..RunMetadata::default() });
        outcome.values.clear();
        outcome.values.extend(request.fetches.iter().map(|fetch| match fetch {
            Fetch::Update => Tensor::scalar(weight * x),
            Fetch::Weight => Tensor::scalar(weight),
            Fetch::Fed => Tensor::scalar(x),
        }));
        if request.fetches.contains(&Fetch::Update) {
            let step: i64 = model.variables.read("global_step")?.item()?;
            model.variables.assign("w", Tensor::scalar(weight * x))?;
            model.variables.assign("global_step", Tensor::scalar(step + 1))?;
        }
        match fault {
            Some(Fault::After(kind)) => Err(Error::new(kind, "told to fail after the run")),
            _ => Ok(()),
        }
    }

    fn global_step(&self) -> u64 {
        self.variables.read("global_step").and_then(|step| step.item::<i64>()).map_or(0, |step| step.unsigned_abs())
    }
    fn variables(&self) -> &dyn Variables {
        &self.variables
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        &mut self.variables
    }
    fn initialize(&mut self, scope: Scope) -> Result<()> {
        if scope == Scope::Global {
            self.server.lock().variables = initial();
        }
        Ok(())
    }
    fn uninitialized(&mut self, scope: Scope) -> Result<Vec<String>> {
        let model = self.server.lock();
        match scope {
            Scope::Local => Ok(Vec::new()),
            Scope::Global => {
                let missing = |spec: &Spec| model.variables.read(&spec.name).is_err();
                Ok(initial().specs().into_iter().filter(missing).map(|spec| spec.name).collect())
            }
        }
    }
    fn publish(&mut self) -> Result<()> {
        self.server.lock().published = true;
        Ok(())
    }
    fn is_published(&mut self) -> Result<bool> {
        Ok(self.server.lock().published)
    }
}
