//! Something that watches every run.

use everstep_session::Session;
use everstep_tensor::{Error, Result, VariablesMut};

use crate::{AfterRun, BeforeRun, Start};

/// Something that watches every run of a training loop: it counts, logs, feeds, guards, asks for saves and stops.
///
/// Law: the loop calls `begin (after_create_session (before_run after_run)*)+ (end | failed)`, in list order in every
/// phase; `failed` reaches every hook that began and has not been told `end`, once, whoever failed.
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

    /// Called after each run that succeeded.
    ///
    /// # Errors
    /// The step is not saved.
    fn after_run(&mut self, _run: &mut AfterRun<'_, S>) -> Result<()> {
        Ok(())
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
            fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
                (**self).after_run(run)
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
