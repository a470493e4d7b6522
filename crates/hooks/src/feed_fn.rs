//! Feeds each run what a closure gives.

use std::fmt;

use everstep_hook::{BeforeRun, Hook};
use everstep_session::{Purpose, Session};
use everstep_tensor::{ErrorKind, Result, Tensor};

/// Feeds each run what a closure gives when it is called; named `feed_fn`.
///
/// The closure is called once for each attempt to run, so what it gives is not repeated when a session is lost and is
/// not a part of a checkpoint: an input that shall resume exactly is fed by [`Feed`](crate::Feed).
///
/// ```
/// use everstep_hooks::FeedFn;
/// use everstep_tensor::{Error, ErrorKind, Tensor};
///
/// let mut queue = vec![1.5f32, 0.5];
/// let feed = FeedFn::new(move || match queue.pop() {
///     Some(value) => Ok(vec![("x", Tensor::scalar(value))]),
///     None => Err(Error::new(ErrorKind::EndOfInput, "the queue is empty")),
/// });
/// ```
pub struct FeedFn<F>(F);

impl<F> FeedFn<F> {
    /// Feeds what `feeds` gives, which may be nothing.
    ///
    /// An error of it ends the training, and one of kind `EndOfInput` ends it well.
    pub fn new<I>(feeds: F) -> Self
    where
        F: FnMut() -> Result<Vec<(I, Tensor)>>,
    {
        Self(feeds)
    }
}

impl<S, F> Hook<S> for FeedFn<F>
where
    S: Session,
    F: FnMut() -> Result<Vec<(S::Input, Tensor)>>,
{
    fn name(&self) -> &str {
        "feed_fn"
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        if run.purpose() == Purpose::Read {
            return Ok(());
        }
        let feeds = (self.0)().map_err(|error| match error.kind() {
            ErrorKind::EndOfInput => error,
            _ => error.context(format!("the feeds of the run after step {}", run.global_step())),
        })?;
        feeds.into_iter().try_for_each(|(input, value)| run.feed(input, value))
    }
}

impl<F> fmt::Debug for FeedFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedFn").finish_non_exhaustive()
    }
}
