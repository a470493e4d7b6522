//! Writes summaries once, when all is done.

use std::{fmt, sync::Arc};

use everstep_event::EventSink;
use everstep_hook::Hook;
use everstep_session::{Outcome, Request, Session};
use everstep_tensor::{Error, Result, Tensor};

use crate::sending;

/// Writes scalar summaries once, by a reading run at the end of an evaluation; named `summary_at_end`.
pub struct SummaryAtEnd<F, I> {
    tags: Vec<String>,
    request: Request<F, I>,
    sink: Arc<dyn EventSink>,
}

impl<F, I> SummaryAtEnd<F, I> {
    /// Writes `summaries`, pairs of a tag and a fetch of one element, to `sink`; without any it only flushes the sink.
    pub fn new<T: Into<String>>(summaries: impl IntoIterator<Item = (T, F)>, sink: Arc<dyn EventSink>) -> Self {
        let (tags, fetches) = summaries.into_iter().map(|(tag, fetch)| (tag.into(), fetch)).unzip();
        Self { tags, request: Request::read(fetches), sink }
    }

    /// The same, with an input of that run fed.
    pub fn feed(mut self, input: I, value: Tensor) -> Self {
        self.request.feeds.push((input, value));
        self
    }
}

impl<S: Session> Hook<S> for SummaryAtEnd<S::Fetch, S::Input> {
    fn name(&self) -> &str {
        "summary_at_end"
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        let step = session.global_step();
        if !self.tags.is_empty() {
            let mut outcome = Outcome::default();
            session.run(&self.request, &mut outcome)?;
            for (tag, value) in self.tags.iter().zip(&outcome.values) {
                let not_one =
                    |error: Error| error.context(format!("summary {tag} takes one number (its mean, a norm)"));
                sending::scalar(&*self.sink, step, tag, value.to_f64().map_err(not_one)?)?;
            }
        }
        sending::flush(&*self.sink, step)
    }
}

impl<F, I> fmt::Debug for SummaryAtEnd<F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummaryAtEnd").field("tags", &self.tags).finish_non_exhaustive()
    }
}
