//! Something that watches every run.

use everstep_session::Session;
use everstep_tensor::{Error, Result, Variables, VariablesMut};

use crate::{AfterRun, BeforeRun, Start, Verdict};

/// Something that watches every run of a training loop: it counts, logs, feeds, guards, asks for saves and stops.
///
/// Law: the loop calls `begin (after_create_session (before_run judge (after_run | undone))*)+ (end | failed)`, in list
/// order in every phase; `failed` reaches every hook that began and has not been told `end`, once, whoever failed.
///
/// ```
/// use everstep_hook::{AfterRun, BeforeRun, Hook};
/// use everstep_session::{Purpose, Session};
/// use everstep_tensor::Result;
///
/// /// Asks for the end when a fetched value is low enough.
/// struct StopBelow<F> { fetch: F, limit: f64 }
///
/// impl<S: Session> Hook<S> for StopBelow<S::Fetch> {
///     fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
///         if run.purpose() == Purpose::Train {
///             run.fetch(self.fetch.clone());
///         }
///         Ok(())
///     }
///     fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
///         if let [value] = run.values() && value.to_f64()? < self.limit {
///             run.request_stop(format!("the value is below {}", self.limit));
///         }
///         Ok(())
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a hook on sessions of type `{S}`",
    note = "implement `everstep_hook::Hook`"
)]
pub trait Hook<S: Session> {
    /// Who it is, in errors and as the key of its state; a hook with state must give a fixed name.
    fn name(&self) -> &str {
        std::any::type_name::<Self>()
    }

    /// What must survive a restart: saved as `hook/<name>/…` with the model, and assigned back before
    /// [`after_create_session`](Self::after_create_session) when the model was restored.
    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        None
    }

    /// Called once, before there is a session.
    ///
    /// # Errors
    /// An error ends the training before it began.
    fn begin(&mut self) -> Result<()> {
        Ok(())
    }

    /// Called for each session: the first, and one in place of each lost.
    ///
    /// # Errors
    /// A lost session is replaced once more; any other error ends the training.
    fn after_create_session(&mut self, _session: &mut S, _start: &mut Start<'_>) -> Result<()> {
        Ok(())
    }

    /// Called before each run; adds fetches, feeds and options to it.
    ///
    /// # Errors
    /// The run does not take place.
    fn before_run(&mut self, _run: &mut BeforeRun<'_, S>) -> Result<()> {
        Ok(())
    }

    /// Called after each run that succeeded, before any hook's [`after_run`](Self::after_run): whether the run counts.
    ///
    /// A hook that answers [`Verdict::Undone`] must have brought the session back to what it was before the run. Every
    /// hook is asked, whatever those before it answered; a hook must not act on the run before all have answered.
    ///
    /// # Errors
    /// The step is not saved, and no hook sees it.
    fn judge(&mut self, _run: &mut AfterRun<'_, S>) -> Result<Verdict> {
        Ok(Verdict::Kept)
    }

    /// Called after each run that succeeded and was kept.
    ///
    /// # Errors
    /// The step is not saved.
    fn after_run(&mut self, _run: &mut AfterRun<'_, S>) -> Result<()> {
        Ok(())
    }

    /// Called instead of [`after_run`](Self::after_run) when a hook has undone the run: the session is as it was before
    /// it, and `run`'s values are of a step that was not made. A hook that counts runs must count it.
    ///
    /// # Errors
    /// As `after_run`.
    fn undone(&mut self, _run: &mut AfterRun<'_, S>) -> Result<()> {
        Ok(())
    }

    /// Called before each save, in list order, with the session's variables as they would be saved.
    ///
    /// # Errors
    /// Nothing is saved, and the training fails.
    fn before_save(&mut self, _step: u64, _variables: &dyn Variables) -> Result<()> {
        Ok(())
    }

    /// What this hook has measured of the model as it is at this step; kept with a save of the step, by which a saver may
    /// choose what it keeps.
    fn metrics(&self, _step: u64) -> &[(String, f64)] {
        &[]
    }

    /// Called once when training ends well; the session is still open.
    ///
    /// # Errors
    /// Returned when the loop is closed; the last step is saved all the same.
    fn end(&mut self, _session: &mut S) -> Result<()> {
        Ok(())
    }

    /// Called once, instead of `end`, when training fails.
    fn failed(&mut self, _error: &Error) {}
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<S: Session, H: Hook<S> + ?Sized> Hook<S> for $pointer {
            fn name(&self) -> &str {
                (**self).name()
            }
            fn state(&mut self) -> Option<&mut dyn VariablesMut> {
                (**self).state()
            }
            fn begin(&mut self) -> Result<()> {
                (**self).begin()
            }
            fn after_create_session(&mut self, session: &mut S, start: &mut Start<'_>) -> Result<()> {
                (**self).after_create_session(session, start)
            }
            fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
                (**self).before_run(run)
            }
            fn judge(&mut self, run: &mut AfterRun<'_, S>) -> Result<Verdict> {
                (**self).judge(run)
            }
            fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
                (**self).after_run(run)
            }
            fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
                (**self).undone(run)
            }
            fn before_save(&mut self, step: u64, variables: &dyn Variables) -> Result<()> {
                (**self).before_save(step, variables)
            }
            fn metrics(&self, step: u64) -> &[(String, f64)] {
                (**self).metrics(step)
            }
            fn end(&mut self, session: &mut S) -> Result<()> {
                (**self).end(session)
            }
            fn failed(&mut self, error: &Error) {
                (**self).failed(error)
            }
        }
    )*};
}

forward!(&mut H, Box<H>);
