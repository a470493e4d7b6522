//! Writes summaries of training runs to a sink of events.

use std::{fmt, sync::Arc};

use everstep_event::{Event, EventSink, What};
use everstep_hook::{AfterRun, BeforeRun, Hook, Start, StartedFrom, Trigger, When};
use everstep_session::{Clock, Purpose, Session};
use everstep_tensor::{Error, Result, Tensor};

use crate::sending;

/// Writes scalar summaries to a sink of events; named `summary_saver`.
///
/// They are fetched in the run they tell of, together with the train op: every 100 steps from a fresh start is steps
/// 1, 101, 201, … At the first session the graph is written, if there is one, and a session start at the step that the
/// first run will reach, so that a reader drops only what a killed training wrote beyond the restored step.
/// A session stop is written at a good end. `F` is the session's `Fetch`.
pub struct SummarySaver<F> {
    trigger: Trigger,
    summaries: Vec<(String, F)>,
    graph: Option<Arc<[u8]>>,
    sink: Arc<dyn EventSink>,
    started: bool,
    unwritten: Option<(u64, Vec<Tensor>)>,
}

impl<F> SummarySaver<F> {
    /// Writes `summaries`, pairs of a tag and a fetch of one element, to `sink` by this period, on the system's clock.
    ///
    /// With [`When::Last`] the summaries are fetched and kept in every training run.
    pub fn new<T: Into<String>>(
        when: impl Into<When>,
        summaries: impl IntoIterator<Item = (T, F)>,
        sink: Arc<dyn EventSink>,
    ) -> Self {
        let summaries = summaries.into_iter().map(|(tag, fetch)| (tag.into(), fetch)).collect();
        Self { trigger: Trigger::new(when), summaries, graph: None, sink, started: false, unwritten: None }
    }

    /// The same, with the computation as a serialised TensorFlow `GraphDef`, written once.
    pub fn graph(mut self, graph: Arc<[u8]>) -> Self {
        self.graph = Some(graph);
        self
    }

    /// The same on another clock.
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.trigger = Trigger::with_clock(self.trigger.when().clone(), clock);
        self
    }

    fn keeps_last(&self) -> bool {
        self.trigger.when().may_be_last()
    }

    fn write(&mut self, step: u64, values: &[Tensor]) -> Result<()> {
        self.trigger.done(step);
        for ((tag, _), value) in self.summaries.iter().zip(values) {
            let not_one = |error: Error| error.context(format!("summary {tag} takes one number (its mean, a norm)"));
            sending::scalar(&*self.sink, step, tag, value.to_f64().map_err(not_one)?)?;
        }
        Ok(())
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
        if run.purpose() == Purpose::Train && (self.keeps_last() || self.trigger.is_due(run.global_step() + 1)) {
            self.summaries.iter().for_each(|(_, fetch)| run.fetch(fetch.clone()));
        }
        Ok(())
    }

    /// The step that the run was expected to reach is confirmed: a run of several that make one update writes nothing.
    fn after_run(&mut self, run: &mut AfterRun<'_, S>) -> Result<()> {
        let (step, values) = (run.global_step(), run.values());
        if values.is_empty() {
            return Ok(());
        }
        self.unwritten = None;
        if self.trigger.is_due(step) {
            return self.write(step, values);
        }
        self.unwritten = self.keeps_last().then(|| (step, values.to_vec()));
        Ok(())
    }

    fn end(&mut self, session: &mut S) -> Result<()> {
        if let Some((step, values)) = self.unwritten.take_if(|(step, _)| self.trigger.is_due_at_end(*step)) {
            self.write(step, &values)?;
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
        let Self { trigger, summaries, .. } = self;
        f.debug_struct("SummarySaver").field("trigger", trigger).field("summaries", summaries).finish_non_exhaustive()
    }
}
