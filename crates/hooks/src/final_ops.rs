//! Computes values of the trained model when training ends well.

use everstep_hook::Hook;
use everstep_session::{Outcome, Request, Session};
use everstep_tensor::{ErrorKind, Result, Tensor};

/// Fetches values once, by a reading run when training ends well, and keeps them; named `final_ops`.
///
/// Lend it to the loop as `&mut hook` and ask it for the [`values`](Self::values) afterwards. `F` and `I` are the
/// session's `Fetch` and `Input`.
///
/// ```
/// use everstep_hooks::FinalOps;
/// use everstep_tensor::Tensor;
///
/// let accuracy = FinalOps::new(["accuracy"], [("images", Tensor::scalar(0.5f32))]);
/// assert!(accuracy.values().is_none(), "the training has not ended");
/// ```
#[derive(Clone, Debug)]
pub struct FinalOps<F, I> {
    request: Request<F, I>,
    values: Option<Vec<Tensor>>,
}

impl<F, I> FinalOps<F, I> {
    /// Fetches these, with these feeds.
    pub fn new(fetches: impl IntoIterator<Item = F>, feeds: impl IntoIterator<Item = (I, Tensor)>) -> Self {
        let mut request = Request::read(fetches.into_iter().collect());
        request.feeds.extend(feeds);
        Self { request, values: None }
    }

    /// One value per fetch, in order; `None` until training has ended well.
    pub fn values(&self) -> Option<&[Tensor]> {
        self.values.as_deref()
    }
}

impl<S: Session> Hook<S> for FinalOps<S::Fetch, S::Input> {
    fn name(&self) -> &str {
        "final_ops"
    }

    /// # Errors
    /// What the session returns; one that has used up its input is told to read none here.
    fn end(&mut self, session: &mut S) -> Result<()> {
        let mut outcome = Outcome::default();
        session.run(&self.request, &mut outcome).map_err(|error| match error.kind() {
            ErrorKind::EndOfInput => {
                error.context("the final fetches read an input that may be used up by then; feed them instead")
            }
            _ => error,
        })?;
        self.values = Some(outcome.values);
        Ok(())
    }
}
