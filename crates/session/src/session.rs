//! The swap point: any engine under the loop.

use std::fmt::Debug;

use everstep_tensor::{Result, Variables, VariablesMut};

use crate::{Outcome, Request};

/// An engine that holds a model and runs requests on it: the embedded graph engine, a candle or burn model, a closure.
///
/// Laws, each a function of `everstep-testkit`:
/// 1. One value per fetch, in order; a fetch asked twice is computed once.
/// 2. Feeding one input twice, an unknown fetch, or a wrong shape or dtype is `InvalidArgument` naming the input, and
///    then nothing ran.
/// 3. A run whose purpose is reading or evaluating changes neither the step nor any variable that is listed.
/// 4. The variable `global_step` (i64, a scalar) and [`global_step`](Self::global_step) agree; assigning it sets it.
/// 5. 2n steps are n steps, a save, a new session, a restore and n steps: bit for bit, on any number of threads.
///
/// ```
/// use everstep_session::{Outcome, Purpose, Request, Session};
/// use everstep_tensor::{Error, ErrorKind, Result, Snapshot, Tensor, Variables, VariablesMut};
///
/// /// Halves its one weight at each step.
/// struct Halving(Snapshot);
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Fetch { Step, Weight }
///
/// impl Session for Halving {
///     type Fetch = Fetch;
///     type Input = std::convert::Infallible;
///
///     fn run(&mut self, request: &Request<Fetch, Self::Input>, outcome: &mut Outcome) -> Result<()> {
///         let steps = request.fetches.contains(&Fetch::Step);
///         if steps && request.purpose != Purpose::Train {
///             return Err(Error::new(ErrorKind::InvalidArgument, "Step changes the weight; a training run alone may"));
///         }
///         let mut weight = self.0.read("weight")?;
///         if steps {
///             weight = Tensor::scalar(weight.item::<f32>()? / 2.0);
///             self.0.assign("weight", weight.clone())?;
///             self.0.assign("global_step", Tensor::scalar(self.global_step() as i64 + 1))?;
///         }
///         outcome.values.clear();
///         outcome.values.resize(request.fetches.len(), weight);
///         Ok(())
///     }
///     fn global_step(&self) -> u64 {
///         self.0.read("global_step").and_then(|step| step.item::<i64>()).map_or(0, |step| step as u64)
///     }
///     fn variables(&self) -> &dyn Variables {
///         &self.0
///     }
///     fn variables_mut(&mut self) -> &mut dyn VariablesMut {
///         &mut self.0
///     }
/// }
///
/// let start = [("weight", Tensor::scalar(1.0f32)), ("global_step", Tensor::scalar(0i64))];
/// let mut session = Halving(Snapshot::from_iter(start));
/// let mut outcome = Outcome::default();
/// session.run(&Request::train(vec![Fetch::Step]), &mut outcome)?;
/// session.run(&Request::read(vec![Fetch::Weight]), &mut outcome)?;
/// assert_eq!(outcome.values[0].item::<f32>()?, 0.5);
/// assert_eq!(session.global_step(), 1);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a training session",
    note = "implement `everstep_session::Session`"
)]
pub trait Session {
    /// The engine's own handle to something it can compute: a typo does not compile.
    type Fetch: Clone + Debug;

    /// The engine's own handle to something that can be fed.
    type Input: Clone + Eq + Debug;

    /// Runs once and puts one value per fetch into `outcome`, in order.
    ///
    /// The engine may overwrite values of the last outcome that nobody else holds, so that a steady loop allocates
    /// nothing. It must set `outcome.metadata` if a trace was asked for, and clear it if not.
    ///
    /// # Errors
    /// `InvalidArgument` for a request that makes no sense, and then nothing ran; `Aborted` or `Unavailable` if the
    /// session is lost; `Diverged` if the model left the finite numbers.
    fn run(&mut self, request: &Request<Self::Fetch, Self::Input>, outcome: &mut Outcome) -> Result<()>;

    /// Updates applied so far; known without a run.
    fn global_step(&self) -> u64;

    /// Everything that a resume of the model needs, `global_step` among it.
    fn variables(&self) -> &dyn Variables;

    /// The same, to be assigned.
    fn variables_mut(&mut self) -> &mut dyn VariablesMut;

    /// Gives every variable of the scope its initial value; a pure function of the configuration's seed.
    ///
    /// # Errors
    /// Why a variable has no initial value.
    fn initialize(&mut self, _scope: Scope) -> Result<()> {
        Ok(())
    }

    /// The names of the scope's variables that have no value yet.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn uninitialized(&mut self, _scope: Scope) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    /// The chief's last word of a start: every value is what it shall be, and workers may begin.
    ///
    /// # Errors
    /// Why it could not be said.
    fn publish(&mut self) -> Result<()> {
        Ok(())
    }

    /// Whether the chief has said its last word; a model that processes share must not say so before, though all its
    /// variables have values.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn is_published(&mut self) -> Result<bool> {
        Ok(true)
    }

    /// Ends the session.
    ///
    /// # Errors
    /// What did not end well.
    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

/// Which variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The model's: shared by all replicas, saved and restored.
    Global,
    /// The session's own: made anew by each session, never saved.
    Local,
}

impl<T: Session + ?Sized> Session for Box<T> {
    type Fetch = T::Fetch;
    type Input = T::Input;

    fn run(&mut self, request: &Request<T::Fetch, T::Input>, outcome: &mut Outcome) -> Result<()> {
        (**self).run(request, outcome)
    }
    fn global_step(&self) -> u64 {
        (**self).global_step()
    }
    fn variables(&self) -> &dyn Variables {
        (**self).variables()
    }
    fn variables_mut(&mut self) -> &mut dyn VariablesMut {
        (**self).variables_mut()
    }
    fn initialize(&mut self, scope: Scope) -> Result<()> {
        (**self).initialize(scope)
    }
    fn uninitialized(&mut self, scope: Scope) -> Result<Vec<String>> {
        (**self).uninitialized(scope)
    }
    fn publish(&mut self) -> Result<()> {
        (**self).publish()
    }
    fn is_published(&mut self) -> Result<bool> {
        (**self).is_published()
    }
    fn close(&mut self) -> Result<()> {
        (**self).close()
    }
}
