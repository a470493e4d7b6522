//! Writes summaries of training runs to a sink of events.

use std::{fmt, sync::Arc};

use everstep_event::{Event, EventSink, Summary, What};
use everstep_hook::{AfterRun, BeforeRun, Hook, Start, StartedFrom, When};
use everstep_session::{Clock, Session};
use everstep_tensor::{Error, Result};

use crate::{
    sampled::{Sample, Sampled},
    sending,
    summaries::Summaries,
};

/// Writes summaries of every kind to a sink of events; named `summary_saver`.
///
/// They are fetched in the run they tell of, together with the train op: every 100 steps from a fresh start is steps
/// 1, 101, 201, … At the first session the graph is written, if there is one, and a session start at the step that the
/// first run will reach, so that a reader drops only what a killed training wrote beyond the restored step.
/// A session stop is written at a good end. `F` is the session's `Fetch`.
pub struct SummarySaver<F> {
    summaries: Summaries,
    values: Sampled<F>,
    graph: Option<Arc<[u8]>>,
    sink: Arc<dyn EventSink>,
    started: bool,
}

impl<F> SummarySaver<F> {
    /// Writes `summaries` to `sink` by this period, on the system's clock; a pair of a tag and a fetch is a scalar.
    ///
    /// With [`When::Last`] the summaries are fetched and kept in every training run.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use everstep_event::{Memory, Summary};
    /// use everstep_hook::Every;
    /// use everstep_hooks::SummarySaver;
    ///
    /// let summaries = [Summary::scalar("loss", "loss"), Summary::histogram("logits", "logits")];
    /// let saver = SummarySaver::new(Every::steps(100), summaries, Arc::new(Memory::new()));
    /// ```
    pub fn new(
        when: impl Into<When>,
        summaries: impl IntoIterator<Item = impl Into<Summary<F>>>,
        sink: Arc<dyn EventSink>,
    ) -> Self
    where
        F: Clone,
    {
        let (summaries, fetches) = Summaries::split(summaries);
        Self { summaries, values: Sampled::new(when, fetches), graph: None, sink, started: false }
    }

    /// The same, with the computation as a serialised TensorFlow `GraphDef`, written once.
    pub fn graph(mut self, graph: Arc<[u8]>) -> Self {
        self.graph = Some(graph);
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.values.set_clock(clock);
        self
    }

    fn write(&self, Sample { step, values, .. }: &Sample<'_>) -> Result<()> {
        self.summaries.say(&*self.sink, *step, values)
    }

    fn emit_start(&mut self, step: u64) -> Result<()> {
        if let Some(graph) = self.graph.take() {
            sending::event(&*self.sink, Event::now(step, What::Graph(graph)), "the graph")?;
        }
        sending::event(&*self.sink, Event::now(step + 1, What::SessionStart), "the session start")
    }
}

impl<S: Session> Hook<S> for SummarySaver<S::Fetch> {
    fn name(&self) -> &str {
        "summary_saver"
    }

    /// A session in place of a lost one is a start too, where the step went back: a reader then drops what lies beyond.
    fn after_create_session(&mut self, session: &mut S, start: &mut Start<'_>) -> Result<()> {
        if std::mem::replace(&mut self.started, true) && matches!(start.from, StartedFrom::Live(_)) {
            return Ok(());
        }
        self.emit_start(session.global_step())
    }

    fn before_run(&mut self, run: &mut BeforeRun<'_, S>) -> Result<()> {
        self.values.ask(run);
        Ok(())
    }

    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        self.values.of_run(run).map_or(Ok(()), |sample| self.write(&sample))
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        if let Some(sample) = self.values.at_end() {
            self.write(&sample)?;
        }
        let step = session.global_step();
        sending::event(&*self.sink, Event::now(step, What::SessionStop), "the session stop")?;
        sending::flush(&*self.sink, step)
    }

    /// What led to the failure is worth reading; the failure itself is returned by the loop.
    fn failed(&mut self, _error: &Error) {
        if let Err(error) = self.sink.flush() {
            log::warn!("the last events may be missing: {error}");
        }
    }
}

impl<F: fmt::Debug> fmt::Debug for SummarySaver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SummarySaver").field("summaries", &self.summaries.tags()).finish_non_exhaustive()
    }
}
