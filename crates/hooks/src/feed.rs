//! Feeds each run the batch of its position.

use std::fmt;

use everstep_hook::{AfterRun, BeforeRun, Hook, Start};
use everstep_session::{Purpose, Session};
use everstep_tensor::{Error, ErrorKind, Result, Spec, Tensor, Variables, VariablesMut};

/// Feeds each run the batch of its position; the position is saved with the model as
/// `hook/<name>/position`, so a resumed training goes on with the very next batch.
///
/// The position counts runs that were applied, those that a hook undid among them: a run that failed gets the
/// same batch again. `source` must therefore give the same batch for the same position.
///
/// ```
/// use everstep_hooks::Feed;
/// use everstep_tensor::{Error, ErrorKind, Tensor};
///
/// let batches = [0.5f32, 1.5, 2.5];
/// let feed = Feed::new("feed", |position| match batches.get(position as usize) {
///     Some(batch) => Ok(vec![("x", Tensor::scalar(*batch))]),
///     None => Err(Error::new(ErrorKind::EndOfInput, "the batches are used up")),
/// });
/// assert_eq!(feed.position(), 0);
/// ```
pub struct Feed<F> {
    name: String,
    source: F,
    position: Position,
}

/// The position as a set of one variable, `position`, an i64 scalar; held as the bits of the i64, which are checked
/// when a session begins, because assigning a value of the right dtype and shape must not fail.
struct Position(u64);

impl<F> Feed<F> {
    /// Feeds what `source` gives for a position, counted from 0. `name` is the hook's, usually `feed`; two feeds of one
    /// training must differ in it.
    ///
    /// An error of `source` ends the training, and one of kind `EndOfInput` ends it well.
    pub fn new<I>(name: impl Into<String>, source: F) -> Self
    where
        F: FnMut(u64) -> Result<Vec<(I, Tensor)>>,
    {
        Self { name: name.into(), source, position: Position(0) }
    }

    /// The position of the next run: how many were applied, or undone.
    pub fn position(&self) -> u64 {
        self.position.0
    }
}

impl<S, F> Hook<S> for Feed<F>
where
    S: Session,
    F: FnMut(u64) -> Result<Vec<(S::Input, Tensor)>>,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&mut self) -> Option<&mut dyn VariablesMut> {
        Some(&mut self.position)
    }

    /// # Errors
    /// `DataLoss` if the restored position is negative.
    fn after_create_session(&mut self, _session: &mut S, start: &mut Start<'_>) -> Result<()> {
        self.position.check(&self.name)?;
        self.position.0 += u64::from(start.applied_unseen);
        Ok(())
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Read {
            return Ok(());
        }
        let position = self.position.0;
        let batch = (self.source)(position).map_err(|error| match error.kind() {
            ErrorKind::EndOfInput => error,
            _ => error.context(format!("the batch of position {position}")),
        })?;
        batch.into_iter().try_for_each(|(input, value)| run.feed(input, value))
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.position.0 += u64::from(run.purpose() != Purpose::Read);
        Ok(())
    }

    /// The batch of a step that was undone is skipped.
    fn undone(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.after_run(run)
    }
}

impl Position {
    const NAME: &str = "position";

    fn check(&self, hook: &str) -> Result<()> {
        let position = self.0.cast_signed();
        if position >= 0 {
            return Ok(());
        }
        let message =
            format!("hook/{hook}/position is {position}, and no position is negative; restore another checkpoint");
        Err(Error::new(ErrorKind::DataLoss, message))
    }

    fn not_found(name: &str) -> Error {
        Error::new(ErrorKind::NotFound, format!("a feed's state has no variable {name}; it has position alone"))
    }
}

impl Variables for Position {
    fn specs(&self) -> Vec<Spec> {
        vec![Tensor::scalar(0i64).spec(Self::NAME)]
    }

    fn read(&self, name: &str) -> Result<Tensor> {
        if name == Self::NAME { Ok(Tensor::scalar(self.0.cast_signed())) } else { Err(Self::not_found(name)) }
    }
}

impl VariablesMut for Position {
    fn assign(&mut self, name: &str, value: Tensor) -> Result<()> {
        self.read(name)?.spec(name).check(&value)?;
        self.0 = value.item::<i64>()?.cast_unsigned();
        Ok(())
    }
}

impl<F> fmt::Debug for Feed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("name", &self.name).field("position", &self.position.0).finish_non_exhaustive()
    }
}
