//! Writes summaries once, when all is done.

use std::{fmt, sync::Arc};

use everstep_event::{EventSink, Summary};
use everstep_hook::Hook;
use everstep_session::{Outcome, Request, Session};
use everstep_tensor::{Result, Tensor};

use crate::{sending, summaries::Summaries};

/// Writes summaries of every kind once, by a reading run at the end of an evaluation; named `summary_at_end`.
pub struct SummaryAtEnd<F, I> {
    summaries: Summaries,
    request: Request<F, I>,
    sink: Arc<dyn EventSink>,
}

impl<F, I> SummaryAtEnd<F, I> {
    /// Writes `summaries` to `sink`, a pair of a tag and a fetch being a scalar; without any it only flushes the sink.
    pub fn new(summaries: impl IntoIterator<Item = impl Into<Summary<F>>>, sink: Arc<dyn EventSink>) -> Self
    where
        F: Clone,
    {
        let (summaries, fetches) = Summaries::split(summaries);
        let fetches = fetches.into_iter().map(|(_, fetch)| fetch).collect();
        Self { summaries, request: Request::read(fetches), sink }
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
        if !self.request.fetches.is_empty() {
            let mut outcome = Outcome::default();
            session.run(&self.request, &mut outcome)?;
            self.summaries.say(&*self.sink, step, &outcome.values)?;
        }
        sending::flush(&*self.sink, step)
    }
}

impl<F, I> fmt::Debug for SummaryAtEnd<F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummaryAtEnd").field("summaries", &self.summaries.tags()).finish_non_exhaustive()
    }
}
